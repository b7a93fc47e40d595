"""Approve: what a person is asked when a plan is held, and the answer, bound to the hash of the plan they saw (SAFE-3)."""

from __future__ import annotations

from datetime import UTC, datetime

from crosswalk.core.model import RunStatus
from crosswalk.errors import SafetyStop
from crosswalk.steps.context import Run
from crosswalk.steps.report import settings_notes
from crosswalk.steps.transform import target_only_file


def approval_text(run: Run) -> tuple[str, str]:
    """Subject and Markdown body of the question: numbers and ids only, never a person's data."""
    row = run.store.runs.get(run.key)
    subject = f"{run.spec.short} {run.key.account}: deliver plan {row.plan_hash[:12]} although it is held?"
    lines = [f"Snapshot {run.key.snapshot} of account **{run.key.account}** is held. Nothing was written.", ""]
    lines += [f"- **{hold['code']}**: {hold['found']} (limit: {hold['limit']})" for hold in row.holds]
    lines += [*(f"- {note}" for note in settings_notes(row)), "", *_table(row.counts["plan"])]
    for name in (target_only_file(entity.name) for entity in run.spec.entities):
        if run.folder.exists(name):
            lines += ["", f"What the target holds and nobody imported was exported first: `{run.folder.uri(name)}`"]
    lines += ["", f"Approve delivers exactly plan `{row.plan_hash}`; Reject, or no answer, leaves everything as it is."]
    return subject, "\n".join(lines)


def record_decision(run: Run, *, approved: bool, plan_hash: str, by: str) -> None:
    """Keep who decided what about which plan. A decision about another plan than the run's counts for nothing."""
    row = run.store.runs.get(run.key)
    if approved:
        run.store.runs.update(run.key, approved_hash=plan_hash, decided_by=by)
    else:
        run.store.runs.update(run.key, approved_hash="", decided_by=by, status=RunStatus.REJECTED, ended_at=datetime.now(UTC))
    event = "plan approved" if approved else "plan rejected"
    details = {"snapshot": run.key.snapshot, "plan_hash": plan_hash, "holds": [hold["code"] for hold in row.holds]}
    run.store.audit.append(event, run.key.integration, run.key.account, by, details)
    with run.step("approve"):
        pass


def require_approval(run: Run) -> None:
    """Raise SafetyStop unless the run's plan needs no approval or a person approved exactly it."""
    row = run.store.runs.get(run.key)
    if not row.holds:
        return
    if row.approved_hash == row.plan_hash:
        return
    raise SafetyStop(
        "PLAN_NOT_APPROVED",
        doing=f"loading {run.key}",
        found="the plan is held (" + ", ".join(hold["code"] for hold in row.holds) + ") and nobody approved this plan",
        fix="read the plan, then clear the approve task and answer it in Airflow under Required Actions",
    )


def _table(plan: dict[str, dict[str, int]]) -> list[str]:
    outcomes = sorted({outcome for counts in plan.values() for outcome in counts})
    head = ["| | " + " | ".join(outcomes) + " |", "|---" * (len(outcomes) + 1) + "|"]
    return head + [f"| {name}s | " + " | ".join(f"{counts.get(o, 0):,}" for o in outcomes) + " |" for name, counts in plan.items()]
