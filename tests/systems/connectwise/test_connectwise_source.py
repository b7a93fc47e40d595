"""ConnectWise read over HTTP, against a stand-in written from its README."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.conformance.local_server import LocalServer
from crosswalk.core.ports import ReadRestarted, Row
from crosswalk.errors import ConfigurationError, CrosswalkError
from crosswalk.systems.connectwise.conditions import compared, one_of
from crosswalk.systems.connectwise.conformance import COMPANY, ConnectWiseStandIn, Record, contact, item
from crosswalk.systems.connectwise.conformance import connect as connectwise
from crosswalk.systems.connectwise.source import ConnectWiseSource
from crosswalk.wire.connection import connection_settings


class World:
    """A stand-in, the server in front of it, and a source that talks to it."""

    def __init__(self, vendor: ConnectWiseStandIn) -> None:
        self.vendor = vendor
        self.server = LocalServer(lambda seen: self.vendor(seen))  # noqa: PLW0108 - a test changes the stand-in

    def source(self, **changes: Any) -> ConnectWiseSource:
        return connectwise(self.server.url, **{"page_size": 3, **changes})


@pytest.fixture
def world() -> Iterator[World]:
    made = World(ConnectWiseStandIn([contact(number) for number in range(1, 8)]))
    with made.server:
        yield made


def rows(source: ConnectWiseSource) -> list[Row]:
    return [row for page in source.pages("contact", None) for row in page.rows]


def error_of(ask: Callable[[], Any]) -> CrosswalkError:
    with pytest.raises(CrosswalkError) as caught:
        ask()
    assert "connectwise_summit" in str(caught.value)
    assert not {"ana@example.test", "sandbox-secret"} & set(str(caught.value).split())
    return caught.value


def test_a_contact_brings_what_is_needed_of_its_company(world: World) -> None:
    world.vendor.lists["/contacts"][0] |= {"title": None, "types": [{"id": 12}, {"id": 3}, {"id": 12}], "city": "Salem"}
    row = rows(world.source())[0]
    assert row == {
        **dict.fromkeys(row, ""),
        "source_id": "1",
        "firstName": "Ana",
        "lastName": "Ruiz",
        "city": "Salem",
        "email": "ana@example.test",
        "inactiveFlag": "false",
        "types": "3 12",
        "company.id": "210",
        "company.name": "Acme Ltd",
        "company.types": "1",
        "company.inactive": "false",
    }


@pytest.mark.parametrize(
    ("company", "inactive"),
    [
        ({}, "false"),
        ({"status": {"id": 2}}, "true"),
        ({"deletedFlag": True}, "true"),
        ({"deletedFlag": False}, "false"),
        ({"status": None}, ""),
        ({"status": {"id": 99}}, ""),
        ({"status": {"id": 99}, "deletedFlag": True}, "true"),
    ],
)
def test_a_company_is_inactive_by_its_status_or_when_deleted(world: World, company: Record, inactive: str) -> None:
    world.vendor.lists["/companies"] = [{**COMPANY, **company}]
    assert {row["company.inactive"] for row in rows(world.source())} == {inactive}


@pytest.mark.parametrize("company", [{"company": None}, {"company": {"id": 999, "name": "Hidden"}}])
def test_a_company_that_is_not_there_says_nothing(world: World, company: Record) -> None:
    world.vendor.lists["/contacts"] = [contact(1, **company)]
    (row,) = rows(world.source())
    assert (row["company.inactive"], row["company.types"]) == ("", "")
    assert row["company.name"] == ("Hidden" if company["company"] else "")


@pytest.mark.parametrize(
    ("items", "email", "phone", "mobile"),
    [
        (None, "", "", ""),
        ([], "", "", ""),
        ([item(1, "a@x.test"), item(2, "b@x.test", default=True)], "b@x.test", "", ""),
        ([item(3, "c@x.test"), item(2, "b@x.test", default=False)], "b@x.test", "", ""),
        ([item(1, "555", "Phone", default=True), item(2, "a@x.test")], "a@x.test", "555", ""),
        ([item(1, "556", "Phone", "Cell", default=True), item(2, "555", "Phone", "Direct")], "", "555", "556"),
        ([item(1, "fax", "Fax", default=True)], "", "", ""),
        ([item(1, "", default=True), item(2, "b@x.test")], "b@x.test", "", ""),
    ],
)
def test_the_e_mail_is_the_default_item_of_its_type(world: World, items: Any, email: str, phone: str, mobile: str) -> None:
    world.vendor.lists["/contacts"] = [contact(1, communicationItems=items)]
    (row,) = rows(world.source())
    assert (row["email"], row["phone"], row["mobile"]) == (email, phone, mobile)


def test_only_the_page_id_of_a_link_is_used(world: World) -> None:
    assert len(rows(world.source())) == 7
    asked = [seen.query.get("pageId") for seen in world.server.seen if seen.path.endswith("/company/contacts")]
    assert asked == [None, "3", "6"]
    assert {seen.headers["host"] for seen in world.server.seen} == {f"localhost:{world.server.port}"}


@pytest.mark.requirement("MIND-02")
def test_choices_are_what_the_type_lists_say_now(world: World) -> None:
    source = world.source()
    assert source.choices("company.types") == {"1": "Customer", "3": "Prospect"}
    world.vendor.lists["/contacts/types"] = [{"id": 4, "description": "Billing"}]
    assert source.choices("types") == {"4": "Billing"}
    assert error_of(lambda: source.choices("city")).code == "CONN_EXTRA"


def test_who_and_where(world: World) -> None:
    source = world.source(company="northwind")
    assert source.identity() == "connectwise://localhost/northwind"
    assert source.describe() == {"system": "connectwise", "company": "northwind"}
    assert world.server.seen == []
    assert source.totals() == {"company": 1, "contact": 7}
    source.require_right("")
    assert "authorization" not in world.server.seen[0].headers


def test_an_unknown_company_is_named_as_such(world: World) -> None:
    assert error_of(world.source(company="acme").totals).code == "CONN_COMPANY_UNKNOWN"


@pytest.mark.parametrize("codebase", ["../../evil", "http://evil.test/", "a/b", "", None, 7])
def test_a_codebase_is_one_plain_part_of_a_path(world: World, codebase: Any) -> None:
    world.vendor.change = lambda path, _headers, found: {**found, "Codebase": codebase} if path == "codebase" else found
    assert error_of(world.source().totals).code == "SRC_SCHEMA"
    assert len(world.server.seen) == 1


def lie(path: str, at: int, document: Any = None, link: str | None = None) -> Callable[[str, dict[str, str], Any], Any]:
    calls = {"n": 0}

    def change(asked: str, headers: dict[str, str], found: Any) -> Any:
        calls["n"] += asked == path
        if asked != path or calls["n"] != at:
            return found
        if link is not None:
            headers["Link"] = link
        return found if document is None else document

    return change


NEXT = '<https://x.test/?pageId={0}>; rel="next"'


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lie("/contacts", 1, link=""), "SRC_COUNT_MISMATCH"),
        (lie("/contacts", 2, link='<https://x.test/?pageId=6>; rel="prev"'), "SRC_COUNT_MISMATCH"),
        (lie("/contacts", 2, []), "SRC_COUNT_MISMATCH"),
        (lie("/contacts", 2, [contact(1)]), "SRC_PAGE_REPEATED"),
        (lie("/contacts", 2, link=NEXT.format(3)), "SRC_NO_NEXT_LINK"),
        (lie("/contacts", 1, link=NEXT.format("x")), "SRC_NO_NEXT_LINK"),
        (lie("/contacts", 1, link='<https://x.test/>; rel="next"'), "SRC_NO_NEXT_LINK"),
        (lie("/contacts", 1, link=f"{NEXT.format(3)}, {NEXT.format(4)}"), "SRC_NO_NEXT_LINK"),
        (lie("/contacts", 1, [contact(2), contact(1)]), "SRC_ORDER"),
        (lie("/contacts", 1, [contact(2), contact(2)]), "SRC_DUPLICATE_ID"),
        (lie("/contacts", 1, [{"firstName": "x"}]), "SRC_ID_TYPE"),
        (lie("/contacts", 1, {"items": []}), "SRC_SCHEMA"),
        (lie("/contacts", 1, [7]), "SRC_SCHEMA"),
        (lie("/contacts", 3, [contact(7, inactiveFlag="false")]), "SRC_SCHEMA"),
        (lie("/contacts", 3, [contact(7, company="ACME")]), "SRC_SCHEMA"),
        (lie("/contacts", 3, [contact(7, communicationItems={})]), "SRC_SCHEMA"),
        (lie("/contacts/count", 1, {"count": None}), "SRC_SCHEMA"),
        (lie("/contacts/count", 1, [7]), "SRC_SCHEMA"),
        (lie("/companies/statuses", 1, {}), "SRC_SCHEMA"),
    ],
)
def test_an_answer_that_cannot_be_right_ends_in_its_code(world: World, change: Callable[..., Any], code: str) -> None:
    world.vendor.change = change
    assert error_of(lambda: rows(world.source())).code == code


@pytest.mark.requirement("SAFE-1")
def test_a_list_that_changes_meanwhile_is_read_again(world: World) -> None:
    def change(path: str, _: dict[str, str], document: Any) -> Any:
        if path == "/contacts" and world.vendor.lists[path][-1]["id"] == 7:
            world.vendor.lists[path] = world.vendor.lists[path][:-1]
        return document

    world.vendor.change = change
    with pytest.raises(ReadRestarted):
        rows(world.source())


def test_a_flag_hidden_from_the_member_is_not_seen(world: World) -> None:
    for record in world.vendor.lists["/contacts"]:
        del record["inactiveFlag"]
    page = next(world.source().pages("contact", None))
    assert "inactiveFlag" not in page.fields_seen
    assert {"title", "company.inactive"} <= page.fields_seen
    assert page.rows[0]["inactiveFlag"] == ""


def test_what_was_not_asked_for_is_named_and_dropped(world: World) -> None:
    world.vendor.change = lie("/contacts", 1, [contact(number, ssn="078-05-1120") for number in (1, 2, 3)])
    page = next(world.source().pages("contact", None))
    assert page.unknown_fields == {"ssn"}
    assert "078-05-1120" not in str(page)


def test_companies_can_be_read_alone(world: World) -> None:
    (page,) = world.source().pages("company", None)
    assert page.rows == [{"source_id": "210", "identifier": "ACME", "name": "Acme Ltd", "types": "1", "inactive": "false"}]


def test_what_changed_is_asked_for_alone(world: World) -> None:
    new = {"_info": {"lastUpdated": "2026-02-01T00:00:00Z"}}
    world.vendor.lists["/companies"] = [{**COMPANY, "id": number, "name": f"C{number}"} for number in (210, 220, 230)]
    world.vendor.lists["/companies"][1] |= new
    world.vendor.lists["/contacts"] = [contact(number, company={"id": 210 + number // 100 * 10}) for number in (1, 2, 101, 102, 201, 202)]
    world.vendor.lists["/contacts"][0] |= new
    world.vendor.lists["/contacts"][5] |= new
    (changed,) = world.source(page_size=100).changed(datetime(2026, 1, 1, tzinfo=UTC))
    assert [(row["source_id"], row["company.name"]) for row in changed] == [
        ("1", "C210"),
        ("101", "C220"),
        ("102", "C220"),
        ("202", "C230"),
    ]
    assert [path for path, _ in world.vendor.asked] == ["/companies/statuses", "/companies", "/contacts", "/contacts", "/companies"]
    assert list(world.source().changed(datetime(2027, 1, 1, tzinfo=UTC))) == []


def test_conditions_say_what_they_mean() -> None:
    moment = datetime(2026, 1, 1, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    assert compared("lastUpdated", ">=", moment) == "lastUpdated>=[2026-01-01T00:30:00Z]"
    assert compared("inactiveFlag", "=", False) == "inactiveFlag=false"
    assert compared("company/identifier", "!=", "O'Neil & Söhne") == 'company/identifier!="O\'Neil & Söhne"'
    assert one_of("company/id", [3, 1]) == "company/id in (3,1)"
    for field, operator in (("id = 1 or id", "="), ("id", "= 1 or id ="), ("", "=")):
        with pytest.raises(ValueError, match="no condition"):
            compared(field, operator, 1)


@given(st.text(max_size=30))
def test_no_text_leaves_its_quotes(text: str) -> None:
    try:
        condition = compared("name", "=", text)
    except ConfigurationError as error:
        assert error.code == "CONDITION_TEXT"
        return
    assert condition == f'name="{text}"'
    assert condition.count('"') == 2
    assert condition.isprintable() or not text.isprintable()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": ""}, "CONN_SECRET_MISSING"),
        ({"company": ""}, "CONN_EXTRA"),
        ({"client_id": ""}, "CONN_EXTRA"),
        ({"company": "a+b"}, "CONN_EXTRA"),
        ({"login": "a:b"}, "CONN_EXTRA"),
        ({"page_size": 1001}, "CONN_EXTRA"),
        ({"password": "kéy-word"}, "CONN_BAD_CHARACTER"),
    ],
)
def test_settings_that_cannot_be_right(changes: dict[str, Any], code: str) -> None:
    settings = {"base_url": "https://x.test", "company": "acme", "login": "p", "password": "s3cret-word", "client_id": "0" * 36}
    with pytest.raises(ConfigurationError) as caught:
        connection_settings("connectwise", **{**settings, **changes})
    assert caught.value.code == code
    assert "s3cret-word" not in repr(connection_settings("connectwise", **settings))
