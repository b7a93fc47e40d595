"""HubSpot read over HTTP, against a stand-in written from its README."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.core.ports import Row
from crosswalk.core.system_schema import load_fields
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, PermanentError, RateLimited
from crosswalk.systems.hubspot.conformance import HubSpotStandIn, associated, contact, error, record
from crosswalk.systems.hubspot.conformance import connect as hubspot
from crosswalk.wire.connection import connection_settings


class World:
    """A stand-in, the server in front of it, and a source that reads it."""

    def __init__(self, crm: HubSpotStandIn) -> None:
        self.crm = crm
        self.answer: Callable[[Seen], Reply] = crm
        self.server = LocalServer(lambda seen: self.answer(seen))  # noqa: PLW0108 - a test changes the answer
        self.source = hubspot(self.server.url)

    def rows(self, entity: str = "contact") -> list[Row]:
        return [row for page in self.source.pages(entity, None) for row in page.rows]

    def error(self, entity: str = "contact") -> CrosswalkError:
        with pytest.raises(CrosswalkError) as caught:
            self.rows(entity)
        assert "hubspot_summit" in str(caught.value)
        assert "quinn@example.test" not in str(caught.value)
        return caught.value


@pytest.fixture
def world() -> Iterator[World]:
    made = World(HubSpotStandIn(contacts=[contact(number) for number in range(501, 751)]))
    with made.server:
        yield made


def test_who_and_where(world: World) -> None:
    assert world.source.identity() == "hubspot://localhost/24100001"
    assert world.source.describe() == {"system": "hubspot", "portal": "24100001"}
    assert world.source.totals() == {"company": 0, "contact": 250, "deal": 0}


def test_the_list_is_read_to_the_page_without_paging(world: World) -> None:
    world.crm.objects["contacts"][1]["properties"] |= {"email": None, "mobilephone": "", "hs_merged_object_ids": "99;98"}
    pages = list(world.source.pages("contact", None))
    assert [(len(page.rows), page.total) for page in pages] == [(100, 100), (100, 200), (50, 250)]
    fields = dict.fromkeys(load_fields("hubspot")["contact"], "")
    assert pages[0].rows[1] == {**fields, "source_id": "502", "firstname": "Quinn", "lastname": "Quill", "hs_merged_object_ids": "99;98"}
    assert pages[0].fields_seen == frozenset(fields)
    assert pages[0].unknown_fields == frozenset()


@pytest.mark.requirement("FLEX-01")
def test_nothing_but_lists_and_searches_is_asked(world: World) -> None:
    world.source.totals()
    world.source.require_right("the CRM sync")
    for entity in ("company", "contact", "deal"):
        world.rows(entity)
    world.source.archived("contact")
    list(world.source.changed("contact", datetime.now(UTC)))
    assert {(seen.method, seen.path.rpartition("/")[2]) for seen in world.server.seen if seen.method != "GET"} == {("POST", "search")}


@pytest.mark.requirement("FLEX-03")
def test_associations_name_the_primary_company_and_all(world: World) -> None:
    both = associated("9002", kind="contact_to_company_unlabeled")
    both["results"] += [{"id": "9010", "type": "contact_to_company"}, {"id": "9010", "type": "contact_to_company_unlabeled"}]
    world.crm.objects["contacts"] = [
        record(1, {"company": "A text"}, associations={"companies": both}),
        record(2, {}, associations={"companies": associated("9003", kind="x")}),
        record(3, {"company": "Only a text"}),
    ]
    assert [(row["company_id"], row["company_ids"]) for row in world.rows()] == [("9010", "9002 9010"), ("9003", "9003"), ("", "")]


def test_associations_beyond_the_record_s_own_answer_are_fetched(world: World) -> None:
    world.crm.objects["deals"] = [
        record(7, {"dealname": "D"}, associations={"contacts": associated("501", kind="deal_to_contact", after="100")}),
    ]
    world.crm.more["/deals/7/associations/contacts"] = [
        associated("502", kind="deal_to_contact", after="200"),
        associated("503", kind="deal_to_contact"),
    ]
    (row,) = world.rows("deal")
    assert (row["contact_ids"], row["company_ids"]) == ("501 502 503", "")
    assert [seen.query["after"] for seen in world.server.seen if "/associations/" in seen.path] == ["100", "200"]


LIES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "a page again": ("SRC_PAGE_REPEATED", lambda page: {**page, "results": [contact(number) for number in range(501, 601)]}),
    "an id twice": ("SRC_DUPLICATE_ID", lambda page: {**page, "results": [page["results"][0], *page["results"]]}),
    "an id of another type": ("SRC_ID_TYPE", lambda page: {**page, "results": [{**page["results"][0], "id": 501}]}),
    "an end too early": ("SRC_COUNT_MISMATCH", lambda page: {"results": page["results"]}),
    "an empty end": ("SRC_COUNT_MISMATCH", lambda page: {"results": []}),
    "no way on": ("SRC_NO_NEXT_LINK", lambda page: {**page, "paging": {"next": {}}}),
    "no results": ("SRC_SCHEMA", lambda page: {"paging": page["paging"]}),
    "a number for a value": ("SRC_SCHEMA", lambda page: {**page, "results": [{**page["results"][0], "properties": {"email": 5}}]}),
    "an archived record": ("SRC_SCHEMA", lambda page: {**page, "results": [{**page["results"][0], "archived": True}]}),
}


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(("code", "lie"), LIES.values(), ids=LIES)
def test_a_lie_on_the_second_page_is_refused(world: World, code: str, lie: Callable[[Any], Any]) -> None:
    pages = 0

    def change(method: str, _: str, document: Any) -> Any:
        nonlocal pages
        pages += method == "GET"
        return lie(document) if pages == 2 and method == "GET" else document

    world.crm.change = change
    assert world.error().code == code


def test_an_after_that_does_not_move_ends(world: World) -> None:
    world.crm.change = lambda method, _, page: {**page, "paging": {"next": {"after": "601"}}} if method == "GET" else page
    assert world.error().code == "SRC_PAGE_REPEATED"


def test_a_list_that_grows_meanwhile_is_no_lie(world: World) -> None:
    world.crm.change = lambda method, _, answer: {**answer, "total": 240} if method == "POST" else answer
    assert len(world.rows()) == 250


def test_a_property_nobody_asked_for_is_named_and_dropped(world: World) -> None:
    world.crm.objects["contacts"][0]["properties"]["!ssn"] = "078-05-1120"
    page = next(world.source.pages("contact", None))
    assert page.unknown_fields == {"!ssn"}
    assert "078-05-1120" not in str(page)


@pytest.mark.parametrize(("policy", "wait"), [("TEN_SECONDLY_ROLLING", 10), ("SECONDLY", 1), ("", None)])
def test_a_burst_is_waited_out(world: World, policy: str, wait: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    spoil(world, 429, error("RATE_LIMITS", **({"policyName": policy} if policy else {})))
    assert len(world.rows()) == 250
    assert max(waited, default=0) >= (wait or 0)
    assert max(waited, default=0) <= (wait or 0) * 1.25 + 1


def test_the_day_s_limit_ends_the_run_at_once_with_its_own_code(world: World) -> None:
    spoil(world, 429, error("RATE_LIMITS", policyName="DAILY"))
    found = world.error()
    assert isinstance(found, RateLimited)
    assert (found.code, found.wait_seconds) == ("SRC_DAILY_LIMIT", 3600)
    assert len(world.server.seen) == 2


@pytest.mark.parametrize(("status", "headers"), [(423, {}), (477, {"Retry-After": "0"}), (524, {}), (502, {})])
def test_what_passes_is_not_noticed(world: World, status: int, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    spoil(world, status, error("X"), headers)
    assert len(world.rows()) == 250


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, AuthRefused, "SRC_AUTH_FAILED"),
        (403, AuthRefused, "RIGHT_MISSING"),
        (400, PermanentError, "SRC_REFUSED"),
        (404, PermanentError, "SRC_NOT_FOUND"),
    ],
)
def test_a_refusal_is_final(world: World, status: int, kind: type[CrosswalkError], code: str) -> None:
    spoil(world, status, error("X"))
    found = world.error()
    assert isinstance(found, kind)
    assert found.code == code
    assert len(world.server.seen) == 2


def spoil(world: World, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
    """Answer the second request so, the others as ever."""

    def answer(seen: Seen) -> Reply:
        if len(world.server.seen) != 2:
            return world.crm(seen)
        import json

        return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json", **(headers or {})})

    world.answer = answer


def test_a_search_goes_on_by_id_and_never_by_after(world: World) -> None:
    world.crm.objects["contacts"] = [contact(number) for number in range(1, 12_001, 1)]
    found = list(world.source.changed("contact", datetime(2026, 1, 1, tzinfo=UTC)))
    assert found == [str(number) for number in range(1, 12_001)]
    assert len(world.server.seen) == 60


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("SRC_ORDER", lambda page: {**page, "results": page["results"][::-1]}),
        ("SRC_COUNT_MISMATCH", lambda page: {**page, "results": []}),
        ("SRC_ID_TYPE", lambda page: {**page, "results": [{**page["results"][0], "id": "x"}]}),
        ("SRC_SCHEMA", lambda page: {"results": page["results"]}),
    ],
)
def test_a_search_that_lies_is_refused(world: World, code: str, change: Callable[[Any], Any]) -> None:
    world.crm.change = lambda _, __, page: change(page)
    with pytest.raises(CrosswalkError) as caught:
        list(world.source.changed("contact", datetime(2026, 1, 1, tzinfo=UTC)))
    assert caught.value.code == code


def test_what_was_archived(world: World) -> None:
    world.crm.objects["contacts"][3]["archived"] = True
    assert world.source.archived("contact") == {"504"}
    assert len(world.rows()) == 249


@pytest.mark.parametrize(
    ("change", "code"),
    [({"password": ""}, "CONN_SECRET_MISSING"), ({"portal": ""}, "CONN_EXTRA"), ({"portal": "1\n"}, "CONN_BAD_CHARACTER")],
)
def test_settings_are_checked(change: dict[str, str], code: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connection_settings("hubspot", "https://api.example.com", **{"portal": "1", "password": "token-1", **change})
    assert caught.value.code == code
