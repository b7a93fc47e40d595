"""What carriers send, read as it is meant: three kinds of file, dependants, footers, encodings, archives."""

from __future__ import annotations

import gzip
import io
import shutil
import zipfile
from pathlib import Path

import pytest

from systems.carriers.conftest import BOOK, STATEMENT, Inbox, book, book_row, csv_text, workbook

SAMPLES = Path(__file__).parents[2] / "data" / "834"
NAME = "harborlight_book_20260310"


def edi(*members: str, broker: str = "N1*BO*QUILL AGENCY*94*0004477123~", control: int = 1) -> str:
    body = [*broker.split("~"), *"~".join(members).split("~")]
    body = [one for one in body if one]
    lines = [
        f"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260101*1200*^*00501*{control:09d}*0*T*:",
        "GS*BE*SENDER*RECEIVER*20260101*1200*1*X*005010X220A1",
        "ST*834*0001*005010X220A1",
        "BGN*00*1*20260101*1200****2",
        *body,
        f"SE*{len(body) + 3}*0001",
        "GE*1*1",
        f"IEA*1*{control:09d}",
    ]
    return "".join(line + "~\n" for line in lines)


SUBSCRIBER = (
    "INS*Y*18*030*XN*A***FT~REF*0F*M10077~NM1*IL*1*DOE*SAM****34*000000000~PER*IP**HP*5035550104*EM*sam@example.test~N3*1 ELM ST*APT 2~"
    "N4*SALEM*OR*97301~DMG*D8*19800102*M~HD*030**HLT*PLAN-A*IND~DTP*348*D8*20260101~"
)
SPOUSE = "INS*N*01*030*XN*A***FT~REF*0F*M10077~NM1*IL*1*DOE*KIM~DMG*D8*19810304*F~HD*030**HLT*PLAN-A*IND~DTP*348*D8*20260101~"
TWIN = "INS*N*19*030*XN*A***FT~REF*0F*M10077~NM1*IL*1*DOE*{name}~DMG*D8*20150506*F~HD*030**HLT*PLAN-A*IND~DTP*348*D8*20260101~"


@pytest.mark.requirement("ACRM-01")
@pytest.mark.parametrize("start", [0, 4])
def test_a_workbook_is_read_wherever_its_header_stands(inbox: Inbox, start: int) -> None:
    rows = [BOOK, book_row(1), book_row(2, memberEmail="null", monthlyPremium="$1,012.5"), ["Total", 2]]
    path = inbox.root / "harborlight" / f"{NAME}.xlsx"
    workbook(path, rows, start)
    assert inbox.code() == "taken"
    first, second = inbox.rows("policy")
    assert (first["writing_agent_npn"], first["plan_id"], first["effective_date"]) == ("4477123", "H0001-007", "2026-01-01")
    assert (second["premium"], first["status"], first["carrier"]) == ("1012.50", "active", "harborlight")
    assert [row["email"] for row in inbox.rows("member")] == ["", ""]
    assert inbox.rows("agent") == [{"source_id": "4477123", "npn": "4477123", "agent_name": "Sam Quill"}]


@pytest.mark.requirement("ACRM-05")
def test_a_workbooks_numbers_are_no_npn_and_no_policy_number(inbox: Inbox) -> None:
    rows = [book_row(number) for number in range(1, 202)]
    workbook(
        inbox.root / "harborlight" / f"{NAME}.xlsx",
        [BOOK, *rows, [10000001, *book_row()[1:]], [*book_row(500)[:1], 4477123, *book_row()[2:]]],
    )
    (line,) = inbox.log()
    assert line.facts
    assert line.facts.rejected == {"FILE_POLICY_FORMAT": 1, "FILE_NPN_FORMAT": 1}
    assert line.facts.by_agent == {"4477123": 201}


@pytest.mark.requirement("ACRM-05")
def test_who_earns_is_not_who_wrote(inbox: Inbox) -> None:
    rows = [["2026-02", "4477123", "9990001", "PC-100200", "Bronze", "01/01/2026", "(12.50)"], ["Total", "", "", "", "", "", "-12.50"]]
    inbox.drop("pinecrest", "pinecrest_commission_20260228.csv", csv_text(STATEMENT, rows), "windows-1252")
    assert [row["writing_agent_npn"] for row in inbox.rows("policy")] == ["4477123"]
    assert "9990001" not in str([inbox.rows(entity) for entity in ("policy", "member", "agent")])
    assert inbox.rows("member") == []


@pytest.mark.requirement("ACRM-01")
def test_the_public_samples_are_read_member_by_member(inbox: Inbox) -> None:
    found = {}
    for sample in sorted(SAMPLES.glob("*.834")):
        one = Inbox(inbox.root / sample.stem)
        (one.root / "lakeshore").mkdir(parents=True)
        shutil.copy(sample, one.root / "lakeshore")
        assert one.code() == "taken"
        (member,), (policy,) = one.rows("member"), one.rows("policy")
        assert policy["writing_agent_npn"] == ""
        found[sample.stem] = (member["role"], member["first_name"], member["last_name"], member["birth_date"], policy["coverages"])
        dates = policy["status"], policy["effective_date"], policy["term_date"]
        assert dates == {
            "change-subscriber-information": ("active", "", ""),
            "terminate-subscriber-eligibility": ("terminated", "", "1996-08-01"),
            "add-subscriber-coverage": ("active", "2002-07-01", ""),
        }.get(sample.stem, ("active", "1996-06-01", ""))
    assert found == {
        "add-dependent": ("child", "JOHN", "DOE", "1977-08-16", "HLT"),
        "add-subscriber-coverage": ("subscriber", "WILLIAM", "SMITH", "", "DEN"),
        "change-subscriber-information": ("subscriber", "JAMES", "DOE", "1950-04-15", ""),
        "demo": ("subscriber", "JOHN", "DOE", "1940-08-16", "HLT VIS"),
        "enroll-employee-managed-care": ("subscriber", "WILLIAM", "SMITH", "1970-06-14", "HMO"),
        "terminate-subscriber-eligibility": ("subscriber", "JOHN", "DOE", "", ""),
    }


@pytest.mark.requirement("ACRM-01", "ACRM-05")
def test_a_household_is_one_policy_of_the_broker_named_above_it(inbox: Inbox) -> None:
    inbox.drop("lakeshore", "lakeshore_20260101.834", edi(SUBSCRIBER, SPOUSE, TWIN.format(name="ADA"), TWIN.format(name="BEA")))
    (policy,), members = inbox.rows("policy"), inbox.rows("member")
    assert (policy["policy_number"], policy["writing_agent_npn"], policy["plan_name"]) == ("M10077", "0004477123", "PLAN-A")
    assert [(one["role"], one["first_name"]) for one in members] == [
        ("subscriber", "SAM"),
        ("spouse", "KIM"),
        ("child", "ADA"),
        ("child", "BEA"),
    ]
    assert len({one["source_id"] for one in members}) == 4
    assert {one["policy"] for one in members} == {policy["source_id"]}
    assert (members[0]["email"], members[0]["phone"], members[0]["zip"]) == ("sam@example.test", "+15035550104", "97301")
    assert "M10077" not in policy["source_id"]
    assert "000000000" not in str(members)


@pytest.mark.requirement("ACRM-05")
@pytest.mark.parametrize(
    ("broker", "npn"),
    [
        ("", ""),
        ("N1*BO*QUILL AGENCY*FI*123456789~", ""),
        ("N1*BO*QUILL AGENCY*94*~", ""),
        ("N1*TV*SOME TPA*94*0004477123~", ""),
        ("N1*BO*ONE*94*4477123~N1*BO*TWO*94*4477124~", None),
        ("N1*BO*ONE*94*4477 123~", None),
    ],
)
def test_a_broker_who_is_not_named_by_one_npn_gets_nothing(inbox: Inbox, broker: str, npn: str | None) -> None:
    inbox.drop("lakeshore", "lakeshore_20260101.834", edi(SUBSCRIBER, broker=broker))
    (line,) = inbox.log()
    assert line.facts
    assert not line.facts.by_agent
    assert [row["writing_agent_npn"] for row in inbox.rows("policy")] == ([] if npn is None else [npn])


@pytest.mark.requirement("ACRM-01")
@pytest.mark.parametrize("ends", ["\n", "\r", "\r\n"])
def test_any_line_end_and_a_line_inside_a_cell(inbox: Inbox, ends: str) -> None:
    text = book(book_row(1, memberFirstName="Ann\nMarie"), book_row(2)).replace("\r\n", ends)
    inbox.drop("harborlight", f"{NAME}.csv", "\ufeff" + text)
    assert [row["first_name"].split() for row in inbox.rows("member")] == [["Ann", "Marie"], ["Ann2"]]


def test_names_in_the_declared_encoding(inbox: Inbox) -> None:
    rows = [["2026-02", "4477123", "9990001", "PC-100200", "Zürich", "01/01/2026", "1.00"], ["Total", "", "", "", "", "", "1.00"]]
    inbox.drop("pinecrest", "pinecrest_commission_20260228.csv", csv_text(STATEMENT, rows), "windows-1252")
    assert inbox.rows("policy")[0]["plan_name"] == "Zürich"


@pytest.mark.parametrize("packed", ["zip", "gz"])
def test_packed_files_are_read_without_unpacking_to_disk(inbox: Inbox, packed: str) -> None:
    content = book(book_row(1), book_row(2)).encode()
    if packed == "gz":
        inbox.drop("harborlight", f"{NAME}.csv.gz", gzip.compress(content))
    else:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"out/{NAME}.csv", content)
            archive.writestr("harborlight_book_20260309.csv", book(book_row(1, planName="Old")))
        inbox.drop("harborlight", "weekly.zip", buffer.getvalue())
    before = sorted(inbox.root.rglob("*"))
    assert [row["plan_name"] for row in inbox.rows("policy")] == ["Harborlight Plus"] * 2
    assert sorted(inbox.root.rglob("*")) == before


def test_columns_are_found_by_name_and_what_is_not_declared_is_dropped(inbox: Inbox) -> None:
    order = [*reversed(range(len(BOOK)))]
    header, row = [[line[at] for at in order] for line in (BOOK, book_row())]
    inbox.drop("harborlight", f"{NAME}.csv", csv_text([*header, "memberSSN"], [[*row, "078-05-1120"]]))
    (line,) = inbox.log()
    assert line.facts
    assert line.facts.dropped_columns == ("memberSSN",)
    assert "078-05-1120" not in str([inbox.rows(entity) for entity in ("policy", "member", "agent")])


def test_the_later_of_two_rows_and_of_two_files_counts(inbox: Inbox) -> None:
    twice = [book_row(1, policyEffectiveDate="02/01/2026", planName="New"), book_row(1, planName="Old")]
    inbox.drop("harborlight", "harborlight_book_20260309.csv", book(*twice, book_row(2)))
    inbox.drop("harborlight", "harborlight_book_20260310.csv", book(book_row(2, planName="Newest")))
    assert sorted(row["plan_name"] for row in inbox.rows("policy")) == ["New", "Newest"]
    with inbox.source() as source:
        assert source.totals() == {"policy": 2, "member": 2, "agent": 1}
        assert [line.facts.superseded for line in source.log() if line.facts] == [1, 0]


def test_ids_do_not_change_with_the_file_and_tell_carriers_apart(inbox: Inbox) -> None:
    inbox.drop("harborlight", f"{NAME}.csv", book(book_row(1), book_row(2)))
    before = [[row["source_id"] for row in inbox.rows(entity)] for entity in ("policy", "member")]
    inbox.drop("harborlight", f"{NAME}.csv", book(book_row(1, memberEmail="new@example.test", planName="X"), book_row(2)))
    assert [[row["source_id"] for row in inbox.rows(entity)] for entity in ("policy", "member")] == before
