"""Transform: mapping tables to the target's shape, the difference to the target as a plan, one outcome per record, safety rules."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import asdict, replace
from typing import Any

import pandas as pd

from crosswalk.core.model import DELTA, REPLACE, UNDO, Hold, Rejection, RunStatus
from crosswalk.core.plan import late_rejections, plan_hash, summary
from crosswalk.core.safety import UNMANAGED, holds
from crosswalk.core.settings_diff import changes, facts
from crosswalk.core.spec.model import REMOVE
from crosswalk.engine.artifacts import DESIRED, PLAN, REJECTED, REJECTED_ALL, target_only_file
from crosswalk.engine.attempt import step
from crosswalk.engine.context import Run
from crosswalk.engine.delivery_style import style_of
from crosswalk.engine.hooks import features_of, links_of
from crosswalk.engine.operations import CHANGING, FLAG_ONLY
from crosswalk.engine.planning import planner_of, scope_of
from crosswalk.engine.report import records_without_id
from crosswalk.engine.results import EntityPlan
from crosswalk.engine.retry import leave_out_others, leave_out_unread, retried, without_taken
from crosswalk.engine.run_options import LEAVE, asked_first, existing, leave_as_is
from crosswalk.errors import ConfigurationError
from crosswalk.errors.catalog import require
from crosswalk.reports.spreadsheets import formula_safe

_PHONE = re.compile(r"\+[0-9]{7,15}( x[0-9]{1,9})?")


def transform(run: Run) -> dict[str, Any]:
    """Make the plan of the run. Once a delivery has begun the plan stands: it is returned, not made again.

    Returns, for XCom: held, plan_hash, summary {entity: {outcome: number}}.
    """
    with step(run, "transform"), run.working():
        row = run.store.runs.get(run.key)
        if row.plan_hash and (run.store.ledger.batches(run.key) or run.store.ledger.finished(run.key)):
            return _handle(run)
        rejections = REJECTED.read(run.folder)
        planned = _restricted(run, planner_of(run).plan(run, rejections), rejections)
        found = [*_holds(run, planned, rejections), *_undone(run, planned), *asked_first(run, (one.plan for one in planned))]
        for hold in found:
            require(hold.code, "hold")
        _land(run, planned, rejections)
        _record(run, planned, found, rejections)
        return _handle(run)


def plan_digest(run: Run, plans: list[pd.DataFrame], mode: str) -> str:
    """Name exactly what the plans of all entities would do to this account in this mode."""
    facts: dict[str, Any] = {"mode": mode, "account": run.key.account, "integration": run.key.integration}
    facts |= {"decided": links} if (links := links_of(run)) else {}
    facts |= planner_of(run).digest(run)
    return plan_hash(plans, facts)


def _holds(run: Run, planned: list[EntityPlan], rejections: list[Rejection]) -> list[Hold]:
    last = run.store.runs.last_delivered(run.key.integration, run.key.account)
    safety = run.spec.safety.tightened(run.settings.safety)
    changed = last is not None and last.mapping_digest != run.spec.mapping_digest
    found = [hold for feature in features_of(run) for hold in feature.holds(run)]
    for one in planned:
        found += holds(
            safety,
            one.entity,
            one.plan,
            one.desired,
            one.target,
            one.delivered,
            first=style_of(run).first_delivery(run),
            mapping_changed=changed,
            without_id=records_without_id(rejections, one.entity.name),
            narrowed=run.narrowed is not None,
        )
    return found


def _restricted(run: Run, planned: list[EntityPlan], rejections: list[Rejection]) -> list[EntityPlan]:
    """A run for some records leaves all others as they are; a retry cannot be a first delivery, which replaces the list."""
    if existing(run) == LEAVE:
        planned = [replace(one, plan=leave_as_is(one.plan)) for one in planned]
    if run.narrowed is not None:
        return [replace(one, plan=leave_out_unread(one.plan)) for one in planned]
    only = retried(run)
    if only is None:
        return planned
    if style_of(run).first_delivery(run):
        raise ConfigurationError(
            "RETRY_TOO_EARLY",
            operation=f"retrying rejected records of {run.key}",
            problem="nothing was delivered to the target yet",
        )
    return [_retried_alone(one, only, rejections) for one in planned]


def _retried_alone(one: EntityPlan, only: frozenset[str], rejections: list[Rejection]) -> EntityPlan:
    plan = without_taken(one.entity, leave_out_others(one.plan, only), one.desired, one.target)
    known = {r.source_id: r.code for r in rejections if r.entity == one.entity.name and r.source_id}
    rejections += late_rejections(one.entity, plan, known)
    return replace(one, plan=plan)


def _undone(run: Run, planned: list[EntityPlan]) -> Iterator[Hold]:
    """What a person undid is not done again unasked, whether the undo was heard of to its end or not."""
    maker = style_of(run).maker(run)
    changes = sum(int((one.plan["outcome"].isin(CHANGING) & (one.plan["reason"] != FLAG_ONLY)).sum()) for one in planned)
    if maker is not None and maker.mode == UNDO and changes:
        found = f"snapshot {maker.counts['undoes']} was undone by {maker.decided_by}; {changes} record(s) would be changed again"
        yield Hold("UNDONE", found, "none without consent")


def _land(run: Run, planned: list[EntityPlan], rejections: list[Rejection]) -> None:
    for one in planned:
        DESIRED.of(one.entity.name).write(run.folder, one.desired)
    PLAN.write(run.folder, pd.concat([one.plan for one in planned], ignore_index=True))
    REJECTED_ALL.write(run.folder, rejections)
    _export_target_only(run, planned)


def _export_target_only(run: Run, planned: list[EntityPlan]) -> None:
    """FMG-06: what the target holds and nobody imported is written to a file before anyone may consent to its loss."""
    for one in planned:
        lost = one.plan.loc[one.plan["reason"].isin(UNMANAGED) & (one.entity.unmanaged == REMOVE), "target_id"]
        if len(lost):
            frame = one.target[one.target["target_id"].isin(lost)]
            text = io.StringIO()
            writer = csv.writer(text)
            writer.writerow(frame.columns)
            writer.writerows([_cell(text) for text in row] for row in frame.itertuples(index=False, name=None))
            run.folder.write_bytes(target_only_file(one.entity.name), text.getvalue().encode())


def _cell(text: str) -> str:
    """Make a value safe to open in a spreadsheet; a plain phone number stays as it is, it has to be typed in again somewhere."""
    return text if _PHONE.fullmatch(text) else formula_safe(text)


def _record(run: Run, planned: list[EntityPlan], found: list[Hold], rejections: list[Rejection]) -> None:
    row = run.store.runs.get(run.key)
    mode = REPLACE if style_of(run).first_delivery(run) else row.mode or DELTA
    run.store.runs.update(
        run.key,
        status=RunStatus.HELD if found and not row.dry_run else RunStatus.RUNNING,
        mode=mode,
        plan_hash=plan_digest(run, [one.plan for one in planned], mode),
        mapping_digest=_mapping_digest(run),
        settings=_settings(run),
        holds=[asdict(hold) for hold in found],
        counts={**row.counts, "plan": {one.entity.name: summary(one.plan) for one in planned}},
        error_code="",
        error_text="",
        ended_at=None,
    )
    if not row.dry_run:
        for one in planned:
            mine = [r for r in rejections if r.entity == one.entity.name]
            run.store.rejected.record(run.key, one.entity.name, mine, set(one.source_ids), only=_may_close(run, one))


def _may_close(run: Run, one: EntityPlan) -> AbstractSet[str] | None:
    """Name the records whose open rejections the run may close; None: all of the entity."""
    if run.narrowed is not None:
        return set(one.source_ids)
    only = retried(run)
    if only is not None:
        return only
    limits = (feature.may_close(run, one.entity, one.source_ids) for feature in features_of(run))
    return next((limit for limit in limits if limit is not None), None)


def _mapping_digest(run: Run) -> str:
    last = run.store.runs.last_delivered(run.key.integration, run.key.account)
    return last.mapping_digest if last and _partly(run) else run.spec.mapping_digest


def _partly(run: Run) -> bool:
    """A run for some records delivers too little to say that the list follows today's tables and settings."""
    return retried(run) is not None or run.narrowed is not None


def _settings(run: Run) -> dict[str, Any]:
    """Describe today's settings, under "changed" what differs from the last delivery."""
    last = run.store.runs.last_delivered(run.key.integration, run.key.account)
    before = dict(last.settings) if last else {}
    before.pop("changed", None)
    now = facts(run.settings, run.spec.safety.tightened(run.settings.safety), scope_of(run))
    return {**(before if _partly(run) else now), "changed": changes(before, now)}


def is_held(run: Run) -> bool:
    """Whether the run's plan waits for a person."""
    row = run.store.runs.get(run.key)
    return bool(row.holds) and not row.dry_run and row.delivered_at is None


def _handle(run: Run) -> dict[str, Any]:
    row = run.store.runs.get(run.key)
    return {"held": is_held(run), "plan_hash": row.plan_hash, "summary": row.counts["plan"]}
