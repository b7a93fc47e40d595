"""FMG read back and written over HTTP, against a stand-in written from its README."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.core.ports import BatchRefused, Operation, ReadRestarted, Refusal, Row
from crosswalk.core.system_schema import load_fields
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, DataError, Fenced, PermanentError
from crosswalk.systems.fmg.conformance import FmgStandIn, contact
from crosswalk.systems.fmg.conformance import connect as fmg
from crosswalk.systems.fmg.target import FmgDelivery, FmgTarget
from crosswalk.wire.connection import connection_settings

SOURCE = {"system": "smartoffice", "office": "DEMO01"}
GROUP = Operation("group", "upsert", "TagGroup.7.3", "", {"name": "Newsletter"})
PERSON = Operation("contact", "upsert", "Contact.7.1", "", {"last_name": "Quill", "email": "q@example.test", "groups": "TagGroup.7.3"})
COUNTS = {"contact": {"upsert": 1}, "group": {"upsert": 1}}


class World:
    """A stand-in, the server in front of it, and a target that talks to it."""

    def __init__(self, fmg: FmgStandIn) -> None:
        self.fmg = fmg
        self.answer: Callable[[Seen], Reply] = fmg
        self.server = LocalServer(lambda seen: self.answer(seen))  # noqa: PLW0108 - a test changes the answer
        self.target = self.connect()

    def connect(self, api_key: str = "sandbox-key") -> FmgTarget:
        return fmg(self.server.url, api_key=api_key)

    def open(self, **changes: Any) -> FmgDelivery:
        return self.target.open(**{"mode": "replace", "snapshot": 1, "base_revision": self.fmg.revision, "source": SOURCE, **changes})


@pytest.fixture
def world() -> Iterator[World]:
    made = World(FmgStandIn([contact(number) for number in range(1, 2502)]))
    with made.server:
        yield made


def rows(target: FmgTarget, entity: str = "contact") -> list[Row]:
    return [row for page in target.pages(entity) for row in page.rows]


def error_of(ask: Callable[[], Any]) -> CrosswalkError:
    with pytest.raises(CrosswalkError) as caught:
        ask()
    assert "fmg_summit" in str(caught.value)
    assert "quinn@example.test" not in str(caught.value)
    return caught.value


def test_who_and_where(world: World) -> None:
    assert world.target.identity() == "fmg://localhost/FMG-1001"
    state = world.target.state()
    assert (state.managed_by, state.counts, state.generation, state.last_snapshot, state.revision) == (
        None,
        {"contact": 2501, "group": 0},
        0,
        0,
        5,
    )


def test_the_list_is_read_back_page_by_page(world: World) -> None:
    world.fmg.lists["contacts"]["c-000002"] |= {"source_id": "Contact.7.2", "groups": ["TagGroup.7.10", "TagGroup.7.9", "g-4"], "zip": None}
    pages = list(world.target.pages("contact"))
    assert [len(page.rows) for page in pages] == [1000, 1000, 501]
    assert pages[0].rows[1] == {
        "target_id": "c-000002",
        "source_id": "Contact.7.2",
        **dict.fromkeys(pages[0].fields_seen, ""),
        "last_name": "Quill",
        "email": "q2@example.test",
        "groups": "TagGroup.7.9 TagGroup.7.10 g-4",
        "opted_out": "",
    }
    assert pages[0].unknown_fields == frozenset()
    assert rows(world.target, "group") == []


def test_the_list_s_groups_are_read_back(world: World) -> None:
    world.fmg.lists["groups"] = {"g-1": {"group_id": "g-1", "source_id": None, "name": "By hand"}}
    assert rows(world.target, "group") == [{"target_id": "g-1", "source_id": "", "name": "By hand"}]


@pytest.mark.requirement("FMG-06")
def test_opt_outs_belong_to_the_address(world: World) -> None:
    world.fmg.opt_outs = [{"email": "Q7@Example.test", "source_id": None, "opted_out_at": "2026-01-04T17:00:00Z"}]
    world.fmg.lists["contacts"]["c-000009"]["opted_out"] = True
    assert [row["target_id"] for row in rows(world.target) if row["opted_out"] == "true"] == ["c-000007", "c-000009"]
    assert [(one.email, one.source_id, one.opted_out_at) for one in world.target.opt_outs()] == [
        ("Q7@Example.test", "", "2026-01-04T17:00:00Z")
    ]


def test_what_the_contract_does_not_know_is_named_and_dropped(world: World) -> None:
    world.fmg.lists["contacts"]["c-000001"]["ssn"] = "078-05-1120"
    page = next(world.target.pages("contact"))
    assert page.unknown_fields == {"ssn"}
    assert "078-05-1120" not in str(page)


def test_a_list_that_changes_meanwhile_is_read_again(world: World) -> None:
    def change(_: str, path: str, document: Any) -> Any:
        if path == "/contacts" and document["contacts"][0]["contact_id"] > "c-000001":
            document["revision"] += 1
        return document

    world.fmg.change = change
    seen = []
    with pytest.raises(ReadRestarted):
        for page in world.target.pages("contact"):
            seen.append(page)
    assert len(seen) == 1


def lie(**changes: Any) -> Callable[[str, str, Any], Any]:
    return lambda method, path, document: {**document, **changes} if path == "/contacts" else document


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"next": None}, "SRC_COUNT_MISMATCH"),
        ({"total": 2500}, "SRC_COUNT_MISMATCH"),
        ({"total": 2502}, "SRC_COUNT_MISMATCH"),
        ({"next": "c-000500"}, "SRC_DUPLICATE_ID"),
        ({"next": "c-000000"}, "SRC_PAGE_REPEATED"),
        ({"next": 7}, "SRC_NO_NEXT_LINK"),
        ({"next": ""}, "SRC_NO_NEXT_LINK"),
        ({"contacts": []}, "SRC_SHORT_PAGE"),
        ({"contacts": [{"contact_id": 7}]}, "SRC_ID_TYPE"),
        ({"contacts": [{"contact_id": "", "last_name": "x"}], "total": 1, "next": None}, "TGT_SCHEMA"),
        ({"contacts": [{"contact_id": "c-1", "zip": 97301}], "total": 1, "next": None}, "TGT_SCHEMA"),
        ({"contacts": [{"contact_id": "c-1", "groups": "g-1"}], "total": 1, "next": None}, "TGT_SCHEMA"),
        ({"contacts": [{"contact_id": "c-1", "opted_out": "no"}], "total": 1, "next": None}, "TGT_SCHEMA"),
        ({"contacts": None}, "TGT_SCHEMA"),
        ({"total": "many"}, "TGT_SCHEMA"),
        ({"revision": True}, "TGT_SCHEMA"),
    ],
)
def test_a_server_that_lies_is_found_out(world: World, changes: dict[str, Any], code: str) -> None:
    world.fmg.change = lie(**changes)
    assert error_of(lambda: rows(world.target)).code == code


@pytest.mark.requirement("SAFE-1")
def test_a_list_without_a_next_link_is_not_taken_for_whole(world: World) -> None:
    def change(_method: str, path: str, document: Any) -> Any:
        without = {name: value for name, value in document.items() if name != "next"}
        return {**without, "total": len(document["contacts"])} if path == "/contacts" else document

    world.fmg.change = change
    assert error_of(lambda: rows(world.target)).code == "SRC_NO_NEXT_LINK"


def test_an_import_replaces_the_list(world: World) -> None:
    delivery = world.open()
    adopted = Operation("contact", "upsert", "Contact.7.2", "c-000002", {"last_name": "Kept", "groups": "", "opted_out": "true"})
    assert delivery.send(1, [GROUP, PERSON]).accepted == {"TagGroup.7.3", "Contact.7.1"}
    assert delivery.send(2, [adopted]).accepted == {"Contact.7.2"}
    receipt = delivery.commit(2, {"contact": {"upsert": 2}, "group": {"upsert": 1}})
    assert (receipt.generation, receipt.revision, receipt.counts) == (1, 6, {"contact": 2, "group": 1})
    assert {row["source_id"]: row["target_id"] for row in rows(world.target)}["Contact.7.2"] == "c-000002"
    assert world.target.state().managed_by == SOURCE
    assert (delivery.max_batch, delivery.max_parallel) == (1000, 4)


def test_the_documents_are_those_of_the_contract(world: World) -> None:
    gone = Operation("contact", "delete", "Contact.7.9", "c-000009")
    left = Operation("contact", "upsert", "", "c-000010", {"last_name": "Hand"})
    delivery = world.open(mode="delta", snapshot=12)
    delivery.send(1, [GROUP, PERSON, gone, left])
    delivery.commit(1, {"contact": {"upsert": 2, "delete": 1}, "group": {"upsert": 1, "delete": 0}})
    opened, part, commit = (json.loads(seen.body) for seen in world.server.seen)
    assert opened == {"mode": "delta", "snapshot": 12, "base_revision": 5, "source": SOURCE}
    assert part["groups"] == [{"op": "upsert", "source_id": "TagGroup.7.3", "name": "Newsletter"}]
    blank = dict.fromkeys(set(part["contacts"][0]) - {"op", "source_id"}, "")
    assert part["contacts"] == [
        {"op": "upsert", "source_id": "Contact.7.1", **blank, "last_name": "Quill", "email": "q@example.test", "groups": ["TagGroup.7.3"]},
        {"op": "delete", "contact_id": "c-000009"},
        {"op": "upsert", "source_id": "", "contact_id": "c-000010", **blank, "last_name": "Hand", "groups": []},
    ]
    assert set(blank) == set(load_fields("fmg")["contact"])
    assert commit == {"parts": 1, "contacts": {"upsert": 2, "delete": 1}, "groups": {"upsert": 1, "delete": 0}}


def test_an_opt_out_is_sent_as_true_and_never_taken_back(world: World) -> None:
    values = [{"last_name": "A", "opted_out": flag} for flag in ("true", "", "false")]
    world.open().send(1, [Operation("contact", "upsert", f"Contact.7.{n}", "", value) for n, value in enumerate(values, 1)])
    sent = json.loads(world.server.seen[-1].body)["contacts"]
    assert [record.get("opted_out", "absent") for record in sent] == [
        True,
        "absent",
        "absent",
    ]


@pytest.mark.requirement("SAFE-5")
def test_an_answer_that_is_lost_is_asked_for_again_with_the_same_key(world: World) -> None:
    lost: set[str] = set()

    def lose(seen: Seen) -> Reply:
        reply = world.fmg(seen)
        if seen.method != "GET" and seen.path not in lost:
            lost.add(seen.path)
            return Reply(drop=True)
        return reply

    world.answer = lose
    delivery = world.open()
    delivery.send(1, [GROUP, PERSON])
    assert delivery.commit(1, COUNTS).generation == 1
    assert (world.fmg.writes, len(world.server.seen)) == (3, 6)
    keys = [seen.headers["idempotency-key"] for seen in world.server.seen]
    assert keys[0::2] == keys[1::2]
    assert len(set(keys)) == 3


@pytest.mark.requirement("SAFE-5")
def test_the_same_call_from_a_new_process_carries_the_same_key(world: World) -> None:
    for target in (world.target, world.connect()):
        world.target = target
        delivery = world.open(base_revision=5)
        delivery.send(1, [GROUP, PERSON])
        delivery.commit(1, COUNTS)
    assert (world.fmg.writes, world.fmg.generation) == (3, 1)


def test_other_content_has_another_key(world: World) -> None:
    delivery = world.open()
    delivery.send(1, [GROUP])
    delivery.send(1, [PERSON])
    delivery.send(2, [PERSON])
    assert len({seen.headers["idempotency-key"] for seen in world.server.seen}) == 4


def test_refused_records_are_named_by_key(world: World) -> None:
    world.fmg.refuse_keys = {"Contact.7.1"}
    result = world.open().send(1, [GROUP, PERSON])
    assert (result.accepted, result.refused) == ({"TagGroup.7.3"}, (Refusal("Contact.7.1", "INVALID", "zip"),))


@pytest.mark.parametrize("refusal", [(413, "PART_TOO_LARGE"), (422, "PART_REFUSED"), (413, "")])
def test_a_part_that_is_not_taken_may_be_split(world: World, refusal: tuple[int, str]) -> None:
    world.fmg.refuse_parts = refusal
    with pytest.raises(BatchRefused):
        world.open().send(1, [GROUP, PERSON])


def test_a_part_too_large_is_not_even_sent(world: World) -> None:
    delivery = world.open()
    for operations in ([PERSON] * 1001, [Operation("contact", "upsert", "Contact.7.1", "", {"city": "x" * 9_000_000})]):
        with pytest.raises(BatchRefused):
            delivery.send(1, operations)
    assert len(world.server.seen) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"accepted": ["Contact.7.1", "Contact.7.666"]},
        {"accepted": ["Contact.7.1", "Contact.7.1"]},
        {"accepted": [], "rejected": [{"key": "c-5", "code": "INVALID", "field": "zip"}]},
    ],
)
def test_an_answer_for_a_record_that_was_not_sent_is_refused(world: World, change: dict[str, Any]) -> None:
    world.fmg.change = lambda _, path, document: {**document, **change} if "/parts/" in path else document
    assert error_of(lambda: world.open().send(1, [PERSON])).code == "TGT_UNKNOWN_KEY"


@pytest.mark.parametrize("change", [{"accepted": None}, {"accepted": [7]}, {"rejected": [7]}, {"rejected": [{}]}, {"part": 2}])
def test_a_garbled_answer_is_refused(world: World, change: dict[str, Any]) -> None:
    world.fmg.change = lambda _, path, document: {**document, **change} if "/parts/" in path else document
    assert error_of(lambda: world.open().send(1, [PERSON])).code == "TGT_SCHEMA"


@pytest.mark.parametrize("change", [{"status": "open"}, {"status": None}, {"generation": "1"}, {"contacts": -1}])
def test_a_commit_that_does_not_say_what_came_of_it_is_refused(world: World, change: dict[str, Any]) -> None:
    world.fmg.change = lambda _, path, document: {**document, **change} if path.endswith("/commit") else document
    delivery = world.open()
    delivery.send(1, [GROUP, PERSON])
    assert error_of(lambda: delivery.commit(1, COUNTS)).code == "TGT_SCHEMA"


def test_a_key_in_neither_list_was_not_processed(world: World) -> None:
    world.fmg.change = lambda _, path, document: {**document, "accepted": []} if "/parts/" in path else document
    result = world.open().send(1, [PERSON])
    assert (result.accepted, result.refused) == (frozenset(), ())


@pytest.mark.requirement("SAFE-4")
@pytest.mark.parametrize(
    ("status", "code", "kind", "ours"),
    [
        (401, "AUTH_FAILED", AuthRefused, "TGT_AUTH_FAILED"),
        (403, "FORBIDDEN", AuthRefused, "TGT_AUTH_FAILED"),
        (404, "NOT_FOUND", PermanentError, "TGT_NOT_FOUND"),
        (409, "STALE_SNAPSHOT", Fenced, "TGT_STALE_SNAPSHOT"),
        (409, "IMPORT_CLOSED", Fenced, "TGT_IMPORT_CLOSED"),
        (409, "MANAGED_ELSEWHERE", ConfigurationError, "TGT_MANAGED_ELSEWHERE"),
        (409, "LIST_CHANGED", DataError, "TGT_LIST_CHANGED"),
        (409, "COUNT_MISMATCH", DataError, "TGT_COUNT_MISMATCH"),
        (409, "EMAIL_NOT_UNIQUE", DataError, "TGT_EMAIL_NOT_UNIQUE"),
        (422, "KEY_REUSED", PermanentError, "TGT_REFUSED"),
        (422, "INVALID", PermanentError, "TGT_REFUSED"),
        (422, "PART_REFUSED", PermanentError, "TGT_REFUSED"),
        (423, "MANAGED_ELSEWHERE", ConfigurationError, "TGT_MANAGED_ELSEWHERE"),
        (409, "quinn@example.test", PermanentError, "TGT_REFUSED"),
    ],
)
def test_a_refusal_is_understood_and_not_tried_again(world: World, status: int, code: str, kind: type[CrosswalkError], ours: str) -> None:
    body = json.dumps({"error": {"code": code, "message": "quinn@example.test"}}).encode()
    delivery = world.open()
    world.answer = lambda _: Reply(body, status, {"Content-Type": "application/json"})
    for call in (world.open, lambda: delivery.commit(0, {})):
        asked = len(world.server.seen)
        error = error_of(call)
        assert (type(error), error.code, len(world.server.seen)) == (kind, ours, asked + 1)


def test_a_conflict_that_is_no_json_is_refused(world: World) -> None:
    world.answer = lambda _: Reply(b"<html>quinn@example.test</html>", 409, {"Content-Type": "text/html"})
    assert error_of(world.target.state).code == "TGT_REFUSED"
    assert error_of(world.open).code == "TGT_REFUSED"


def test_the_real_server_s_refusals(world: World) -> None:
    assert error_of(lambda: world.open(base_revision=4)).code == "TGT_LIST_CHANGED"
    delivery = world.open(snapshot=2)
    delivery.send(1, [GROUP, PERSON])
    assert error_of(lambda: delivery.commit(2, COUNTS)).code == "TGT_COUNT_MISMATCH"
    assert error_of(lambda: delivery.send(2, [PERSON])).code == "TGT_IMPORT_CLOSED"
    world.open(snapshot=3).commit(0, {})
    assert error_of(lambda: world.open(snapshot=2, mode="delta")).code == "TGT_STALE_SNAPSHOT"
    assert error_of(lambda: world.open(snapshot=9, source={"system": "smartoffice", "office": "OTHER"})).code == "TGT_MANAGED_ELSEWHERE"


def test_a_wrong_key_is_refused(world: World) -> None:
    error = error_of(world.connect("wrong-key-77").state)
    assert (type(error), error.code) == (AuthRefused, "TGT_AUTH_FAILED")
    assert "wrong-key-77" not in str(error)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"password": ""}, "CONN_SECRET_MISSING"), ({"account": ""}, "CONN_EXTRA"), ({"account": "a\nb"}, "CONN_BAD_CHARACTER")],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, str], code: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connection_settings("fmg", **{"base_url": "https://api.test", "account": "FMG-1001", "password": "sandbox-key", **changes})
    assert caught.value.code == code


@pytest.mark.requirement("SAFE-9")
def test_settings_show_no_key() -> None:
    assert "sandbox-key" not in repr(connection_settings("fmg", "https://api.test", account="FMG-1001", password="sandbox-key"))
