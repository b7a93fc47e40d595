"""Autotask read over HTTP, against a stand-in written from its README."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.core.ports import ReadRestarted, Row
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, DataError, RateLimited, TransientError
from crosswalk.systems.autotask.conformance import COMPANY, CONTACT, AutotaskStandIn, Record
from crosswalk.systems.autotask.conformance import connect as autotask
from crosswalk.systems.autotask.source import AutotaskSource
from crosswalk.wire.connection import connection_settings

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """A stand-in, the server in front of it, and a source that talks to it."""

    def __init__(self, vendor: AutotaskStandIn) -> None:
        self.vendor = vendor
        self.answer: Callable[[Seen], Reply] = vendor
        self.server = LocalServer(lambda seen: self.answer(seen))  # noqa: PLW0108 - a test changes the answer

    def source(self, **changes: Any) -> AutotaskSource:
        return autotask(self.server.url, **{"page_size": 3, **changes})

    def paths(self) -> list[str]:
        return [seen.path.partition("/V1.0")[2] for seen in self.server.seen]


@pytest.fixture
def world() -> Iterator[World]:
    made = World(AutotaskStandIn([{**CONTACT, "id": number} for number in range(1, 8)]))
    with made.server:
        yield made


def rows(source: AutotaskSource) -> list[Row]:
    return [row for page in source.pages("contact", None) for row in page.rows]


def error_of(ask: Callable[[], Any]) -> CrosswalkError:
    with pytest.raises(CrosswalkError) as caught:
        ask()
    assert "autotask_summit" in str(caught.value)
    assert not {"ana@example.test", "sandbox-secret"} & set(str(caught.value).split())
    return caught.value


@pytest.mark.requirement("MIND-01")
def test_a_contact_brings_what_is_needed_of_its_company(world: World) -> None:
    world.vendor.tables["Contacts"][2] |= {"companyID": 999, "emailAddress": None, "isActive": 0, "isOptedOutFromBulkEmail": True}
    del world.vendor.tables["Contacts"][3]["firstName"]
    first, second, third, *_ = rows(world.source())
    assert first | {"phone": ""} == {
        **dict.fromkeys(first, ""),
        "source_id": "1",
        "firstName": "Ana",
        "lastName": "Ruiz",
        "emailAddress": "ana@example.test",
        "isActive": "true",
        "isOptedOutFromBulkEmail": "false",
        "contactType": "2",
        "companyID": "210",
        "company.companyName": "Acme Ltd",
        "company.companyType": "1",
        "company.isActive": "true",
    }
    assert [second[name] for name in ("isActive", "company.isActive", "company.companyType", "emailAddress")] == ["false", "", "", ""]
    assert (second["isOptedOutFromBulkEmail"], third["firstName"]) == ("true", "")


def test_paging_is_by_id_and_no_link_is_followed(world: World) -> None:
    assert len(rows(world.source())) == 7
    asked = [query["filter"][-1]["value"] for query in world.vendor.queries if query["entity"] == "Contacts"]
    assert asked == [0, 3, 6]
    assert {seen.headers["host"] for seen in world.server.seen} == {f"localhost:{world.server.port}"}


def test_only_what_is_mapped_is_asked_for(world: World) -> None:
    rows(world.source(type_field=""))
    (first, *_) = [query["IncludeFields"] for query in world.vendor.queries if query["entity"] == "Contacts"]
    assert "userDefinedFields" not in first
    assert first[0] == "id"


@pytest.mark.parametrize(("held", "value"), [("2", "2"), ("Prospect", "2"), ("Gone", ""), (None, "")])
def test_a_user_defined_type_is_its_entry_s_value(world: World, held: str | None, value: str) -> None:
    world.vendor.tables["Contacts"][1]["userDefinedFields"] = [{"name": "contact type", "value": held}]
    assert rows(world.source())[0]["contactType"] == value


@pytest.mark.requirement("MIND-02")
def test_choices_are_what_the_picklists_say_now(world: World) -> None:
    world.vendor.labels = {"1": "Client ", "7": "Prospect"}
    source = world.source()
    assert source.choices("company.companyType") == source.choices("contactType") == {"1": "Client", "7": "Prospect"}


def test_a_field_without_picklist_has_no_choices(world: World) -> None:
    assert error_of(lambda: world.source(type_field="").choices("contactType")).code == "CONN_EXTRA"
    assert error_of(lambda: world.source().choices("city")).code == "CONN_EXTRA"
    assert error_of(lambda: world.source(type_field="Tier").choices("contactType")).code == "SRC_SCHEMA"


def test_who_and_where(world: World) -> None:
    source = world.source()
    assert source.identity() == "autotask://localhost/api@example.test"
    assert source.describe() == {"system": "autotask", "user": "api@example.test"}
    assert world.server.seen == []
    assert source.totals() == {"company": 1, "contact": 7}
    source.require_right("")


def test_companies_can_be_read_alone(world: World) -> None:
    (page,) = world.source().pages("company", None)
    assert page.rows == [{"source_id": "210", "companyName": "Acme Ltd", "companyType": "1", "isActive": "true"}]


def lie(path: str, at: int = 1, **changes: Any) -> Callable[[str, Any], Any]:
    calls = {"n": 0}

    def change(asked: str, document: Any) -> Any:
        calls["n"] += asked == path
        return {**document, **changes} if asked == path and calls["n"] == at else document

    return change


ITEMS = [{**CONTACT, "id": number} for number in (1, 2, 3)]
LAST = {"pageDetails": {"nextPageUrl": None}}


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lie("/Contacts/query", 2, items=[], **LAST), "SRC_COUNT_MISMATCH"),
        (lie("/Contacts/query", 2, items=ITEMS[:1], **LAST), "SRC_PAGE_REPEATED"),
        (lie("/Contacts/query", 1, items=ITEMS[:2]), "SRC_SHORT_PAGE"),
        (lie("/Contacts/query", 1, items=[*ITEMS, {**CONTACT, "id": 4}]), "SRC_SHORT_PAGE"),
        (lie("/Contacts/query", 1, items=[ITEMS[0], ITEMS[0], ITEMS[2]]), "SRC_DUPLICATE_ID"),
        (lie("/Contacts/query", 1, items=[ITEMS[1], ITEMS[0], ITEMS[2]]), "SRC_ORDER"),
        (lie("/Contacts/query", 1, items=[{**CONTACT, "id": "1"}], **LAST), "SRC_ID_TYPE"),
        (lie("/Contacts/query", 1, items=[{**CONTACT, "id": True}], **LAST), "SRC_ID_TYPE"),
        (lie("/Contacts/query", 1, items=None), "SRC_SCHEMA"),
        (lie("/Contacts/query", 1, items=[1], **LAST), "SRC_SCHEMA"),
        (lie("/Contacts/query", 1, pageDetails=None), "SRC_SCHEMA"),
        (lie("/Contacts/query", 1, items=[{"id": 1, "isActive": 2}], **LAST), "SRC_SCHEMA"),
        (lie("/Contacts/query", 1, items=[{"id": 1, "isActive": "1"}], **LAST), "SRC_SCHEMA"),
        (lie("/Contacts/query", 1, items=[{"id": 1, "firstName": 7}], **LAST), "SRC_SCHEMA"),
        (lie("/Contacts/query/count", 2, queryCount=-1), "SRC_SCHEMA"),
        (lie("/Companies/query/count", 2, queryCount="1"), "SRC_SCHEMA"),
        (lie("/Companies/query", 1, items=[{**COMPANY, "id": 210, "companyType": "1"}], **LAST), "SRC_SCHEMA"),
        (lie("zone", 1, url=None), "SRC_SCHEMA"),
        (lie("/ThresholdInformation", 1, externalRequestThreshold=None), "SRC_SCHEMA"),
    ],
)
def test_an_answer_that_cannot_be_right_ends_in_its_code(world: World, change: Callable[[str, Any], Any], code: str) -> None:
    world.vendor.change = change
    assert error_of(lambda: rows(world.source())).code == code


@pytest.mark.requirement("SAFE-1")
def test_a_list_that_changes_meanwhile_is_read_again(world: World) -> None:
    def change(path: str, document: Any) -> Any:
        if path == "/Contacts/query":
            world.vendor.tables["Contacts"].pop(7, None)
        return document

    world.vendor.change = change
    with pytest.raises(ReadRestarted):
        rows(world.source())


def test_a_flag_hidden_from_the_user_is_not_seen(world: World) -> None:
    for record in world.vendor.tables["Contacts"].values():
        record |= {"isActive": None}
        del record["firstName"]
    (page, *_) = world.source().pages("contact", None)
    assert "isActive" not in page.fields_seen
    assert {"firstName", "companyID", "company.isActive"} <= page.fields_seen


def test_what_was_not_asked_for_is_named_and_dropped(world: World) -> None:
    world.vendor.change = lie("/Contacts/query", items=[{**ITEMS[0], "ssn": "078-05-1120"}, *ITEMS[1:]])
    page = next(world.source().pages("contact", None))
    assert page.unknown_fields == {"ssn"}
    assert "078-05-1120" not in str(page)


def test_a_zone_that_moved_is_looked_up_once_more(world: World) -> None:
    source = world.source()
    assert source.totals()["contact"] == 7
    world.vendor.zone = "zone2"
    assert source.totals()["contact"] == 7
    assert world.paths().count("/zoneInformation") == 2
    assert source._client.sent == {"GET": 2, "POST": 5}


def test_credentials_that_are_refused_are_not_tried_for_ever(world: World) -> None:
    source = world.source(password="another-secret")
    assert error_of(source.totals).code == "CONN_AUTH_FAILED"
    assert world.paths() == ["/zoneInformation", "/Companies/query/count", "/zoneInformation"]


@pytest.mark.parametrize(
    "url", ["http://evil.test/ATServicesRest/", "https://localhost/ATServicesRest/", "http://127.0.0.1:9999/ATServicesRest/"]
)
def test_credentials_stay_with_the_vendor(world: World, url: str) -> None:
    world.vendor.zone_url = url
    error = error_of(world.source().totals)
    assert isinstance(error, ConfigurationError)
    assert error.code == "CONN_ZONE_FOREIGN"
    assert len(world.server.seen) == 1


@pytest.mark.parametrize(
    ("host", "zone", "related"),
    [
        ("webservices.autotask.net", "webservices99.autotask.net", True),
        ("webservices.autotask.net", "webservices99.autotask.net.evil.test", False),
        ("webservices.autotask.net", "evilautotask.net", False),
        ("autotask.net", "webservices.autotask.net", False),
        ("autotask.net", "evil.net", False),
        ("10.0.0.1", "9.0.0.1", False),
        ("localhost", "localhost", True),
    ],
)
def test_a_zone_is_under_the_parent_domain(host: str, zone: str, related: bool) -> None:
    from crosswalk.systems.autotask.zone import _related

    assert _related(zone, host) is related


def test_an_unknown_user_is_not_told_from_a_failure(world: World) -> None:
    error = error_of(world.source(login="nobody@example.test").totals)
    assert isinstance(error, TransientError)
    assert (error.code, len(world.server.seen)) == ("SRC_ZONE_UNKNOWN", 5)


def refused(text: str) -> Callable[[World, Seen], Reply]:
    body = f'{{"errors": ["{text} of ana@example.test"]}}'.encode()
    return lambda world, seen: Reply(body, 500) if seen.path.endswith("/query") else world.vendor(seen)


def test_a_500_that_speaks_of_permission_is_final(world: World) -> None:
    reply = refused("the Resource does not have the adequate Permissions to query")
    world.answer = lambda seen: reply(world, seen)
    error = error_of(lambda: rows(world.source()))
    assert isinstance(error, AuthRefused)
    assert (error.code, world.paths().count("/Companies/query")) == ("RIGHT_MISSING", 1)


def test_another_500_is_tried_again_and_then_said(world: World) -> None:
    reply = refused("something broke")
    world.answer = lambda seen: reply(world, seen)
    error = error_of(lambda: rows(world.source()))
    assert isinstance(error, TransientError)
    assert (error.code, world.paths().count("/Companies/query")) == ("SRC_ERROR_BODY", 5)


def test_what_would_use_up_the_threshold_is_not_begun(world: World) -> None:
    world.vendor.used = 9_995
    error = error_of(lambda: rows(world.source()))
    assert isinstance(error, RateLimited)
    assert error.code == "SRC_THRESHOLD"
    assert "/Contacts/query" not in world.paths()


def test_what_changed_is_asked_for_alone(world: World) -> None:
    companies = {number: {**COMPANY, "id": number, "lastActivityDate": "2025-01-01T00:00:00Z"} for number in (210, 220, 230)}
    companies[220]["lastTrackedModifiedDateTime"] = "2026-02-01T00:00:00Z"
    world.vendor.tables["Companies"] = companies
    people: dict[int, Record] = {
        number: {**CONTACT, "id": number, "companyID": 210 + number // 100 * 10, "lastModifiedDate": "2025-01-01T00:00:00Z"}
        for number in [*range(1, 60), *range(101, 105), *range(201, 260)]
    }
    people[7]["lastModifiedDate"] = people[203]["lastActivityDate"] = "2026-01-01T00:00:00Z"
    world.vendor.tables["Contacts"] = people
    (changed,) = world.source(page_size=500).changed(SINCE)
    assert [row["source_id"] for row in changed] == ["7", "101", "102", "103", "104", "203"]
    assert {row["company.companyName"] for row in changed} == {"Acme Ltd"}
    assert len(world.server.seen) == 6  # zone, companies, contacts, contacts of companies, companies by id, picklist
    assert list(world.source().changed(datetime(2027, 1, 1, tzinfo=UTC))) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": ""}, "CONN_SECRET_MISSING"),
        ({"integration_code": ""}, "CONN_EXTRA"),
        ({"login": ""}, "CONN_LOGIN_MISSING"),
        ({"page_size": 501}, "CONN_EXTRA"),
        ({"page_size": 0}, "CONN_EXTRA"),
        ({"password": "a\nb-secret"}, "CONN_BAD_CHARACTER"),
    ],
)
def test_settings_that_cannot_be_right(changes: dict[str, Any], code: str) -> None:
    settings = {"base_url": "https://x.test", "login": "u", "password": "s3cret-word", "integration_code": "c"}
    with pytest.raises(ConfigurationError) as caught:
        connection_settings("autotask", **{**settings, **changes})
    assert caught.value.code == code
    assert "s3cret-word" not in repr(connection_settings("autotask", **settings))


def test_a_data_error_is_no_empty_list(world: World) -> None:
    world.vendor.change = lie("/Contacts/query", items=[], **LAST)
    with pytest.raises(DataError):
        rows(world.source())
