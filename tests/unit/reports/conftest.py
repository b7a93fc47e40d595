"""A full report, and the same with any text put wherever text of others can stand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crosswalk.core.model import Hold, RunKey
from crosswalk.reports.run_report import Change, Deletion, Failure, Limit, RejectedRecord, Report, Sample, Sum, TargetOnly
from crosswalk.validation.outcomes import RuleResult

MakeReport = Callable[..., Report]


@pytest.fixture(scope="session")
def make_report() -> MakeReport:
    """Make a report that fills every section. text: stands wherever a name, an id or a note of others can."""

    def make(text: str = "Newsletter", status: str = "held", rejections: int = 3) -> Report:
        rule = RuleResult(
            "EMAIL_INVALID", "expect_column_values_to_be_valid_email", "contact", text, "warning", text, 30000, 3, "failed", text
        )
        changes = (Change("email", "q***@e***.test", text), Change("phone", "***77", "***77", masking_hides_it=True))
        return Report(
            RunKey("smartoffice_to_fmg", text, 12),
            status=status,
            source=text,
            target="fmg_summit",
            scope=(text, "Clients A"),
            airflow={"dag_id": "fmg_daily_sync", "run_id": text},
            started_at="2026-01-05T09:12:44+00:00",
            ended_at="2026-01-05T04:14:02-05:00",
            taken_at=text,
            durations={"extract": 31.2, "load": 3724.0},
            limits=[Limit("contacts", 30001, 30000), Limit(text, 248, 1000), Limit("notes", 5, None)],
            sums=[
                Sum("group", "source", 2, {"create": 2}),
                Sum("contact", "source", 30000, {"create": 120, "unchanged": 28780, "rejected": 1100}),
                Sum("contact", "target", 28810, {"unchanged": 28780, "delete": 29}),
            ],
            rules=[rule, RuleResult("SRC_MISSING_ID", "x", "contact", "source_id", "critical", "m", 30000, 0, "passed", "f")],
            rejected=[
                RejectedRecord("contact", f"{text}{number or ''}", "EMAIL_INVALID", text, text, text, text, "2026-01-04T09:00:00Z", 2)
                for number in range(rejections)
            ],
            plan={"group": {"create": 2}, "contact": {"create": 120, "delete": 29, "unchanged": 28780, "rejected": 1100}},
            samples=[Sample("contact", "update", text, text, text, changes), Sample("group", "create", text, "", "new", ())],
            deletes=[Deletion("contact", text, text, "left_source")],
            holds=[Hold("SLICE_DROP", f"group {text} loses 410 of 1,200 members", text)],
            decided_by=text,
            target_only=[TargetOnly(text, 37)],
            notes=[text],
            error=Failure("SRC_COUNT_MISMATCH", f"[SRC_COUNT_MISMATCH] While reading: {text}. Next: clear the extract task."),
            mode="delta",
            generation=0,
            plan_hash="9f31c8f2",
            digests={"Spec": text},
            crosswalk_version="0.1.0",
        )

    return make
