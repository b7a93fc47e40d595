"""Carrier files through the whole run into an FMO's business: what arrives, what stays, what is asked, what is never done twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.engine.approve import answer
from crosswalk.features.inbound_files.file_log import FileLog
from crosswalk.reports.run_report import from_json
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.runs import RunRow
from files_world import NAME, FilesWorld, fresh
from systems.carriers.conftest import BOOK, STATEMENT, book, book_row, csv_text, workbook
from systems.carriers.test_carriers_reading import SPOUSE, SUBSCRIBER, edi

SAMPLES = Path(__file__).parents[2] / "data" / "834"
TODAY, YESTERDAY = "harborlight_book_20260310.csv", "harborlight_book_20260309.csv"


def plan(row: RunRow | None, entity: str = "policy") -> dict[str, int]:
    assert row is not None
    return dict(row.counts["plan"][entity])


def by_number(fmo: FilesWorld) -> dict[str, dict[str, str]]:
    return {one["policy_number"]: one for one in fmo.held("policy").values()}


def people(fmo: FilesWorld) -> dict[tuple[str, str, str], dict[str, str]]:
    numbers = {key: one["policy_number"] for key, one in fmo.held("policy").items()}
    return {(numbers[one["policy"]], one["role"], one["first_name"]): one for one in fmo.held("member").values()}


@pytest.mark.requirement("ACRM-01")
def test_three_kinds_of_file_become_one_book_and_the_next_hour_does_nothing(fmo: FilesWorld) -> None:
    fmo.drop("harborlight", YESTERDAY, book(book_row(1, memberEmail="ann@example.test"), book_row(2)))
    (fmo.drop_place / "pinecrest").mkdir()
    paid = ["2026-02", "55501", "9990001", "PC-100200", "Bronze", "01/01/2026", 12.5]
    total = ["Total", "", "", "", "", "", 12.5]
    workbook(fmo.drop_place / "pinecrest" / "pinecrest_commission_20260228.xlsx", [STATEMENT, paid, total], start=2)
    fmo.drop("lakeshore", "lakeshore_20260301.834", edi(SUBSCRIBER, SPOUSE))
    row = fmo.ingest()
    assert row is not None
    assert row.status is RunStatus.SUCCESS
    held = by_number(fmo)
    assert {number: one["writing_agent_npn"] for number, one in held.items()} == {
        "H00000001": "4477123",
        "H00000002": "4477123",
        "PC-100200": "55501",
        "M10077": "0004477123",
    }
    assert "9990001" not in json.dumps([fmo.held(entity) for entity in ("policy", "member", "agent")])
    assert sorted(people(fmo)) == [
        ("H00000001", "subscriber", "Ann1"),
        ("H00000002", "subscriber", "Ann2"),
        ("M10077", "spouse", "KIM"),
        ("M10077", "subscriber", "SAM"),
    ]
    assert sorted(one["npn"] for one in fmo.held("agent").values()) == ["0004477123", "4477123", "55501"]
    before = fmo.writes()
    assert fmo.ingest() is None
    assert fmo.account().run("asked all the same").status is RunStatus.SUCCESS
    assert fmo.writes() == before
    assert len(by_number(fmo)) == 4


@pytest.mark.requirement("ACRM-01")
def test_the_public_samples_arrive_member_by_member(box: SandboxServer, tmp_path: Path) -> None:
    found = {}
    for sample in sorted(SAMPLES.glob("*.834")):
        fmo = fresh(box, tmp_path / sample.stem)
        fmo.drop("lakeshore", sample.name, sample.read_bytes())
        row = fmo.ingest()
        assert row is not None
        assert row.status is RunStatus.SUCCESS
        (policy,), (member,) = fmo.held("policy").values(), fmo.held("member").values()
        assert (policy["writing_agent_npn"], fmo.held("agent")) == ("", {})
        found[sample.stem] = (member["role"], member["first_name"], member["last_name"], member["birth_date"], policy["coverages"])
    assert found == {
        "add-dependent": ("child", "JOHN", "DOE", "1977-08-16", "HLT"),
        "add-subscriber-coverage": ("subscriber", "WILLIAM", "SMITH", "", "DEN"),
        "change-subscriber-information": ("subscriber", "JAMES", "DOE", "1950-04-15", ""),
        "demo": ("subscriber", "JOHN", "DOE", "1940-08-16", "HLT VIS"),
        "enroll-employee-managed-care": ("subscriber", "WILLIAM", "SMITH", "1970-06-14", "HMO"),
        "terminate-subscriber-eligibility": ("subscriber", "JOHN", "DOE", "", ""),
    }


@pytest.mark.requirement("ACRM-01", "SAFE-1")
def test_what_a_file_does_not_mention_stays_and_asks_nobody(fmo: FilesWorld) -> None:
    fmo.drop("harborlight", YESTERDAY, book(*[book_row(number, writingAgentNPN=f"10{number}") for number in range(1, 40)]))
    fmo.ingest()
    fmo.drop("pinecrest", "pinecrest_commission_20260310.csv", csv_text(STATEMENT, [_paid("1.00"), ["Total", *[""] * 5, "1.00"]]))
    row = fmo.ingest()
    assert plan(row) == {"create": 1, "excluded": 39}
    assert plan(row, "member") == {"excluded": 39}
    assert row is not None
    assert row.status is RunStatus.SUCCESS
    report = from_json(fmo.run_of(row).report_folder.read_bytes("report.json"))
    assert all(one.adds_up for one in report.sums)
    assert {one.reason for one in report.staying} == {"not_told"}
    assert len(by_number(fmo)) == 40


def _paid(amount: str) -> list[str]:
    return ["2026-02", "4477123", "9990001", "PC-100200", "Bronze", "01/01/2026", amount]


@pytest.mark.requirement("ACRM-01", "ACRM-05")
def test_a_blank_keeps_what_is_there_but_for_the_agent_and_the_end(fmo: FilesWorld) -> None:
    named = edi(SUBSCRIBER.replace("DTP*348", "DTP*349*D8*20261231~DTP*348"))
    fmo.drop("lakeshore", "lakeshore_20260301.834", named)
    fmo.ingest()
    assert (by_number(fmo)["M10077"]["writing_agent_npn"], by_number(fmo)["M10077"]["term_date"]) == ("0004477123", "2026-12-31")
    changes = "INS*Y*18*001*XN*A***FT~REF*0F*M10077~NM1*IL*1*DOE*SAMUEL~HD*001**HLT~"
    fmo.drop("lakeshore", "lakeshore_20260302.834", edi(changes, broker="", control=2))
    fmo.ingest()
    policy, (member,) = by_number(fmo)["M10077"], people(fmo).values()
    assert (policy["plan_name"], policy["term_date"], policy["writing_agent_npn"]) == ("PLAN-A", "", "")
    assert (member["first_name"], member["email"], member["writing_agent_npn"]) == ("SAMUEL", "sam@example.test", "")


@pytest.mark.requirement("ACRM-01", "SAFE-2", "SAFE-3")
def test_a_held_file_waits_for_a_person_and_is_taken_when_one_says_so(fmo: FilesWorld) -> None:
    fmo.drop("harborlight", YESTERDAY, book(*[book_row(number) for number in range(1, 11)]))
    fmo.ingest()
    fmo.drop("harborlight", TODAY, book(*[book_row(number, planName="New") for number in range(1, 5)]))
    waiting = fmo.ingest()
    assert waiting is not None
    assert waiting.status is RunStatus.HELD
    (hold,) = waiting.holds
    assert (hold["code"], TODAY in hold["found"]) == ("FILE_SLICE_DROP", True)
    assert fmo.ingest() is None, "the next hour must not ask again"
    fmo.drop("harborlight", "later.txt", "not yet read")
    approved = fmo.account().clear(waiting.key, "approve", approve=lambda _: True)
    assert approved.status is RunStatus.SUCCESS
    assert sorted(one["plan_name"] for one in by_number(fmo).values()) == ["Harborlight Plus"] * 6 + ["New"] * 4


@pytest.mark.requirement("ACRM-01", "SAFE-3")
def test_a_declined_file_is_left_alone_until_somebody_asks(fmo: FilesWorld) -> None:
    path = fmo.drop("harborlight", TODAY, csv_text(BOOK, []))
    asked = fmo.ingest()
    assert asked is not None
    assert [hold["code"] for hold in asked.holds] == ["FILE_ZERO_RECORDS"]
    answer(fmo.run_of(asked), yes=False, plan_hash=asked.plan_hash, by="ann")
    assert fmo.ingest() is None
    by_hand = fmo.ingest(again=True)
    assert by_hand is not None
    assert by_hand.status is RunStatus.HELD
    path.unlink()
    fmo.drop("harborlight", TODAY, book())
    row = fmo.ingest()
    assert row is not None
    assert row.status is RunStatus.SUCCESS


@pytest.mark.requirement("ACRM-01", "ACRM-05")
def test_a_row_in_quarantine_stays_until_its_carrier_sends_again(fmo: FilesWorld) -> None:
    fmo.drop("harborlight", YESTERDAY, book(*[book_row(number) for number in range(1, 9)], book_row(9, writingAgentNPN="4477123.0")))
    row = fmo.ingest()
    assert row is not None
    assert row.status is RunStatus.PARTIAL
    (quarantined,) = fmo.store.rejected.open(NAME, "meridian")
    assert (quarantined.code, quarantined.source_id) == ("FILE_NPN_FORMAT", f"harborlight/{YESTERDAY} row 10")
    assert "4477123.0" not in str(quarantined)
    assert quarantined.fix
    assert "H00000009" not in by_number(fmo)
    fmo.drop("lakeshore", "lakeshore_20260301.834", edi(SUBSCRIBER))
    fmo.ingest()
    assert len(fmo.store.rejected.open(NAME, "meridian")) == 1, "another carrier's file closed it"
    fmo.drop("harborlight", TODAY, book(*[book_row(number) for number in range(1, 10)]))
    fmo.ingest()
    assert fmo.store.rejected.open(NAME, "meridian") == []
    assert "H00000009" in by_number(fmo)


@pytest.mark.requirement("ACRM-01")
def test_a_dry_run_takes_nothing_and_a_failed_run_leaves_its_files_to_the_next(fmo: FilesWorld) -> None:
    fmo.drop("harborlight", TODAY, book())
    looked = fmo.ingest(dry_run=True)
    assert plan(looked) == {"create": 1}
    fmo.control("POST", "/faults", system="agent_crm", kind="status", status=404, match="upsert")
    with pytest.raises(Exception, match="TGT_NOT_FOUND"):
        fmo.ingest()
    row = fmo.ingest()
    assert row is not None
    assert row.status is RunStatus.SUCCESS
    assert [one.stands for one in FileLog(fmo.store.engine).log(NAME, "meridian")] == ["taken", "failed", "dry_run"]


@pytest.mark.requirement("ACRM-01")
def test_an_agents_record_keeps_what_the_fmo_wrote_on_it(fmo: FilesWorld) -> None:
    fmo.drop("harborlight", YESTERDAY, book(book_row(1, writingAgentName="Sam Quill")))
    fmo.ingest()
    (agent,) = fmo.held("agent").values()
    fmo.control("PATCH", f"/agent_crm/businesses/1b6f0000-0000-4000-8000-000000000001/records/agents_agencies/{agent['id']}", kind="agency")
    fmo.drop("harborlight", TODAY, book(book_row(1, writingAgentName="QUILL, SAM"), book_row(2, writingAgentNPN="7")))
    row = fmo.ingest()
    assert plan(row, "agent") == {"create": 1, "unchanged": 1}
    agents = fmo.held("agent")
    assert (agents["4477123"]["agent_name"], agents["4477123"]["kind"]) == ("Sam Quill", "agency")
