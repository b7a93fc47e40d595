"""Undo: the list as it was before the last delivery that changed it, planned like any delivery and loaded by `load` (SAFE-7).

What was there before stands in the landing zone, with the snapshot of the delivery that is undone. Opt-outs made since are kept.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from crosswalk import __version__
from crosswalk.core.model import UNDO, RunStatus
from crosswalk.core.plan import summary
from crosswalk.core.ports import Target, TargetState
from crosswalk.core.spec.model import EntitySpec
from crosswalk.engine.artifacts import DESIRED, PLAN
from crosswalk.engine.attempt import step
from crosswalk.engine.context import BEAT_SECONDS, Run
from crosswalk.engine.delivery_style import style_of
from crosswalk.engine.extract import check_order
from crosswalk.engine.land import by_name, columns_of, land_target
from crosswalk.engine.transform import plan_digest
from crosswalk.errors import ConfigurationError, DataError
from crosswalk.landing.folder import MANIFEST
from crosswalk.landing.manifest import Manifest
from crosswalk.store.runs import RunRow

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Undone:
    """The delivery that is undone. manifest: of its snapshot, which holds the list as it was. maker: the run that made that list."""

    row: RunRow
    manifest: Manifest
    maker: RunRow


def undo(run: Run, target: Target, *, generation: int | None, by: str) -> dict[str, Any]:
    """Land the target as it is and plan the way back to an earlier generation; None is the one before the present one.

    Returns counts for XCom. Raises ConfigurationError UNDO_NOTHING or UNDO_UNKNOWN, DataError UNDO_UNSETTLED, UNDO_EXPIRED or UNDO_SHAPE,
    Fenced when another run has the account.
    """
    with step(run, "undo"), run.leased(BEAT_SECONDS) as beat:
        run.store.runs.give_up_on_older(run.key)
        state = target.state()
        check_order(run, state)
        undone = _find(run, state, generation)
        if left_out := undone.row.counts.get("left_out"):
            run.leave_out(left_out)
        log.info("run %s undoes snapshot %d", run.key, undone.row.key.snapshot)
        landed, state = land_target(run, target, beat)
        entities = by_name(landed)
        run.folder.seal(
            replace(
                undone.manifest,
                key=run.key,
                taken_at=datetime.now(UTC),
                entities=entities,
                target_identity=target.identity(),
                target_state=state,
                spec_digest=run.spec.digest,
                crosswalk_version=__version__,
            )
        )
        plans = [_plan(run, undone, entity) for entity in run.spec.entities]
        PLAN.write(run.folder, pd.concat(plans, ignore_index=True))
        _record(run, undone, plans, by)
        return {name: one.rows for name, one in entities.items()}


def _find(run: Run, state: TargetState, generation: int | None) -> Undone:
    """Find the delivery whose list before it is wanted."""
    last = run.store.runs.last_delivered(run.key.integration, run.key.account)
    if last is None or not last.generation:
        raise ConfigurationError(
            "UNDO_NOTHING",
            operation=f"undoing the last delivery of {run.key}",
            problem="nothing was delivered to the target yet",
        )
    _require_settled(run, state, last)
    wanted = last.generation - 1 if generation is None else generation
    row = run.store.runs.maker_of(run.key.integration, run.key.account, wanted + 1)
    if row is None or not 0 <= wanted < last.generation:
        raise ConfigurationError(
            "UNDO_UNKNOWN",
            operation=f"undoing to generation {wanted} of {run.key}",
            problem=f"no delivery of this account is known to have followed it; the target is at generation {last.generation}",
        )
    folder = run.zone.folder(row.key)
    if not folder.exists(MANIFEST):
        raise DataError(
            "UNDO_EXPIRED",
            operation=f"undoing snapshot {row.key.snapshot} of {run.key}",
            problem="the list as it was before is no longer in the landing zone",
        )
    maker = run.store.runs.maker_of(run.key.integration, run.key.account, wanted)
    return Undone(row, folder.manifest(), maker or row)


def _require_settled(run: Run, state: TargetState, last: RunRow) -> None:
    """A delivery that was cut short has to come to its end first."""
    found = style_of(run).unsettled(run, state, last)
    if found:
        raise DataError(
            "UNDO_UNSETTLED",
            operation=f"undoing a delivery of {run.key}",
            problem=found,
        )


def _plan(run: Run, undone: Undone, entity: EntitySpec) -> pd.DataFrame:
    before = run.zone.folder(undone.row.key).read_entity(f"target_{entity.name}")
    if missing := sorted(set(columns_of(entity, "target")) - set(before.columns)):
        raise DataError(
            "UNDO_SHAPE",
            operation=f"undoing snapshot {undone.row.key.snapshot} of {run.key}",
            problem=f"the list as it was before lacks field(s) of today's mapping: {', '.join(missing)}",
        )
    now = run.folder.read_entity(f"target_{entity.name}")
    plan, wanted = style_of(run).undo_plan(entity, before, now)
    DESIRED.of(entity.name).write(run.folder, wanted[["target_id", "source_id", *entity.target_fields]])
    return plan


def _record(run: Run, undone: Undone, plans: list[pd.DataFrame], by: str) -> None:
    digest = plan_digest(run, plans, UNDO)
    counts = {"plan": {entity.name: summary(plan) for entity, plan in zip(run.spec.entities, plans, strict=True)}}
    undoes = {"undoes": undone.row.key.snapshot}
    run.store.runs.update(
        run.key,
        status=RunStatus.RUNNING,
        mode=UNDO,
        plan_hash=digest,
        mapping_digest=undone.maker.mapping_digest,
        settings={**undone.maker.settings, "changed": []},
        counts={**run.store.runs.get(run.key).counts, **counts, **undoes},
        decided_by=by,
    )
    if not run.store.runs.get(run.key).dry_run:
        details = {"snapshot": run.key.snapshot, "plan_hash": digest, **undoes}
        run.store.audit.append("undo asked for", run.key.integration, run.key.account, by, details)
