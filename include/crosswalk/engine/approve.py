"""Approve: what a person is asked when a plan is held, and the answer, bound to the hash of the plan they saw (SAFE-3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from crosswalk.core.model import Outcome, RunStatus
from crosswalk.core.plan import summary
from crosswalk.core.plurals import plural
from crosswalk.engine.artifacts import DESIRED, PLAN, target_only_file
from crosswalk.engine.attempt import step
from crosswalk.engine.context import Run
from crosswalk.engine.report import settings_notes
from crosswalk.engine.run_options import is_only_about_existing, leave_as_is
from crosswalk.engine.transform import plan_digest
from crosswalk.errors import SafetyStop
from crosswalk.reports.samples import samples


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


def update_question(run: Run) -> tuple[str, str]:
    """Subject and Markdown body of the question whether records the target has otherwise are updated; values are masked."""
    row = run.store.runs.get(run.key)
    subject = f"{run.spec.short} {run.key.account}: do you want to update client's information? ({row.plan_hash[:12]})"
    lines = [f"Snapshot {run.key.snapshot} of account **{run.key.account}**. Nothing was written yet.", ""]
    lines += [f"- {hold['found']}" for hold in row.holds]
    lines += ["", "| record | field | in the target | would become |", "|---|---|---|---|", *_differences(run)]
    lines += ["", f"Yes updates them as plan `{row.plan_hash}` says. No, or no answer, leaves them untouched; the rest goes on either way."]
    return subject, "\n".join(lines)


def decline_updates(run: Run, *, plan_hash: str, by: str) -> None:
    """Leave what would be updated as it is; the rest of the plan goes on. An answer about another plan counts for nothing."""
    if run.store.runs.get(run.key).plan_hash != plan_hash:
        return
    plan = leave_as_is(PLAN.read(run.folder))
    parts = [plan[plan["entity"] == entity.name] for entity in run.spec.entities]
    row = run.store.runs.get(run.key)
    digest, counts = (
        plan_digest(run, parts, row.mode),
        {entity.name: summary(p) for entity, p in zip(run.spec.entities, parts, strict=True)},
    )
    PLAN.write(run.folder, plan)
    run.store.runs.update(run.key, plan_hash=digest, approved_hash=digest, decided_by=by, counts={**row.counts, "plan": counts})
    details = {"snapshot": run.key.snapshot, "plan_hash": plan_hash, "left_as_is": digest}
    run.store.audit.append("update declined", run.key.integration, run.key.account, by, details)
    with step(run, "approve"):
        pass


def answer(run: Run, *, yes: bool, plan_hash: str, by: str) -> None:
    """Keep a person's answer to whichever question the run asked."""
    if not yes and is_only_about_existing(run.store.runs.get(run.key).holds):
        decline_updates(run, plan_hash=plan_hash, by=by)
    else:
        record_decision(run, approved=yes, plan_hash=plan_hash, by=by)


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
    with step(run, "approve"):
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
        operation=f"loading {run.key}",
        problem="the plan is held (" + ", ".join(hold["code"] for hold in row.holds) + ") and nobody approved this plan",
    )


def _differences(run: Run) -> Iterator[str]:
    plan = PLAN.read(run.folder)
    for entity in run.spec.entities:
        rows = plan[(plan["entity"] == entity.name) & (plan["outcome"] == Outcome.UPDATE.value)]
        desired, held = DESIRED.of(entity.name).read(run.folder), run.landed.read_entity(f"target_{entity.name}")
        for one in samples(rows, desired, held, entity.target_fields):
            for change in one.changes:
                after = f"{change.after} (differs where it is masked)" if change.masking_hides_it else change.after
                yield f"| {one.source_id} | {change.field} | {_cell(change.before)} | {_cell(after)} |"


def _cell(masked: str) -> str:
    """Make a masked value fit for a table of Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~-])", r"\\\1", masked) or "blank"


def _table(plan: dict[str, dict[str, int]]) -> list[str]:
    outcomes = sorted({outcome for counts in plan.values() for outcome in counts})
    head = ["| | " + " | ".join(outcomes) + " |", "|---" * (len(outcomes) + 1) + "|"]
    return head + [f"| {plural(name)} | " + " | ".join(f"{counts.get(o, 0):,}" for o in outcomes) + " |" for name, counts in plan.items()]
