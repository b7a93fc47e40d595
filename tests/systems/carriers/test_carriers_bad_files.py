"""Each bad file ends with its code; nothing is taken of it, no value is told, and the files beside it are read all the same."""

from __future__ import annotations

import gzip
import io
import os
import re
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswalk.errors import CrosswalkError, DataError
from crosswalk.features.inbound_files.ports import PastFile
from crosswalk.systems.carriers.client import DropFolder
from crosswalk.systems.carriers.file_names import check_name
from systems.carriers.conftest import BOOK, STATEMENT, TODAY, Inbox, book, book_row, csv_text, workbook
from systems.carriers.test_carriers_reading import SUBSCRIBER, edi

NAME = "harborlight_book_20260310.csv"
MANY = [book_row(number) for number in range(1, 201)]
FOOTED = ["Total", "", "", "", "", "", "10.00"]


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def statement(*rows: list[str]) -> str:
    return csv_text(STATEMENT, rows)


def paid(amount: str) -> list[str]:
    return ["2026-02", "4477123", "9990001", "PC-100200", "Bronze", "01/01/2026", amount]


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600

SWALLOWED = book(book_row(1, planName="@"), book_row(2, planName="#")).replace("@", '"x').replace("#", 'y"')

WHOLE: dict[str, tuple[str | bytes, str]] = {
    "F1 zero bytes": (b"", "FILE_EMPTY"),
    "F1 blank": (b" \r\n \r\n", "FILE_EMPTY"),
    "F2 header only": (csv_text(BOOK, []), "held FILE_ZERO_RECORDS"),
    "F5 footer counts otherwise": (book(book_row(1), book_row(2), ["Total", "3", *[""] * 13]), "FILE_COUNT_MISMATCH"),
    "F5 footer counts in its label": (book(book_row(1), ["Total records: 2", *[""] * 14]), "FILE_COUNT_MISMATCH"),
    "F12 another carrier's layout": (statement(paid("1.00"), ["Total", *[""] * 5, "1.00"]), "FILE_LAYOUT"),
    "F13 no header": (csv_text(book_row(1), [book_row(2)]), "FILE_LAYOUT"),
    "F15 column renamed": (book().replace("writingAgentNPN", "writing_agent"), "FILE_COLUMN_GONE"),
    "column twice": (book().replace("agentOfRecordNPN", "writingAgentNPN"), "FILE_LAYOUT"),
    "F23 gzip bomb": (gzip.compress(b"0" * 40_000_000), "FILE_TOO_LARGE"),
    "F25 a workbook called csv": (zipped({"xl/workbook.xml": b"<x/>"}), "FILE_NAME"),
    "F25 an old workbook called csv": (OLE, "FILE_TYPE"),
    "F24 a protected workbook called csv": (OLE + "EncryptedPackage".encode("utf-16-le"), "FILE_ENCRYPTED"),
    "a pdf": (b"%PDF-1.7 ...", "FILE_TYPE"),
    "F26 quote not closed": (book().replace("Harborlight Plus", '"Harborlight Plus'), "FILE_QUOTE"),
    "F26 quote that swallows a row": (
        book(book_row(1, planName="@"), book_row(2, planName="#")).replace("@", '"x').replace("#", 'y"'),
        "FILE_QUOTE",
    ),
    "row too short": (book() + "a,b\r\n", "FILE_ROW_WIDTH"),
    "row too long": (book().rstrip() + ",1,2\r\n", "FILE_ROW_WIDTH"),
    "F29 another encoding": (book(book_row(1, planName="Zürich")).encode("windows-1252"), "FILE_ENCODING"),
    "F29 utf-16": (book().encode("utf-16"), "FILE_ENCODING"),
    "NUL": (book().encode() + b"\x00", "FILE_ENCODING"),
    "F30 over one percent": (
        book(*MANY, book_row(1, memberNumber="1.23E+11"), *[book_row(1, memberNumber="123.0")] * 2),
        "FILE_POLICY_FORMAT",
    ),
    "F33 two writing agents": (book(book_row(1), book_row(1, writingAgentNPN="4477124")), "FILE_POLICY_CONFLICT"),
    "F33 one blank zero more": (book(book_row(1), book_row(1, writingAgentNPN="04477123")), "FILE_POLICY_CONFLICT"),
    "rows below the totals": (book(book_row(1), ["Total", "1", *[""] * 13], book_row(2)), "FILE_LAYOUT"),
    "a line without end": (b"memberNumber," + b"x" * 3_000_000, "FILE_TOO_LARGE"),
}


@pytest.mark.requirement("ACRM-01")
@pytest.mark.parametrize("case", WHOLE)
def test_a_bad_file_is_refused_whole_with_its_code(inbox: Inbox, case: str) -> None:
    content, code = WHOLE[case]
    inbox.drop("harborlight", NAME, content)
    assert inbox.code() == code
    if not code.startswith("held"):
        (line,) = inbox.log()
        assert not any(value in line.said for value in ("Quill", "H00000001", "4477123", "1951"))
        assert [inbox.rows(entity) for entity in ("policy", "member", "agent")] == [[], [], []]


ROWS = {
    "F30 policy number in scientific form": ({"memberNumber": "1.23E+11"}, "FILE_POLICY_FORMAT"),
    "F31 npn with a fraction": ({"writingAgentNPN": "4477123.0"}, "FILE_NPN_FORMAT"),
    "F31 npn in scientific form": ({"writingAgentNPN": "4.477123E+06"}, "FILE_NPN_FORMAT"),
    "F31 npn of other digits": ({"writingAgentNPN": "４４７７１２３"}, "FILE_NPN_FORMAT"),
    "F32 blank": ({"writingAgentNPN": " "}, "FILE_NPN_MISSING"),
    "F32 null": ({"writingAgentNPN": "null"}, "FILE_NPN_MISSING"),
    "F32 two agents": ({"writingAgentNPN": "4477123/4477124"}, "FILE_NPN_AMBIGUOUS"),
    "F35 other currency": ({"monthlyPremium": "€12"}, "FILE_BAD_NUMBER"),
    "F35 exponent": ({"monthlyPremium": "1e3"}, "FILE_BAD_NUMBER"),
    "no day": ({"dateOfBirth": "02/30/1951"}, "SRC_BAD_DATE"),
    "unknown status": ({"policyStatus": "Odd"}, "MAP_VALUE_UNMAPPED"),
}


@pytest.mark.requirement("ACRM-01", "ACRM-05", "SAFE-6")
@pytest.mark.parametrize("case", ROWS)
def test_a_bad_row_goes_to_quarantine_and_to_no_agent(inbox: Inbox, case: str) -> None:
    changes, code = ROWS[case]
    inbox.drop("harborlight", NAME, book(*MANY, book_row(999, **changes)))
    with inbox.source() as source:
        (line,) = source.log()
        (rejection,) = source.rejected_rows()
    assert line.facts
    assert (line.facts.rows, line.facts.policies, line.facts.rejected) == (201, 200, {code: 1})
    assert (rejection.code, rejection.source_id) == (code, f"harborlight/{NAME} row 202")
    assert not any(value in str(rejection) for value in (*changes.values(), "H00000999", "Ann999") if len(value) > 3)
    assert len(inbox.rows("policy")) == 200


@pytest.mark.parametrize(("text", "amount"), [("$1,234.50", "1234.50"), ("(12)", "-12.00"), ("-$3.5", "-3.50"), ("0", "0.00"), ("", "")])
def test_amounts_are_read_by_rule(inbox: Inbox, text: str, amount: str) -> None:
    inbox.drop("harborlight", NAME, book(book_row(1, monthlyPremium=text)))
    assert inbox.rows("policy")[0]["premium"] == amount


@pytest.mark.requirement("ACRM-08")
def test_members_without_email_are_taken_and_counted(inbox: Inbox) -> None:
    inbox.drop("harborlight", NAME, book(book_row(1), book_row(2, memberEmail="a@example.test")))
    (line,) = inbox.log()
    assert line.facts
    assert (line.facts.members, line.facts.without_email) == (2, 1)


STATEMENTS = {
    "F4 no footer": (statement(paid("10.00")), "FILE_TRUNCATED"),
    "F6 a cent more": (statement(paid("10.01"), FOOTED), "FILE_TOTAL_MISMATCH"),
    "F6 a row lost": (statement(FOOTED), "FILE_TOTAL_MISMATCH"),
    "F35 no amount": (statement(paid("ten"), FOOTED), "FILE_BAD_NUMBER"),
    "as it should be": (statement(paid("10.00"), FOOTED), "taken"),
}


@pytest.mark.requirement("ACRM-01")
@pytest.mark.parametrize("case", STATEMENTS)
def test_a_statement_is_held_against_its_footer(inbox: Inbox, case: str) -> None:
    content, code = STATEMENTS[case]
    inbox.drop("pinecrest", "pinecrest_commission_20260228.csv", content, "windows-1252")
    assert inbox.code() == code


EDI = edi(SUBSCRIBER)
ENROLMENTS = {
    "F4 no IEA": (EDI.rpartition("IEA")[0], "FILE_TRUNCATED"),
    "F4 cut in a segment": (EDI[:-30], "FILE_TRUNCATED"),
    "F4 no SE": (EDI.replace("SE*", "XX*"), "FILE_TRUNCATED"),
    "F5 SE counts otherwise": (re.sub(r"~\nSE\*\d+", "~\nSE*99", EDI), "FILE_COUNT_MISMATCH"),
    "F5 a segment lost": (EDI.replace("DMG*D8*19800102*M~", ""), "FILE_COUNT_MISMATCH"),
    "F5 another control number": (EDI.replace("IEA*1*000000001", "IEA*1*000000002"), "FILE_COUNT_MISMATCH"),
    "F5 groups counted otherwise": (EDI.replace("IEA*1*", "IEA*2*"), "FILE_COUNT_MISMATCH"),
    "F12 another transaction": (EDI.replace("ST*834", "ST*837"), "FILE_LAYOUT"),
    "F12 another version": (EDI.replace("005010X220A1", "005010X222A1"), "FILE_LAYOUT"),
    "F25 no X12": ("memberNumber,a\r\n", "FILE_TYPE"),
    "F29 another encoding": (EDI.replace("DOE", "Dö").encode("windows-1252"), "FILE_ENCODING"),
    "trailers without headers": (EDI.replace("GS*", "GX*"), "FILE_TRUNCATED"),
    "as it should be": (EDI, "taken"),
}


@pytest.mark.requirement("ACRM-01")
@pytest.mark.parametrize("case", ENROLMENTS)
def test_an_enrolment_is_held_against_its_trailers(inbox: Inbox, case: str) -> None:
    content, code = ENROLMENTS[case]
    inbox.drop("lakeshore", "lakeshore_20260101.834", content)
    assert inbox.code() == code


DAY = date(2026, 3, 9)
PASTS: dict[str, tuple[PastFile | None, str, str]] = {
    "F8 name used again": (PastFile(NAME, "other", TODAY), NAME, "held FILE_NAME_REUSED"),
    "F9 older than the last": (PastFile("x", "other", TODAY), "harborlight_book_20260309.csv", "FILE_STALE"),
    "F10 of the future": (None, "harborlight_book_20260401.csv", "FILE_FUTURE"),
    "F36 half of an agent's policies": (PastFile("x", "other", DAY, {"4477123": 400}), NAME, "held FILE_SLICE_DROP"),
    "an agent gone": (PastFile("x", "other", DAY, {"4477123": 200, "55": 9}), NAME, "held FILE_SLICE_DROP"),
    "one policy less than half": (PastFile("x", "other", DAY, {"4477123": 399}), NAME, "taken"),
    "impossible date": (None, "harborlight_book_20261301.csv", "FILE_NAME"),
    "no name of this carrier": (None, "pinecrest_commission_20260228.csv", "FILE_NAME"),
}


@pytest.mark.requirement("ACRM-01", "SAFE-2")
@pytest.mark.parametrize("case", PASTS)
def test_a_file_is_held_against_the_files_before_it(inbox: Inbox, case: str) -> None:
    past, name, code = PASTS[case]
    inbox.drop("harborlight", name, book(*MANY))
    assert inbox.code([past] if past else []) == code


@pytest.mark.requirement("ACRM-01")
def test_a_file_seen_before_is_nothing_new_under_any_name(inbox: Inbox) -> None:
    inbox.drop("harborlight", NAME, book())
    (line,) = inbox.log()
    assert line.facts
    past = [PastFile(NAME, line.facts.digest, TODAY, line.facts.by_agent)]
    assert inbox.code(past) == "FILE_SEEN"
    inbox.drop("harborlight", NAME.upper().replace(".CSV", ".txt"), book())
    assert [one.code for one in inbox.log(past)] == ["FILE_SEEN", "FILE_SEEN"]
    assert inbox.rows("policy", past=past) == []


@pytest.mark.requirement("ACRM-01")
def test_a_file_that_grows_is_waited_for(inbox: Inbox) -> None:
    path, waits = inbox.drop("harborlight", NAME, book()), []

    def grow(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) < 3:
            path.write_text(path.read_text() + ",".join(book_row(len(waits) + 1)) + "\n")
        else:
            os.utime(path, (1, 1))

    assert inbox.code(settle_seconds=30, wait=grow) == "taken"
    assert len(inbox.rows("policy")) == 3
    os.utime(path)
    assert inbox.code(settle_seconds=30, wait=lambda _: os.utime(path)) == "FILE_NOT_STABLE"


@pytest.mark.requirement("ACRM-01")
def test_a_file_that_changes_while_it_is_read_is_noticed(inbox: Inbox) -> None:
    path = inbox.drop("harborlight", NAME, book(*MANY))
    with inbox.source() as source:
        assert source.totals()["policy"] == 200
        path.write_text(book())
        with pytest.raises(DataError, match="FILE_NOT_STABLE"):
            list(source.pages("policy"))


def _link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def _hard(path: Path, outside: Path) -> None:
    os.link(outside, path)


def _fifo(path: Path, _: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path, _: Path) -> None:
    path.mkdir()


@pytest.mark.requirement("ACRM-01")
@pytest.mark.parametrize("make", [_link, _hard, _fifo, _folder])
def test_what_is_no_plain_file_is_never_opened(inbox: Inbox, tmp_path: Path, make: Callable[[Path, Path], None]) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text(book())
    make(inbox.root / "harborlight" / NAME, outside)
    assert inbox.code() == "FILE_TYPE"


def test_a_folder_that_is_a_link_is_no_carrier(inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (inbox.root / "pinecrest").symlink_to(tmp_path / "elsewhere")
    assert DropFolder(inbox.root).carriers() == ["harborlight"]


NAMES = [
    *("../x.csv", "a/../x.csv", "/etc/passwd", "C:x.csv", "c:\\x.csv", "\\\\host\\share\\x.csv", "..", "%2e%2e%2fx.csv"),
    *("%252e%252e%252fx", "a\u2215b.csv", "a\u2044b.csv", "a\uff0fb.csv", "a\x00.csv", "a\n.csv", "a\u202ecsv.exe", "x" * 300),
    *("CON", "con.csv", "LPT1.txt", "aux", "", " ", "\u200b", "a\u2028b", "．．/x"),
]


@pytest.mark.requirement("ACRM-01")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="FILE_NAME"):
        check_name(name)


@pytest.mark.parametrize("name", ["-rf.csv", "=cmd.csv", "book 2026.csv", "Zürich.csv", "console.csv"])
def test_a_plain_name_is_taken(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.requirement("ACRM-01")
@pytest.mark.parametrize("name", [one for one in NAMES if one not in ("", " ")])
def test_an_archive_whose_files_lead_elsewhere_is_refused(inbox: Inbox, name: str, tmp_path: Path) -> None:
    inbox.drop("harborlight", "weekly.zip", zipped({name: book().encode()}))
    (line,) = inbox.log()
    assert line.code in ("FILE_ARCHIVE", "FILE_NAME")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["drop", "harborlight", "weekly.zip"]


def _linked_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(NAME)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def _protected_zip() -> bytes:
    content = bytearray(zipped({NAME: book().encode()}))
    content[6] |= 1
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


def _lying_zip() -> bytes:
    """A member that says it unpacks to ten bytes and unpacks to twenty million."""
    content = zipped({NAME: b"0" * 20_000_000})
    return content.replace((20_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))


ARCHIVES = {
    "F22 a link": (_linked_zip(), "FILE_ARCHIVE"),
    "F23 zip bomb": (zipped({NAME: b"0" * 40_000_000}), "FILE_TOO_LARGE"),
    "F23 many": (zipped({f"{n}.csv": b"" for n in range(101)}), "FILE_TOO_LARGE"),
    "F23 nested": (zipped({NAME: zipped({NAME: b"x"})}), "FILE_TOO_LARGE"),
    "F23 a bomb that lies about its size": (_lying_zip(), "FILE_ARCHIVE"),
    "F24 password": (_protected_zip(), "FILE_ENCRYPTED"),
    "damaged": (zipped({NAME: book().encode()})[:-30], "FILE_ARCHIVE"),
}


@pytest.mark.requirement("ACRM-01")
@pytest.mark.parametrize("case", ARCHIVES)
def test_a_bad_archive_is_refused_within_fifty_megabytes(inbox: Inbox, case: str) -> None:
    content, code = ARCHIVES[case]
    inbox.drop("harborlight", "weekly.zip", content)
    tracemalloc.start()
    try:
        assert inbox.code() == code
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def _parts(**parts: bytes) -> bytes:
    return zipped({"xl/workbook.xml": b"<workbook/>", **{f"xl/worksheets/{name}.xml": content for name, content in parts.items()}})


WORKBOOKS = {
    "F25 no workbook": (book().encode(), "FILE_TYPE"),
    "F24 protected": (OLE + "EncryptedPackage".encode("utf-16-le"), "FILE_ENCRYPTED"),
    "a zip without a workbook": (zipped({"a.xml": b"<a/>"}), "FILE_TYPE"),
    "F23 two cells a world apart": (_parts(sheet1=b'<c r="A1"/><c r="XFD1048576"/>'), "FILE_TOO_LARGE"),
    "two cells, the second in other words": (_parts(sheet1=b"<x:c r='A1'/><x:c  r = 'XFD1048576'/>"), "FILE_TOO_LARGE"),
    "a document type": (_parts(sheet1=b"<!DOCTYPE a [<!ENTITY b 'c'>]><c/>"), "FILE_ARCHIVE"),
    "another encoding": (_parts(sheet1='<c r="A1"/>'.encode("utf-16")), "FILE_ARCHIVE"),
    "F23 swollen": (_parts(sheet1=b"<c/>" * 5_000_000), "FILE_TOO_LARGE"),
    "damaged": (_parts(sheet1=b"<worksheet>"), "FILE_ARCHIVE"),
}


@pytest.mark.requirement("ACRM-01")
@pytest.mark.parametrize("case", WORKBOOKS)
def test_a_bad_workbook_is_refused_before_it_is_laid_out(inbox: Inbox, case: str) -> None:
    content, code = WORKBOOKS[case]
    inbox.drop("harborlight", "harborlight_book_20260310.xlsx", content)
    tracemalloc.start()
    try:
        assert inbox.code() == code
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_what_looks_like_a_formula_stays_text(inbox: Inbox) -> None:
    workbook(inbox.root / "harborlight" / "harborlight_book_20260310.xlsx", [BOOK, book_row(1, memberFirstName="=HYPERLINK(1)")])
    assert inbox.rows("member")[0]["first_name"] == "=HYPERLINK(1)"


@pytest.mark.requirement("ACRM-01")
def test_one_bad_file_stops_no_other(inbox: Inbox) -> None:
    inbox.drop("harborlight", "harborlight_book_20260309.csv", b"")
    inbox.drop("harborlight", NAME, book())
    inbox.drop("nobody", "x.csv", "a")
    assert [(line.carrier, line.code or line.outcome) for line in inbox.log()] == [
        ("harborlight", "FILE_EMPTY"),
        ("harborlight", "taken"),
        ("'nobody'", "CARRIER_UNKNOWN"),
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=400),
    ending=st.sampled_from(["csv", "xlsx", "tsv"]),
    prefix=st.sampled_from([b"", b"PK\x03\x04", book().encode()]),
)
def test_no_content_ends_in_an_error_that_is_not_ours(inbox: Inbox, content: bytes, ending: str, prefix: bytes) -> None:
    path = inbox.drop("harborlight", f"harborlight_book_20260310.{ending}", prefix + content)
    try:
        (line,) = inbox.log()
        assert line.outcome in ("taken", "refused")
    finally:
        path.unlink()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(EDI) - 1), st.text(alphabet="~*\nISAEG1\x00é", max_size=3)), max_size=4))
def test_no_spoiled_enrolment_ends_in_an_error_that_is_not_ours(inbox: Inbox, changes: list[tuple[int, str]]) -> None:
    text = EDI
    for at, instead in changes:
        text = text[:at] + instead + text[at + 1 :]
    inbox.drop("lakeshore", "lakeshore_20260101.834", text)
    try:
        assert inbox.log()[0].outcome in ("taken", "refused")
        inbox.rows("policy")
    except CrosswalkError as error:
        pytest.fail(f"a line of the log was to say it: {error.code}")
