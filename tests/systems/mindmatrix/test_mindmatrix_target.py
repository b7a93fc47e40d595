"""Mindmatrix read back and written over HTTP, against a stand-in written from its README."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.core.ports import BatchRefused, Operation, ReadRestarted, Refusal
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, DataError, Fenced, PermanentError
from crosswalk.systems.mindmatrix.conformance import MindmatrixStandIn, contact
from crosswalk.systems.mindmatrix.conformance import connect as mindmatrix
from crosswalk.systems.mindmatrix.target import MindmatrixDelivery
from crosswalk.wire.connection import connection_settings

SOURCE = {"system": "connectwise", "company": "acme"}
ANA = Operation("contact", "upsert", "31001", "", {"email": "ana@example.test", "last_name": "Ruiz"})
GONE = Operation("contact", "delete", "31002", "m-000002")


class World:
    """A stand-in, the server in front of it, and a target that talks to it."""

    def __init__(self, vendor: MindmatrixStandIn) -> None:
        self.vendor = vendor
        self.answer: Callable[[Seen], Reply] = vendor
        self.server = LocalServer(lambda seen: self.answer(seen))  # noqa: PLW0108 - a test changes the answer
        self.target = mindmatrix(self.server.url)

    def open(self, **changes: Any) -> MindmatrixDelivery:
        return self.target.open(**{"mode": "delta", "snapshot": 1, "base_revision": 0, "source": SOURCE, **changes})

    def sent(self) -> list[Any]:
        return [json.loads(seen.body) for seen in self.server.seen if seen.path.endswith("/contacts") and seen.method == "POST"]


@pytest.fixture
def world() -> Iterator[World]:
    made = World(MindmatrixStandIn([contact(number) for number in range(1, 1202)]))
    with made.server:
        yield made


def error_of(ask: Callable[[], Any]) -> CrosswalkError:
    with pytest.raises(CrosswalkError) as caught:
        ask()
    assert "mindmatrix_summit" in str(caught.value)
    assert "quinn@example.test" not in str(caught.value)
    return caught.value


def test_who_and_where(world: World) -> None:
    assert world.target.identity() == "mindmatrix://localhost/MM-2001"
    assert world.server.seen == []
    state = world.target.state()
    assert (state.managed_by, dict(state.counts)) == (None, {"contact": 1201})
    assert (state.generation, state.last_snapshot, state.revision) == (0, 0, 5)


def test_the_list_is_read_back_page_by_page(world: World) -> None:
    world.vendor.contacts["m-000002"] |= {"source_id": "31002", "opt_in": "opted_out", "zip": None}
    pages = list(world.target.pages("contact"))
    assert [len(page.rows) for page in pages] == [500, 500, 201]
    first, second, *_ = pages[0].rows
    assert (first["source_id"], first["opted_out"], first["email"]) == ("", "", "q1@example.test")
    assert (second["target_id"], second["source_id"], second["opted_out"], second["zip"]) == ("m-000002", "31002", "true", "")
    assert pages[0].unknown_fields == frozenset()


def test_opt_outs_belong_to_the_address(world: World) -> None:
    world.vendor.opt_outs = ["Ann@BÜCHER.example", "ben@example.test"]
    assert world.target.unwanted() == {"ann@xn--bcher-kva.example", "ben@example.test"}


def test_a_list_that_changes_meanwhile_is_read_again(world: World) -> None:
    def change(_: str, path: str, document: Any) -> Any:
        return {**document, "revision": document["revision"] + (document["contacts"][0]["contact_id"] > "m-000001")}

    world.vendor.change = change
    with pytest.raises(ReadRestarted):
        list(world.target.pages("contact"))


def lie(**changes: Any) -> Callable[[str, str, Any], Any]:
    return lambda method, path, document: {**document, **changes}


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"next": None}, "SRC_COUNT_MISMATCH"),
        ({"total": 1202}, "SRC_COUNT_MISMATCH"),
        ({"next": "m-000000"}, "SRC_PAGE_REPEATED"),
        ({"next": 7}, "SRC_NO_NEXT_LINK"),
        ({"contacts": []}, "SRC_SHORT_PAGE"),
        ({"contacts": None}, "TGT_SCHEMA"),
        ({"contacts": [{"contact_id": "", "opt_in": "unknown"}], "total": 1, "next": None}, "TGT_SCHEMA"),
        ({"contacts": [{"contact_id": "m-1"}], "total": 1, "next": None}, "TGT_SCHEMA"),
        ({"contacts": [{"contact_id": "m-1", "opt_in": True}], "total": 1, "next": None}, "TGT_SCHEMA"),
        ({"contacts": [{"contact_id": "m-1", "opt_in": "unknown", "zip": 97301}], "total": 1, "next": None}, "TGT_SCHEMA"),
        ({"revision": None}, "TGT_SCHEMA"),
    ],
)
def test_a_page_that_cannot_be_right_ends_in_its_code(world: World, changes: dict[str, Any], code: str) -> None:
    world.vendor.change = lie(**changes)
    assert error_of(lambda: list(world.target.pages("contact"))).code == code


def test_records_are_changed_one_by_one_and_opt_in_never(world: World) -> None:
    delivery = world.open()
    opted = Operation("contact", "upsert", "31003", "m-000003", {"email": "c@example.test", "opted_out": "true", "opt_in": "opted_in"})
    assert delivery.send(1, [ANA, GONE, opted]).accepted == {"31001", "m-000002", "31003"}
    assert "m-000002" not in world.vendor.contacts  # before any commit
    (body,) = world.sent()
    assert [set(one) & {"opt_in", "opted_out"} for one in body["upserts"]] == [set(), set()]
    receipt = delivery.commit(1, {"contact": {"upsert": 2, "delete": 1}})
    assert (receipt.generation, receipt.counts) == (1, {"contact": 1201})


def test_the_same_batch_again_is_the_same_request(world: World) -> None:
    delivery = world.open()
    first, again = delivery.send(1, [ANA]), delivery.send(1, [ANA])
    assert (first, world.vendor.writes) == (again, 2)
    delivery.send(1, [Operation("contact", "upsert", "31001", "", {"email": "other@example.test"})])
    delivery.send(2, [ANA])
    assert world.vendor.writes == 4


def test_an_open_delivery_is_gone_on_with_after_a_crash(world: World) -> None:
    world.open().send(1, [ANA])
    again = world.open()
    assert again.send(2, [GONE]).accepted == {"m-000002"}
    assert len(world.vendor.deliveries) == 1
    assert again.commit(2, {"contact": {"upsert": 1, "delete": 1}}).generation == 1


def test_a_refused_record_is_named_alone(world: World) -> None:
    world.vendor.refuse_keys = {"31001"}
    result = world.open().send(1, [ANA, GONE])
    assert (result.accepted, result.refused) == ({"m-000002"}, (Refusal("31001", "INVALID", "zip"),))


@pytest.mark.parametrize("refusal", [(413, "BATCH_TOO_LARGE"), (422, "BATCH_REFUSED")])
def test_a_batch_that_is_refused_may_be_split(world: World, refusal: tuple[int, str]) -> None:
    delivery = world.open()
    world.vendor.refuse_batch = refusal
    with pytest.raises(BatchRefused):
        delivery.send(1, [ANA])


def test_what_is_too_large_is_not_sent(world: World) -> None:
    delivery = world.open()
    for operations in ([GONE] * 201, [Operation("contact", "upsert", "1", "", {"title": "x" * 2_100_000})]):
        with pytest.raises(BatchRefused):
            delivery.send(1, operations)
    assert world.sent() == []


@pytest.mark.parametrize(
    ("status", "code", "kind", "expected"),
    [
        (401, "AUTH_FAILED", AuthRefused, "TGT_AUTH_FAILED"),
        (403, "FORBIDDEN", AuthRefused, "TGT_AUTH_FAILED"),
        (404, "NOT_FOUND", PermanentError, "TGT_NOT_FOUND"),
        (409, "STALE_SNAPSHOT", Fenced, "TGT_STALE_SNAPSHOT"),
        (409, "DELIVERY_CLOSED", Fenced, "TGT_DELIVERY_CLOSED"),
        (409, "MANAGED_ELSEWHERE", ConfigurationError, "TGT_MANAGED_ELSEWHERE"),
        (409, "COUNT_MISMATCH", DataError, "TGT_COUNT_MISMATCH"),
        (422, "KEY_REUSED", PermanentError, "TGT_REFUSED"),
        (422, "BATCH_REFUSED", PermanentError, "TGT_REFUSED"),
        (422, "quinn@example.test", PermanentError, "TGT_REFUSED"),
    ],
)
def test_what_an_error_means(world: World, status: int, code: str, kind: type[CrosswalkError], expected: str) -> None:
    body = json.dumps({"error": {"code": code, "message": "about quinn@example.test"}}).encode()
    world.answer = lambda _: Reply(body, status, {"Content-Type": "application/json"})
    error = error_of(world.open)
    assert type(error) is kind
    assert error.code == expected


def test_a_newer_snapshot_closes_the_older_delivery(world: World) -> None:
    older = world.open()
    world.open(snapshot=2)
    assert error_of(lambda: older.send(1, [ANA])).code == "TGT_DELIVERY_CLOSED"
    assert error_of(lambda: world.open(source={**SOURCE, "other": "word"})).code == "TGT_MANAGED_ELSEWHERE"


def test_without_acknowledgement_nothing_is_asked(world: World) -> None:
    target = mindmatrix(world.server.url, acknowledged=False)
    error = error_of(lambda: target.open(mode="delta", snapshot=1, base_revision=5, source=SOURCE))
    assert (error.code, world.server.seen) == ("OPT_IN_NOT_ACKNOWLEDGED", [])


def test_there_is_no_list_to_replace(world: World) -> None:
    assert error_of(lambda: world.open(mode="replace")).code == "TGT_MODE"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"accepted": ["31001", "x"]}, "TGT_UNKNOWN_KEY"),
        ({"rejected": [{"key": "31001", "code": "INVALID"}]}, "TGT_UNKNOWN_KEY"),
        ({"rejected": [{"code": "INVALID"}]}, "TGT_SCHEMA"),
        ({"skipped": ["31001"]}, "TGT_SCHEMA"),
        ({"accepted": None}, "TGT_SCHEMA"),
        ({"accepted": [7]}, "TGT_SCHEMA"),
    ],
)
def test_an_answer_about_other_records_is_not_believed(world: World, changes: dict[str, Any], code: str) -> None:
    delivery = world.open()
    world.vendor.change = lie(**changes)
    assert error_of(lambda: delivery.send(1, [ANA])).code == code


def test_fewer_than_we_count_is_no_end(world: World) -> None:
    delivery = world.open()
    delivery.send(1, [ANA])
    assert error_of(lambda: delivery.commit(1, {"contact": {"upsert": 2}})).code == "TGT_COUNT_MISMATCH"


@pytest.mark.parametrize(("changes", "code"), [({"password": ""}, "CONN_SECRET_MISSING"), ({"organization": ""}, "CONN_EXTRA")])
def test_settings_that_cannot_be_right(changes: dict[str, Any], code: str) -> None:
    settings = {"base_url": "https://x.test", "organization": "MM-2001", "password": "s3cret-word"}
    with pytest.raises(ConfigurationError) as caught:
        connection_settings("mindmatrix", **{**settings, **changes})
    assert caught.value.code == code
    assert "s3cret-word" not in repr(connection_settings("mindmatrix", **settings))
