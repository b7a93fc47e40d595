from __future__ import annotations

import gzip
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import Control, Engine, Fmg, contact, error_code, parsed


def raw(url: str) -> bytes:
    """The body as it travels, before any decoding."""
    with requests.get(url, headers={"Authorization": "Bearer sandbox-key"}, stream=True, timeout=10) as answer:
        return bytes(answer.raw.read(decode_content=False))


def found(answer: requests.Response) -> list[str | None]:
    return [record.get("id") for record in parsed(answer).iterfind("search/Contact")]


class TestSelection:
    def test_at_the_nth_call_from_now_and_then_no_more(self, fmg: Fmg, control: Control) -> None:
        fmg.get()
        control.fault(system="fmg", kind="status", status=502, at=3)
        assert [fmg.get().status_code for _ in range(5)] == [200, 200, 502, 200, 200]
        assert control.get()["faults"] == []

    def test_several_times_in_a_row(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="status", at=2, times=2)
        assert [fmg.get().status_code for _ in range(4)] == [200, 503, 503, 200]

    def test_every_nth_call(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="status", every=2)
        assert [fmg.get().status_code for _ in range(6)] == [200, 503, 200, 503, 200, 503]
        control.call("DELETE", "/faults")
        assert [fmg.get().status_code for _ in range(2)] == [200, 200]

    def test_by_operation_and_by_path(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="status", match="commit import")
        control.fault(system="fmg", kind="status", status=500, match="GET /fmg/v1/accounts/FMG-1001/groups")
        job = fmg.open(1).json()["import_id"]
        assert [fmg.commit(job, parts=0).status_code for _ in range(2)] == [503, 200]
        assert [fmg.get("/groups").status_code for _ in range(2)] == [500, 200]

    def test_by_system_and_owner(self, fmg: Fmg, engine: Engine, control: Control) -> None:
        control.call("POST", "/smartoffice/offices", {"office": "DEMO02"})
        control.fault(system="smartoffice", kind="status", office="DEMO02")
        assert [fmg.get().status_code, engine.search().status_code] == [200, 200]
        assert Engine(engine.url.removesuffix("/smartoffice/xmlengine"), "DEMO02").search().status_code == 503

    def test_the_first_added_strikes_and_both_count(self, fmg: Fmg, control: Control) -> None:
        control.call("POST", "/faults", {"faults": [{"system": "fmg", "kind": "status", "status": code, "at": 2} for code in (500, 502)]})
        assert [fmg.get().status_code for _ in range(4)] == [200, 500, 502, 200]

    def test_page_faults_count_pages_only(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="wrong_total", at=2)
        fmg.get()
        assert [fmg.get("/contacts").json()["total"] for _ in range(2)] == [0, 1]

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "status"},
            {"system": "nobody", "kind": "status"},
            {"system": "fmg", "kind": "explode"},
            {"system": "fmg", "kind": "doctype"},
            {"system": "fmg", "kind": "status", "at": 0},
            {"system": "fmg", "kind": "status", "at": "1"},
            {"system": "fmg", "kind": "status", "times": True},
            {"system": "fmg", "kind": "status", "sometimes": 1},
            {"faults": [{"system": "fmg", "kind": "status"}], "system": "fmg"},
        ],
    )
    def test_faults_that_make_no_sense(self, control: Control, box: SandboxServer, fault: dict[str, Any]) -> None:
        answer = control.call("POST", "/faults", fault)
        assert (answer.status_code, error_code(answer), control.get()["faults"]) == (422, "INVALID", [])


class TestOnTheWire:
    def test_latency(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="latency", seconds=0.3)
        assert fmg.get().elapsed.total_seconds() >= 0.3
        control.fault(system="fmg", kind="latency", seconds=5)
        with pytest.raises(requests.ReadTimeout):
            fmg.http.get(fmg.base, timeout=0.2)

    def test_drip(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="drip", seconds=0.002)
        began = time.monotonic()
        dripped = fmg.get()
        assert time.monotonic() - began > len(dripped.content) * 0.002
        assert (dripped.status_code, dripped.content) == (200, fmg.get().content)

    def test_reset_before_anything_happens(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="reset", match="open import")
        with pytest.raises(requests.ConnectionError) as caught:
            fmg.open(1, revision=0)
        assert "reset" in str(caught.value).lower()
        assert control.get("/fmg/accounts/FMG-1001")["imports"] == {}

    @pytest.mark.requirement("SAFE-5")
    def test_lost_answer_after_all_happened(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="lost_answer", match="open import")
        with pytest.raises(requests.ConnectionError):
            fmg.open(1, revision=0, key="open")
        assert list(control.get("/fmg/accounts/FMG-1001")["imports"]) == ["i-1"]
        assert fmg.open(1, revision=0, key="open").json()["import_id"] == "i-1"

    def test_cut(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="cut")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            fmg.get()

    def test_truncated(self, engine: Engine, control: Control) -> None:
        control.fault(system="smartoffice", kind="truncated")
        answer = engine.search()
        assert len(answer.content) == int(answer.headers["Content-Length"])
        assert not answer.text.endswith("</response>")

    def test_bad_gzip(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="bad_gzip", times=2)
        with pytest.raises(OSError, match="CRC"):
            gzip.decompress(raw(fmg.base))
        assert fmg.http.get(fmg.base, stream=True, timeout=5).headers["Content-Encoding"] == "gzip"

    def test_good_gzip_when_switched_on(self, fmg: Fmg, control: Control) -> None:
        plain = fmg.get()
        control.call("PATCH", "/settings", {"compress": True})
        packed = fmg.get()
        assert ("Content-Encoding" not in plain.headers, packed.headers["Content-Encoding"]) == (True, "gzip")
        assert plain.json() == packed.json()

    def test_stop_cuts_a_wait_short(self) -> None:
        with SandboxServer(contacts=5, groups=2) as box:
            Control(box.url).fault(system="fmg", kind="latency", seconds=60)
            with pytest.raises(requests.ReadTimeout):
                requests.get(f"{box.url}/fmg/v1/accounts/FMG-1001", timeout=0.1)
            began = time.monotonic()
        assert time.monotonic() - began < 5
        with pytest.raises(requests.ConnectionError):
            requests.get(box.url, timeout=1)


class TestInPlaceOfTheAnswer:
    @pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 418, 500, 502, 503, 504])
    def test_any_status(self, engine: Engine, control: Control, status: int) -> None:
        control.fault(system="smartoffice", kind="status", status=status, headers={"Location": "http://elsewhere.example/"})
        header = {"Content-Type": "text/xml"}
        answer = engine.http.post(engine.url, data="<request/>", headers=header, allow_redirects=False, timeout=5)
        assert (answer.status_code, answer.headers["Location"]) == (status, "http://elsewhere.example/")

    def test_rate_limited_in_seconds_as_a_date_and_without(self, fmg: Fmg, control: Control) -> None:
        for wait in ({"retry_after": 2}, {"retry_after": "date", "seconds": 2}, {"retry_after": None}, {}):
            control.fault(system="fmg", kind="rate_limited", **wait)
        answers = [fmg.get() for _ in range(4)]
        assert {(answer.status_code, error_code(answer)) for answer in answers} == {(429, "RATE_LIMITED")}
        assert [answers[0].headers["Retry-After"], answers[2].headers.get("Retry-After"), answers[3].headers["Retry-After"]] == [
            "2",
            None,
            "1",
        ]
        assert 1 < parsedate_to_datetime(answers[1].headers["Retry-After"]).timestamp() - time.time() <= 3

    def test_expired(self, engine: Engine, fmg: Fmg, control: Control) -> None:
        first = parsed(engine.search()).find("search")
        assert first is not None
        for system in ("smartoffice", "fmg"):
            control.fault(system=system, kind="expired")
        assert error_code(engine.search(1, first.get("searchid", ""))) == "SESSION_EXPIRED"
        assert error_code(engine.search(1, first.get("searchid", ""))) == "SESSION_EXPIRED", "the session is gone, not only this answer"
        assert len(found(engine.search())) == 50
        assert [fmg.get().status_code, fmg.get().status_code] == [401, 200]

    def test_errors_of_the_systems_own(self, engine: Engine, fmg: Fmg, control: Control) -> None:
        control.fault(system="smartoffice", kind="error", code="BUSY")
        control.fault(system="fmg", kind="error", code="STALE_SNAPSHOT", status=409)
        refused = fmg.get()
        assert (error_code(engine.search()), refused.status_code, error_code(refused)) == ("BUSY", 409, "STALE_SNAPSHOT")

    def test_a_login_page_with_200(self, engine: Engine, control: Control) -> None:
        control.fault(system="smartoffice", kind="login_page")
        answer = engine.search()
        assert (answer.status_code, answer.headers["Content-Type"][:9], b"password" in answer.content) == (200, "text/html", True)

    def test_an_empty_body(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="empty_body")
        assert (fmg.get().content, fmg.get().status_code) == (b"", 200)

    def test_anything_at_all(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="raw", body='{"contacts": [NaN]}', status=201)
        answer = fmg.get("/contacts")
        assert (answer.text, answer.status_code, answer.headers["Content-Type"]) == ('{"contacts": [NaN]}', 201, "application/json")

    @pytest.mark.parametrize("carry_out", [False, True])
    def test_a_write_is_carried_out_only_when_asked(self, fmg: Fmg, control: Control, carry_out: bool) -> None:
        control.fault(system="fmg", kind="status", status=502, match="open import", carry_out=carry_out)
        assert fmg.open(1).status_code == 502
        assert (len(control.get("/fmg/accounts/FMG-1001")["imports"]) == 1) is carry_out


class TestPages:
    @pytest.fixture
    def listed(self, fmg: Fmg) -> Fmg:
        fmg.deliver(1, [contact(number) for number in range(30)])
        return fmg

    def test_a_repeated_page(self, listed: Fmg, engine: Engine, control: Control) -> None:
        pages = engine.pages()
        for system in ("smartoffice", "fmg"):
            control.fault(system=system, kind="repeat_page")
        again = parsed(engine.search(2, pages[0].get("searchid", ""))).find("search")
        assert again is not None
        assert [record.get("id") for record in again] == [record.get("id") for record in pages[1]]
        assert (again.get("pageno"), again.get("more")) == ("2", "true")
        back = listed.get("/contacts", limit=10, after="c-000010").json()["contacts"]
        assert [back[0]["contact_id"], back[-1]["contact_id"]] == ["c-000001", "c-000010"]

    def test_a_wrong_total(self, listed: Fmg, engine: Engine, control: Control) -> None:
        control.fault(system="smartoffice", kind="wrong_total")
        control.fault(system="fmg", kind="wrong_total", value=7)
        search = parsed(engine.search()).find("search")
        assert search is not None
        assert (search.get("total"), listed.get("/contacts").json()["total"]) == ("231", 7)

    def test_zero_records(self, listed: Fmg, engine: Engine, control: Control) -> None:
        control.fault(system="smartoffice", kind="zero_records", times=2)
        control.fault(system="fmg", kind="zero_records")
        for answer in (engine.search(), engine.report()):
            page = next(element for element in parsed(answer).iter("search", "DynamicReport"))
            assert (page.get("total"), page.get("more"), len(page.findall("Contact"))) == ("0", "false", 0)
        assert listed.get("/contacts").json() == {"contacts": [], "total": 0, "revision": 1, "next": None}

    def test_a_short_page(self, listed: Fmg, engine: Engine, control: Control) -> None:
        for system in ("smartoffice", "fmg"):
            control.fault(system=system, kind="short_page")
        short = listed.get("/contacts", limit=10).json()
        assert (len(found(engine.search())), len(short["contacts"]), short["next"]) == (49, 9, "c-000010")

    def test_a_field_missing_or_one_nobody_asked_for(self, listed: Fmg, engine: Engine, control: Control) -> None:
        for system, field in (("smartoffice", "Person.Dob"), ("fmg", "birthday")):
            control.fault(system=system, kind="drop_field", field=field)
            control.fault(system=system, kind="extra_field", at=2)
        without, extra = parsed(engine.search()), parsed(engine.search())
        assert (without.find(".//Dob"), len(without.findall(".//Gender")), len(extra.findall(".//TaxID"))) == (None, 50, 50)
        rows = [listed.get("/contacts").json()["contacts"][0] for _ in range(2)]
        assert ("birthday" in rows[0], "ssn" in rows[1]) == (False, True)

    def test_a_doctype(self, engine: Engine, control: Control) -> None:
        control.fault(system="smartoffice", kind="doctype")
        control.fault(system="smartoffice", kind="doctype", body='<!DOCTYPE response SYSTEM "http://elsewhere.example/x.dtd">', at=2)
        assert engine.search().text.startswith('<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE response>\n<response')
        assert "x.dtd" in engine.search().text
