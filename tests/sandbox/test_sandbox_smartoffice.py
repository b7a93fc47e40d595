from __future__ import annotations

import re

import pytest
import requests

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import EVERY_PROPERTY, Control, Engine, error_code, in_groups, parsed


def ids(page: object) -> list[str]:
    return [record.get("id") for record in page if record.get("id")]  # type: ignore[attr-defined]


def test_pages_of_a_search_hold_everyone_once_in_order_of_number(engine: Engine) -> None:
    pages = engine.pages(size=50)
    found = [record_id for page in pages for record_id in ids(page)]
    assert [len(ids(page)) for page in pages] == [50, 50, 50, 50, 30]
    assert [page.get("more") for page in pages] == ["true"] * 4 + ["false"]
    assert {(page.get("total"), page.get("searchid")) for page in pages} == {("230", pages[0].get("searchid"))}
    assert [page.get("pageno") for page in pages] == list("01234")
    numbers = [int(record_id.split(".")[2]) for record_id in found]
    assert numbers == sorted(set(numbers))
    assert found != sorted(found), "the office crosses 999 → 1000, so that order as text differs"


def test_a_page_as_large_as_the_rest_is_the_last(engine: Engine) -> None:
    pages = engine.pages(size=115)
    assert [(len(ids(page)), page.get("more")) for page in pages] == [(115, "true"), (115, "false")]


def test_every_asked_property_is_present_also_when_blank(engine: Engine) -> None:
    asked = sorted([*re.findall(r"<(\w+)/?>", EVERY_PROPERTY.replace("<TagGroup/>", "")), "Contact"])
    for page in engine.pages(size=100):
        for record in page.iterfind("Contact"):
            assert sorted(element.tag for element in record.iter() if element.tag != "TagGroup") == asked


def test_only_asked_properties_are_returned(engine: Engine) -> None:
    page = parsed(engine.search(size=1, template="<LastName/><Person><Dob/></Person>")).find("search")
    assert page is not None
    assert [element.tag for element in page[-1].iter()] == ["Contact", "LastName", "Person", "Dob"]


def test_an_empty_template_asks_for_everything(engine: Engine) -> None:
    everything = engine.pages(size=230)[0]
    assert [child.tag for child in engine.pages(size=230, template="")[0][-1]] == [child.tag for child in everything[-1]]


def test_status_systime_and_ids_of_inner_objects(engine: Engine) -> None:
    page = engine.pages(size=230)[0]
    assert (page.findtext("_status"), len(page.findtext("_systime") or "")) == ("OK", 19)
    first = page.find("Contact")
    assert first is not None
    assert first.get("_type") == "obj"
    inner = {tag: first.find(tag).get("id") for tag in ("PreferredEmail", "PreferredAddress", "PreferredPhone")}  # type: ignore[union-attr]
    assert inner == {"PreferredEmail": "WebAddress.7.801", "PreferredAddress": "Address.7.801", "PreferredPhone": "Phone.7.801"}
    member = next(record for record in page.iterfind("Contact") if record.find("TagGroups/TagGroup") is not None)
    assert member.find("TagGroups").get("_type") == "objs"  # type: ignore[union-attr]
    assert member.find("TagGroups/TagGroup").get("id", "").startswith("TagGroup.7.")  # type: ignore[union-attr]


def test_a_result_is_frozen_while_the_office_changes(engine: Engine, control: Control) -> None:
    before = [record_id for page in engine.pages(size=100) for record_id in ids(page)]
    first = parsed(engine.search(size=100)).find("search")
    assert first is not None
    office = "/smartoffice/offices/DEMO01"
    control.call("PATCH", f"{office}/contacts/{before[150]}", {"LastName": "Changed"})
    control.call("DELETE", f"{office}/contacts/{before[10]}")
    control.call("POST", f"{office}/contacts", {"LastName": "New", "id": "Contact.7.3"})
    rest = [parsed(engine.search(page, first.get("searchid", ""), size=100)).find("search") for page in (1, 2)]
    assert ids(first) + [record_id for page in rest for record_id in ids(page)] == before
    assert "Changed" not in [name.text for page in rest for name in page.iter("LastName")]  # type: ignore[union-attr]
    assert ids(engine.pages(size=230)[0])[0] == "Contact.7.3"


def test_scope_and_counts_by_tag_group(engine: Engine, control: Control) -> None:
    members = {row["id"] for group in (1, 3) for row in _members(control, f"TagGroup.7.{group}")}
    (page,) = engine.pages(size=2000, where=in_groups("TagGroup.7.1", "TagGroup.7.3"))
    assert set(ids(page)) == members
    assert 0 < len(members) < 230
    (groups,) = engine.pages(size=2000, kind="TagGroup", template="<Name/>")
    assert [name.text for name in groups.iter("Name")][:2] == ["Newsletter", "Clients A"]
    (empty,) = engine.pages(where=in_groups("TagGroup.7.12"))
    assert (empty.get("total"), empty.get("more"), ids(empty)) == ("0", "false", [])


def _members(control: Control, group: str) -> list[dict[str, str]]:
    return list(control.get("/smartoffice/offices/DEMO01/contacts", TagGroups=group, limit=1000)["contacts"])


def test_the_total_alone(engine: Engine) -> None:
    page = parsed(engine.search(size=1, template="<LastName/>")).find("search")
    assert page is not None
    assert (page.get("total"), page.get("more"), len(ids(page))) == ("230", "true", 1)


def test_reports_say_what_searches_say(engine: Engine) -> None:
    found: list[str] = []
    key, more = "-1", "true"
    while more == "true":
        report = parsed(engine.report(len(found) // 100, key, size=100)).find("method/DynamicReport")
        assert report is not None
        found += ids(report)
        key, more = report.get("searchid", ""), report.get("more", "")
    assert found == [record_id for page in engine.pages(size=100) for record_id in ids(page)]
    groups = parsed(engine.report(name="Crosswalk tag groups", size=100))
    assert groups.findtext("method/_status") == "OK"
    assert len(groups.findall("method/DynamicReport/TagGroup")) == 12
    filtered = parsed(engine.report(size=2000, where="TagGroups in TagGroup.7.1,TagGroup.7.3")).find("method/DynamicReport")
    assert ids(filtered) == ids(engine.pages(size=2000, where=in_groups("TagGroup.7.1", "TagGroup.7.3"))[0])


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ('<search pagesize="2001"><object><Contact/></object></search>', "BAD_REQUEST"),
        ('<search pagesize="0"><object><Contact/></object></search>', "BAD_REQUEST"),
        ('<search pageno="x"><object><Contact/></object></search>', "BAD_REQUEST"),
        ("<search><object><Contact><Shoe/></Contact></object></search>", "UNKNOWN_PROPERTY"),
        ("<search><object><Shoe/></object></search>", "UNKNOWN_OBJECT"),
        ("<search><object><Contact/><TagGroup/></object></search>", "BAD_REQUEST"),
        ('<search><object><Contact/></object><condition><expr prop="Shoe" op="in"/></condition></search>', "UNKNOWN_PROPERTY"),
        ('<search><object><Contact/></object><condition><expr prop="LastName" op="starts"/></condition></search>', "UNSUPPORTED"),
        ('<search><object><Contact/></object><sort><item prop="LastName"/></sort></search>', "UNSUPPORTED"),
        ("<method><DynamicReport><reportName>Other</reportName></DynamicReport></method>", "REPORT_UNKNOWN"),
        ("<method><Shoe/></method>", "UNKNOWN_METHOD"),
        ('<get><Contact id="Contact.7.1"/></get>', "NOT_FOUND"),
        ('<get><Contact id="Contact.8.801"/></get>', "NOT_FOUND"),
        ("<delete/>", "BAD_REQUEST"),
        ("<get><Contact/></get><get><Contact/></get>", "BAD_REQUEST"),
        ("<insert><Contact/></insert>", "UNSUPPORTED"),
        ("<get>", "BAD_REQUEST"),
    ],
)
def test_refusals(engine: Engine, operation: str, code: str) -> None:
    assert error_code(engine.send(operation)) == code


def test_a_request_with_a_doctype_is_refused(engine: Engine) -> None:
    body = '<!DOCTYPE request [<!ENTITY x SYSTEM "file:///etc/hostname">]><request><header/><get>&x;</get></request>'
    assert error_code(engine.http.post(engine.url, data=body, timeout=10)) == "BAD_REQUEST"


@pytest.mark.parametrize("wrong", [{"office": "OTHER"}, {"user": "jroe"}, {"password": "sandbox-secreT"}])
def test_wrong_credentials_are_refused(box: SandboxServer, wrong: dict[str, str]) -> None:
    answer = Engine(box.url, **wrong).search()
    assert error_code(answer) == "AUTH_FAILED"
    assert "Set-Cookie" not in answer.headers


class TestSessions:
    def test_a_search_is_continued_only_in_its_session(self, engine: Engine, box: SandboxServer) -> None:
        first = parsed(engine.search()).find("search")
        assert first is not None
        search = first.get("searchid", "")
        assert error_code(Engine(box.url).search(1, search)) == "SEARCH_UNKNOWN"
        other = Engine(box.url)
        other.search()
        assert error_code(other.search(1, search)) == "SEARCH_UNKNOWN"
        assert len(ids(parsed(engine.search(1, search)).find("search"))) == 50

    def test_a_search_is_continued_only_as_it_began(self, engine: Engine) -> None:
        first = parsed(engine.search()).find("search")
        assert first is not None
        assert error_code(engine.search(1, first.get("searchid", ""), size=49)) == "BAD_REQUEST"

    def test_one_cookie_a_session(self, engine: Engine) -> None:
        assert "JSESSIONID" in engine.search().cookies
        assert "Set-Cookie" not in engine.search().headers

    def test_a_session_not_kept_is_closed(self, engine: Engine) -> None:
        answer = engine.send("<get><Contact id='Contact.7.801'><LastName/></Contact></get>", keep=False)
        assert parsed(answer).findtext("header/sessionClosed") == "true"
        assert "Set-Cookie" not in answer.headers
        assert parsed(engine.search()).findtext("header/sessionClosed") == "false"

    def test_an_ended_session_says_so_and_a_new_search_begins_another(self, engine: Engine, control: Control) -> None:
        first = parsed(engine.search()).find("search")
        assert first is not None
        assert control.call("DELETE", "/smartoffice/offices/DEMO01/sessions").json() == {"ended": 1}
        assert error_code(engine.search(1, first.get("searchid", ""))) == "SESSION_EXPIRED"
        assert error_code(engine.report(1, first.get("searchid", ""))) == "SESSION_EXPIRED"
        assert parsed(engine.search()).find("search") is not None

    def test_the_dictionary_needs_a_session(self, engine: Engine) -> None:
        asked = {"AppName": "crosswalk", "dump": "catalog", "type": "dict"}
        assert error_code(engine.http.get(engine.url, params=asked, timeout=10)) == "SESSION_EXPIRED"
        engine.search()
        dictionary = parsed(engine.http.get(engine.url, params=asked, timeout=10))
        assert dictionary.tag == "dictionary"
        codes = {prop.get("name"): {code.get("value"): code.text for code in prop} for prop in dictionary}
        assert codes["Gender"] == {"1": "Male", "2": "Female"}
        assert codes["Marital"]["6"] == "Domestic Partner"


@pytest.mark.requirement("FMG-01")
def test_users_with_the_right_are_listed(engine: Engine, control: Control) -> None:
    asked = "<method><GetAdptUser><adapter>FMG</adapter></GetAdptUser></method>"
    control.call("POST", "/smartoffice/offices/DEMO01/users", {"user": "jroe", "rights": ["eMoney"]})
    assert [name.text for name in parsed(engine.send(asked)).iter("UserName")] == ["integration"]
    control.call("PATCH", "/smartoffice/offices/DEMO01/users/JRoe", {"rights": ["FMG"]})
    control.call("PATCH", "/smartoffice/offices/DEMO01/users/integration", {"rights": []})
    answer = parsed(engine.send(asked))
    assert [name.text for name in answer.iter("UserName")] == ["jroe"]
    assert answer.findtext("method/_status") == "OK"


def test_get_by_id(engine: Engine, control: Control) -> None:
    stored = control.get("/smartoffice/offices/DEMO01/contacts/Contact.7.801")
    record = parsed(engine.send(f'<get><Contact id="Contact.7.801">{EVERY_PROPERTY}</Contact></get>')).find("get/Contact")
    assert record is not None
    assert (record.findtext("LastName"), record.findtext("PreferredAddress/City")) == (stored["LastName"], stored["PreferredAddress.City"])


@pytest.mark.requirement("FMG-05")
def test_a_note_is_written_and_found_again(engine: Engine) -> None:
    note = (
        '<insert><SmartPadNote><Contact id="Contact.7.801"/><Category>FMG</Category><Keyword>fmg-e-77</Keyword>'
        "<Private>false</Private><Text>Müller &amp; Søn</Text></SmartPadNote></insert>"
    )
    written = parsed(engine.send(note)).find("insert/SmartPadNote")
    assert written is not None
    assert (written.get("id"), written.get("_status")) == ("SmartPadNote.7.1", "inserted")

    def found(contact: str, keyword: str) -> list[str]:
        tests = "".join(
            f'<expr prop="{prop}" op="eq"><v>{value}</v></expr>' for prop, value in (("Contact", contact), ("Keyword", keyword))
        )
        where = f"<condition>{tests}</condition>"
        pages = engine.pages(kind="SmartPadNote", template="<Contact/><Keyword/><Text/>", where=where)
        return [text.text or "" for text in pages[0].iter("Text")]

    assert found("Contact.7.801", "fmg-e-77") == ["Müller & Søn"]
    assert found("Contact.7.801", "fmg-e-78") == found("Contact.7.802", "fmg-e-77") == []
    assert error_code(engine.send(note.replace("7.801", "7.1"))) == "NOT_FOUND"


def test_text_arrives_as_it_was_entered(engine: Engine, control: Control) -> None:
    text = "O’Brien <b>&amp; Żółć \u202eנכון\u202c \U0001f600"
    control.call("PATCH", "/smartoffice/offices/DEMO01/contacts/Contact.7.801", {"LastName": text})
    assert engine.pages(size=230)[0].findtext("Contact/LastName") == text


def test_other_paths_are_not_there(box: SandboxServer) -> None:
    assert requests.post(f"{box.url}/smartoffice/other", timeout=10).status_code == 404
    assert requests.get(f"{box.url}/", timeout=10).status_code == 404
