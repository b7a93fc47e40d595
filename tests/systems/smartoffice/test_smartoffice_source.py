"""SmartOffice read over HTTP, against a stand-in written from its README."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crosswalk.conformance.local_server import LocalServer
from crosswalk.conformance.subject import FAST
from crosswalk.core.ports import ReadRestarted, Row, Source
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, PermanentError, TransientError
from crosswalk.systems.smartoffice import conformance as stand_in
from crosswalk.systems.smartoffice.client import SmartOfficeClient
from crosswalk.systems.smartoffice.conformance import SmartOfficeStandIn, contact, group
from crosswalk.systems.smartoffice.source import SmartOfficeSource
from crosswalk.wire.connection import connection_settings

Connect = Callable[..., SmartOfficeSource]


@pytest.fixture
def engine() -> SmartOfficeStandIn:
    people = [contact(number, (number % 3 + 1, 11) if number % 2 else ()) for number in (1, 2, 3, 9, 10, 11, 12)]
    return SmartOfficeStandIn(people, [group(1, "Newsletter"), group(2, "Clients A"), group(3, "Clients B"), group(11, "Clients B")])


@pytest.fixture
def connect(engine: SmartOfficeStandIn) -> Iterator[Connect]:
    with LocalServer(engine) as server:

        def make(**changes: Any) -> SmartOfficeSource:
            given = {"login": "integration", "password": "sandbox-secret", "page_size": 3, "name": "smartoffice_summit", **FAST, **changes}
            return SmartOfficeSource(
                SmartOfficeClient(connection_settings("smartoffice", f"{server.url}/smartoffice/xmlengine", office="DEMO01", **given))
            )

        yield make


def rows(source: Source, entity: str = "contact", scope: list[str] | None = None) -> list[Row]:
    return [row for page in source.pages(entity, scope) for row in page.rows]


def error_of(source: Source, entity: str = "contact", scope: list[str] | None = None) -> CrosswalkError:
    with pytest.raises(CrosswalkError) as caught:
        rows(source, entity, scope)
    assert "smartoffice_summit" in str(caught.value)
    return caught.value


@pytest.mark.requirement("FMG-08")
@pytest.mark.parametrize("paging", ["search", "report"])
def test_every_field_of_every_contact_arrives(connect: Connect, engine: SmartOfficeStandIn, paging: str) -> None:
    engine.objects["Contact"][3] |= {"LastName": "O'Brien <&> Zoë", "Greeting": "", "PreferredPhone/Number": "010-4477 x12"}
    source = connect(paging=paging)
    pages = list(source.pages("contact", None))
    assert [len(page.rows) for page in pages] == [3, 3, 1]
    assert {page.total for page in pages} == {7}
    found = [row for page in pages for row in page.rows]
    assert [row["source_id"] for row in found] == [f"Contact.7.{number}" for number in (1, 2, 3, 9, 10, 11, 12)]
    expected = {
        "source_id": "Contact.7.9",
        "FirstName": "Quinn",
        "LastName": "O'Brien <&> Zoë",
        "Greeting": "",
        "ReviewDate": "2015-06-01",
        "Person.Dob": "1961-04-09",
        "Person.Gender": "2",
        "Person.Marital": "1",
        "PreferredEmail.Address": "quinn@example.test",
        "PreferredAddress.Line1": "1 Elm St",
        "PreferredAddress.Line2": "",
        "PreferredAddress.City": "Salem",
        "PreferredAddress.State": "OR",
        "PreferredAddress.ZipCode": "97301",
        "PreferredPhone.AreaCode": "555",
        "PreferredPhone.Number": "010-4477 x12",
        "TagGroups": "TagGroup.7.1 TagGroup.7.11",
    }
    assert found[3] == {**dict.fromkeys(found[3], ""), **expected}, "every other field is blank"
    assert pages[0].fields_seen == set(found[0]) - {"source_id"}
    assert pages[0].unknown_fields == frozenset()


@pytest.mark.parametrize("paging", ["search", "report"])
def test_groups_arrive(connect: Connect, paging: str) -> None:
    assert [(row["source_id"], row["Name"]) for row in rows(connect(paging=paging), "group")] == [
        ("TagGroup.7.1", "Newsletter"),
        ("TagGroup.7.2", "Clients A"),
        ("TagGroup.7.3", "Clients B"),
        ("TagGroup.7.11", "Clients B"),
    ]


@pytest.mark.parametrize("entity", ["contact", "group"])
def test_an_empty_database_is_one_empty_page(connect: Connect, engine: SmartOfficeStandIn, entity: str) -> None:
    engine.objects = {"Contact": [], "TagGroup": []}
    assert [(page.rows, page.total) for page in connect().pages(entity, None)] == [([], 0)]


def test_a_result_that_fills_its_last_page_ends(connect: Connect) -> None:
    assert len(rows(connect(page_size=7))) == 7


def test_who_and_what(connect: Connect) -> None:
    source = connect()
    assert source.identity() == "smartoffice://localhost/DEMO01"
    assert source.describe() == {"system": "smartoffice", "office": "DEMO01"}
    assert source.dictionary() == {"Person.Gender": {"1": "Male", "2": "Female"}}


@pytest.mark.requirement("FMG-09")
def test_totals_count_the_whole_database(connect: Connect, engine: SmartOfficeStandIn) -> None:
    assert connect().totals() == {"contact": 7, "group": 4}
    assert engine.operations == [("Contact", 0), ("TagGroup", 0)]


@pytest.mark.requirement("FMG-01")
def test_the_right_is_checked_and_both_kinds_of_customer_are_told(connect: Connect, engine: SmartOfficeStandIn) -> None:
    connect().require_right("FMG")
    engine.rights["FMG"] = ["someone"]
    with pytest.raises(AuthRefused) as caught:
        connect().require_right("FMG")
    assert caught.value.code == "RIGHT_MISSING"
    for words in ("User Accounts", "User Rights", "Integrations", "check FMG", "enterprise", "contact Ebix directly"):
        assert words in caught.value.next_step


@pytest.mark.requirement("FMG-03")
@pytest.mark.parametrize("paging", ["search", "report"])
def test_a_scope_reads_the_members_of_its_groups_and_no_other_membership(connect: Connect, paging: str) -> None:
    source = connect(paging=paging)
    scope = ["Newsletter", "TagGroup.7.2"]
    assert [row["source_id"] for row in rows(source, "group", scope)] == ["TagGroup.7.1", "TagGroup.7.2"]
    assert {row["source_id"]: row["TagGroups"] for row in rows(source, "contact", scope)} == {
        "Contact.7.1": "TagGroup.7.2",
        "Contact.7.3": "TagGroup.7.1",
        "Contact.7.9": "TagGroup.7.1",
    }


@pytest.mark.parametrize(
    ("scope", "code", "words"),
    [
        (["newsletter"], "SCOPE_GROUP_UNKNOWN", "none of the 4 tag groups has this name. Next: check the spelling"),
        (["TagGroup.7.99"], "SCOPE_GROUP_UNKNOWN", "has this id"),
        (["Clients B"], "SCOPE_GROUP_AMBIGUOUS", "TagGroup.7.11, TagGroup.7.3"),
        ([], "SCOPE_EMPTY", "no tag group is named"),
    ],
)
def test_a_scope_that_names_no_one_group_is_refused(connect: Connect, scope: list[str], code: str, words: str) -> None:
    for entity in ("group", "contact"):
        error = error_of(connect(), entity, scope)
        assert isinstance(error, ConfigurationError)
        assert error.code == code
        assert words in str(error)


def test_all_that_is_wrong_with_a_scope_is_said_at_once(connect: Connect) -> None:
    error = error_of(connect(), "contact", ["Nobody", "Clients B"])
    assert isinstance(error, ConfigurationError)
    assert [problem.code for problem in error.problems] == ["SCOPE_GROUP_UNKNOWN", "SCOPE_GROUP_AMBIGUOUS"]


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize("paging", ["search", "report"])
@pytest.mark.parametrize(
    ("at", "find", "put", "code"),
    [
        (2, 'pageno="2"', 'pageno="1"', "SRC_PAGE_MISPLACED"),
        (1, r'searchid="\d+"', 'searchid="5"', "SRC_PAGE_MISPLACED"),
        (1, 'total="7"', 'total="8"', "SRC_COUNT_MISMATCH"),
        (2, 'more="false"', 'more="true"', "SRC_COUNT_MISMATCH"),
        (1, 'more="true"', 'more="false"', "SRC_COUNT_MISMATCH"),
        (0, r'searchid="\d+" ', "", "SRC_NO_NEXT_LINK"),
        (0, 'more="true"', "", "SRC_SCHEMA"),
        (0, 'total="7"', 'total="many"', "SRC_SCHEMA"),
        (0, 'total="7"', 'total="-7"', "SRC_SCHEMA"),
        (1, r"<Contact .*?</Contact>", "", "SRC_SHORT_PAGE"),
        (1, 'id="Contact.7.10"', 'id="Contact.7.2"', "SRC_DUPLICATE_ID"),
        (1, 'id="Contact.7.10"', 'id="10"', "SRC_ID_TYPE"),
        (1, 'id="Contact.7.10"', 'id="Contact.8.10"', "SRC_ID_TYPE"),
        (1, 'id="Contact.7.10"', 'id="Agent.7.10"', "SRC_ID_TYPE"),
        (1, 'id="Contact.7.10"', 'id="Contact.7.4"', "SRC_ORDER"),
        (1, 'id="TagGroup.7.11"', 'id="TagGroup.8.11"', "SRC_ID_TYPE"),
        (1, 'id="TagGroup.7.11"', 'id=""', "SRC_ID_TYPE"),
        (1, "<(/?)Contact", r"<\1Person", "SRC_SCHEMA"),
        (1, "<LastName>Quill</LastName>", "<LastName>A</LastName><LastName>B</LastName>", "SRC_DUPLICATE_FIELD"),
    ],
)
def test_a_server_that_lies_is_found_out(
    connect: Connect, engine: SmartOfficeStandIn, paging: str, at: int, find: str, put: str, code: str
) -> None:
    engine.change = lambda _, page, text: re.sub(find, put, text, count=0 if "Person" in put else 1) if page == at else text
    assert error_of(connect(paging=paging)).code == code


@pytest.mark.parametrize("status", ["<_status>ERROR</_status>", ""])
@pytest.mark.parametrize("paging", ["search", "report"])
def test_a_status_other_than_ok_stops_the_read(connect: Connect, monkeypatch: pytest.MonkeyPatch, paging: str, status: str) -> None:
    real = stand_in._response
    monkeypatch.setattr(stand_in, "_response", lambda text: real(text.replace("<_status>OK</_status>", status)))
    assert error_of(connect(paging=paging)).code == "SRC_STATUS"


@pytest.mark.requirement("SAFE-1")
def test_a_page_sent_twice_is_noticed(connect: Connect, engine: SmartOfficeStandIn) -> None:
    kept: list[str] = []

    def repeat(_: str, page: int, text: str) -> str:
        kept.append(text)
        return kept[1].replace('pageno="1"', 'pageno="2"') if page == 2 else text

    engine.change = repeat
    engine.objects["Contact"].extend(contact(number) for number in (13, 14, 15))
    assert error_of(connect()).code == "SRC_PAGE_REPEATED"


@pytest.mark.requirement("FMG-03")
def test_a_server_that_ignores_the_scope_is_noticed(connect: Connect, engine: SmartOfficeStandIn) -> None:
    engine.change = lambda name, _, text: re.sub(r"<TagGroup .*?/>", '<TagGroup id="TagGroup.7.3"/>', text) if name == "Contact" else text
    assert error_of(connect(), "contact", ["Newsletter"]).code == "SRC_SCOPE_IGNORED"


def test_a_record_without_id_is_left_to_validation(connect: Connect, engine: SmartOfficeStandIn) -> None:
    engine.objects["Contact"][4]["id"] = ""
    assert [row["source_id"] for row in rows(connect())][3:6] == ["Contact.7.9", "", "Contact.7.11"]


def test_what_was_not_asked_for_is_named_and_dropped(connect: Connect, engine: SmartOfficeStandIn) -> None:
    engine.change = lambda _, __, text: (
        text.replace("<FirstName>", "<TaxID>078-05-1120</TaxID><FirstName>")
        .replace("<Dob>", "<Salary>9</Salary><Dob>")
        .replace("<Greeting>Q", "<Greeting><b>Q</b>")
    )
    pages = list(connect().pages("contact", None))
    assert pages[0].unknown_fields == {"TaxID", "Person.Salary", "Greeting.b"}
    assert "078-05-1120" not in str(pages)


def test_a_field_that_is_gone_is_not_among_the_fields_seen(connect: Connect, engine: SmartOfficeStandIn) -> None:
    engine.change = lambda _, page, text: re.sub(r"<PreferredEmail>.*?</PreferredEmail>", "", text)
    page = next(connect().pages("contact", None))
    assert "PreferredEmail.Address" not in page.fields_seen
    assert page.rows[0]["PreferredEmail.Address"] == ""


@pytest.mark.parametrize(
    ("code", "kind", "ours"),
    [
        ("AUTH_FAILED", AuthRefused, "SRC_AUTH_FAILED"),
        ("RIGHT_MISSING", AuthRefused, "RIGHT_MISSING"),
        ("BUSY", TransientError, "SRC_BUSY"),
        ("NOT_FOUND", PermanentError, "SRC_NOT_FOUND"),
        ("SOMETHING_ELSE", PermanentError, "SRC_ERROR_BODY"),
        ("canary@example.test", PermanentError, "SRC_ERROR_BODY"),
    ],
)
def test_an_error_of_the_engine_is_understood_and_not_repeated(
    connect: Connect, engine: SmartOfficeStandIn, code: str, kind: type[CrosswalkError], ours: str
) -> None:
    engine._search = lambda *_: f'<error code="{code}">canary quinn@example.test</error>'  # type: ignore[method-assign]
    error = error_of(connect())
    assert (type(error), error.code) == (kind, ours)
    assert "canary" not in str(error)


def test_a_busy_engine_is_asked_again(connect: Connect, engine: SmartOfficeStandIn) -> None:
    real, calls = engine._search, []

    def busy_at_first(*given: Any) -> str:
        calls.append(1)
        return '<error code="BUSY"/>' if len(calls) in (1, 3) else real(*given)

    engine._search = busy_at_first  # type: ignore[method-assign]
    assert len(rows(connect())) == 7


@pytest.mark.parametrize("code", ["SESSION_EXPIRED", "SEARCH_UNKNOWN"])
def test_a_lost_session_restarts_the_read(connect: Connect, engine: SmartOfficeStandIn, code: str) -> None:
    real, lost = engine._search, [False]

    def lose_once(search: Any, session: str) -> str:
        if search.get("pageno") == "1" and not lost[0]:
            lost[0] = True
            return f'<error code="{code}"/>'
        return real(search, session)

    engine._search = lose_once  # type: ignore[method-assign]
    source, seen = connect(), []
    with pytest.raises(ReadRestarted):
        for page in source.pages("contact", None):
            seen.append(page)
    assert len(seen) == 1
    assert len(rows(source)) == 7


def test_a_session_lost_outside_of_a_read_is_transient(connect: Connect, engine: SmartOfficeStandIn) -> None:
    engine._search = lambda *_: '<error code="SESSION_EXPIRED"/>'  # type: ignore[method-assign]
    for ask in (connect().totals, connect().dictionary):
        with pytest.raises(TransientError) as caught:
            ask()
        assert caught.value.code == "SRC_SESSION_LOST"


@pytest.mark.parametrize(
    "text",
    [
        '<response xmlns="urn:other" version="1.0"><search/></response>',
        "<dxoproxy-response/>",
        '<response version="1.0"><header/></response>',
        '<response version="1.0"><get><_status>OK</_status></get></response>',
    ],
)
def test_a_renamed_answer_is_refused(connect: Connect, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(stand_in, "_response", lambda _: text)
    assert error_of(connect()).code == "SRC_SCHEMA"


def test_a_wrong_password_is_not_repeated(connect: Connect) -> None:
    error = error_of(connect(password="wrong-secret-77"))
    assert error.code == "SRC_AUTH_FAILED"
    assert "wrong-secret-77" not in str(error)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"paging": "csv"}, "CONN_EXTRA"),
        ({"page_size": 0}, "CONN_EXTRA"),
        ({"page_size": 2001}, "CONN_EXTRA"),
        ({"password": ""}, "CONN_SECRET_MISSING"),
        ({"login": ""}, "CONN_LOGIN_MISSING"),
        ({"password": "a\nb"}, "CONN_BAD_CHARACTER"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, Any], code: str) -> None:
    given = {"base_url": "https://api.test", "office": "DEMO01", "login": "jroe", "password": "sandbox-secret", **changes}
    with pytest.raises(ConfigurationError) as caught:
        connection_settings("smartoffice", **given)
    assert caught.value.code == code


@pytest.mark.requirement("SAFE-9")
def test_settings_show_no_password() -> None:
    assert "sandbox-secret" not in repr(
        connection_settings("smartoffice", "https://api.test", office="DEMO01", login="jroe", password="sandbox-secret")
    )
