"""What a report is made of: JSON and back, sums, samples, and the files it becomes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pandas as pd
import pytest

from crosswalk.core.model import Outcome, RunKey, RunStatus
from crosswalk.core.system_schema import load_fields
from crosswalk.reports.plan_search import CHANGE_COLUMNS
from crosswalk.reports.publish import publish
from crosswalk.reports.run_report import Deletion, RejectedRecord, Report, Sum, deletes_of, from_json, sums_of, to_json
from crosswalk.reports.samples import samples
from crosswalk.reports.spreadsheets import PLAN_COLUMNS
from crosswalk.validation.outcomes import RuleResult

MakeReport = Callable[..., Report]
COLUMNS = ["entity", "source_id", "target_id", "outcome", "reason", "changed", "payload_hash"]


@pytest.fixture
def plan() -> pd.DataFrame:
    rows = [
        ["contact", "Contact.7.1", "", "create", "new", "", "h"],
        ["contact", "Contact.7.2", "c-2", "update", "source", "email phone birthday", "h"],
        ["contact", "Contact.7.3", "c-3", "unchanged", "", "", "h"],
        ["contact", "Contact.7.4", "c-4", "rejected", "EMAIL_INVALID", "", ""],
        ["contact", "Contact.7.5", "", "rejected", "NAME_MISSING", "", ""],
        ["contact", "Contact.7.6", "c-6", "delete", "left_source", "", ""],
        ["contact", "", "c-7", "delete", "target_only", "", ""],
        ["group", "TagGroup.7.1", "g-1", "unchanged", "", "", "h"],
    ]
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")


def frame(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype="str")


@pytest.mark.requirement("SAFE-6")
def test_every_record_of_both_sides_is_counted_once(plan: pd.DataFrame) -> None:
    source, target = sums_of("contact", plan, read=6, found=5, without_id=1)
    assert source == Sum("contact", "source", 6, {"create": 1, "update": 1, "unchanged": 1, "rejected": 3})
    assert target == Sum("contact", "target", 5, {"update": 1, "delete": 2, "unchanged": 1, "rejected": 1})
    assert source.adds_up
    assert target.adds_up
    assert not replace(source, total=7).adds_up
    assert deletes_of(plan) == [
        Deletion("contact", "c-6", "Contact.7.6", "left_source"),
        Deletion("contact", "c-7", "", "target_only"),
    ]


def test_sums_of_nothing_add_up() -> None:
    empty = pd.DataFrame([], columns=COLUMNS, dtype="str")
    assert [one.adds_up for one in sums_of("contact", empty, 0, 0)] == [True, True]


def test_json_says_the_same_and_can_be_read_back(make_report: MakeReport) -> None:
    report = make_report("\u202e</script>\x00")
    content = json.loads(to_json(report))
    assert content["schema"] == 1
    assert content["key"] == {"integration": "smartoffice_to_fmg", "account": report.key.account, "snapshot": 12}
    assert [one["adds_up"] for one in content["sums"]] == [True, True, False]
    assert from_json(to_json(report)) == report
    assert from_json(to_json(Report(RunKey("a", "b", 1)))) == Report(RunKey("a", "b", 1))


@pytest.mark.parametrize("content", [b"{}", b'{"schema": 2}', b'{"schema": 1}', b"[]", b"no json"])
def test_anything_else_is_no_report(content: bytes) -> None:
    with pytest.raises(ValueError):
        from_json(content)


@pytest.mark.requirement("SAFE-9")
def test_samples_show_masked_values_only(plan: pd.DataFrame) -> None:
    fields = load_fields("fmg")["contact"]
    desired = frame(
        source_id=["Contact.7.1", "Contact.7.2"],
        first_name=["Zanzibar", "Quinn"],
        email=["zan@quux.test", "new@quux.test"],
        phone=["+15550104477", "+15550109977"],
        birthday=["1984-12-07", "1984-12-08"],
        groups=["TagGroup.7.1", "TagGroup.7.2"],
    )
    target = frame(
        target_id=["c-2", "c-6", "c-7"],
        first_name=["Quinn", "Gone", "Only"],
        email=["old@quux.test", "gone@quux.test", ""],
        phone=["+15550108877", "", ""],
        birthday=["1984-12-07", "", ""],
        groups=["TagGroup.7.1", "", ""],
    )
    created, updated, gone, only = samples(plan, desired, target, fields)
    assert [(one.field, one.before, one.after) for one in created.changes] == [
        ("first_name", "", "Z***"),
        ("email", "", "z***@q***.test"),
        ("phone", "", "***77"),
        ("birthday", "", "****-**-**"),
        ("groups", "", "TagGroup.7.1"),
    ]
    assert [(one.field, one.before, one.after, one.masking_hides_it) for one in updated.changes] == [
        ("email", "o***@q***.test", "n***@q***.test", False),
        ("phone", "***77", "***77", True),
        ("birthday", "****-**-**", "****-**-**", True),
    ]
    assert [(one.field, one.after) for one in gone.changes] == [("first_name", ""), ("email", "")]
    assert (only.source_id, only.target_id, only.reason) == ("", "c-7", "target_only")
    told = str([created, updated, gone, only])
    assert not [value for value in ("anzibar", "quux", "1984", "5550") if value in told]


def test_at_most_twenty_samples_of_an_outcome() -> None:
    ids = [f"Contact.7.{number}" for number in range(50)]
    plan = pd.DataFrame([["contact", one, "", "create", "new", "", "h"] for one in ids], columns=COLUMNS, dtype="str")
    desired = frame(source_id=ids, first_name=["Q"] * 50)
    found = samples(plan, desired, frame(target_id=[], first_name=[]), load_fields("fmg")["contact"])
    assert [one.source_id for one in found] == ids[:20]


def test_the_documentation_names_everything() -> None:
    text = (Path(__file__).parents[3] / "docs" / "report.md").read_text()
    names = [one.name for kind in (Report, RejectedRecord, RuleResult) for one in fields(kind)]
    names += [*RunStatus, *Outcome, *PLAN_COLUMNS]
    assert [name for name in names if f"`{name}`" not in text] == []


class Folder:
    """Keeps what is written, in order."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def write_bytes(self, name: str, data: bytes) -> None:
        self.files[name] = data

    def write_frame(self, name: str, frame: pd.DataFrame, group_rows: int | None = None) -> None:
        self.files[f"{name}.parquet"] = frame.to_csv(index=False).encode()


def test_publishing_writes_the_page_last(make_report: MakeReport, plan: pd.DataFrame) -> None:
    before, after = Folder(), Folder()
    publish(before, make_report())
    publish(after, make_report(), plan, pd.DataFrame(columns=CHANGE_COLUMNS))
    assert list(before.files) == ["rejected.csv", "rules.json", "report.json", "report.html"]
    assert list(after.files) == ["rejected.csv", "plan.csv", "plan.parquet", "changes.parquet", "rules.json", "report.json", "report.html"]
    assert after.files["report.html"].startswith(b"<!doctype html>")
    assert from_json(after.files["report.json"]).key.snapshot == 12
