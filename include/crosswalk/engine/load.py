"""Load: deliver exactly the approved plan, read it back, check the sums, begin the next generation. Safe to repeat at any point."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from crosswalk.core.capabilities import Paced
from crosswalk.core.model import REPLACE, UNDO, Outcome, Rejection, RunStatus
from crosswalk.core.ports import Operation, Source, Target
from crosswalk.engine.approve import require_approval
from crosswalk.engine.artifacts import PLAN, REJECTED_ALL
from crosswalk.engine.attempt import step
from crosswalk.engine.context import BEAT_SECONDS, Heartbeat, Run
from crosswalk.engine.deliver import deliver
from crosswalk.engine.hooks import features_of
from crosswalk.engine.land import read_frame
from crosswalk.engine.planning import planner_of
from crosswalk.engine.results import DeliveryResult, SendResult
from crosswalk.engine.transform import plan_digest
from crosswalk.errors import DataError, SafetyStop
from crosswalk.errors.catalog import find, require

log = logging.getLogger(__name__)


def load(run: Run, target: Target, source: Callable[[], Source]) -> dict[str, Any]:
    """Carry out the run's plan. Returns counts for XCom. source: opened only to see whether an approval still stands.

    Raises SafetyStop when the plan is held and nobody approved it, or the source changed since, Fenced when a newer snapshot was
    delivered or another run holds the account, DataError when the target does not hold afterwards what it was told.
    """
    with step(run, "load"):
        if run.store.ledger.finished(run.key):
            log.info("run %s was delivered already, nothing to do", run.key)
            run.store.leases.forget(run.key)
        elif run.store.runs.get(run.key).dry_run:
            with run.working():
                _write_nothing(run)
        else:
            with run.leased(BEAT_SECONDS) as beat:
                _require_plan(run)
                require_approval(run)
                _require_same_target(run, target)
                state = target.state()
                before = {entity.name: run.folder.read_entity(f"target_{entity.name}") for entity in run.spec.entities}
                settling = state.last_snapshot >= run.key.snapshot
                if not settling:
                    _require_same_source(run, source, beat)
                    for feature in features_of(run):
                        feature.before_send(run, target, before)
                planner_of(run).before_send(run, beat)
                run.store.leases.fence(beat.lease)
                result = deliver(run, target, state, PLAN.read(run.folder), before, beat)
                for feature in features_of(run):
                    result = feature.after_send(run, target, result, beat)
                _finish(run, target, result)
        return dict(run.store.runs.get(run.key).counts.get("load", {}))


def _write_nothing(run: Run) -> None:
    """A dry run ends here, and so does a backfill, whose data is of its night: the target stays today's (design §4)."""
    status = RunStatus.REPLAYED if run.backfill else RunStatus.DRY_RUN
    run.store.runs.update(run.key, status=status, ended_at=datetime.now(UTC))


def _require_plan(run: Run) -> None:
    """What is loaded is the plan that was hashed (SAFE-3)."""
    row, plan = run.store.runs.get(run.key), PLAN.read(run.folder)
    parts = [plan[plan["entity"] == entity.name] for entity in run.spec.entities]
    if plan_digest(run, parts, row.mode) != row.plan_hash:
        raise DataError(
            "PLAN_CHANGED",
            operation=f"loading {run.key}",
            problem="the plan in the landing zone is not the one that was made",
        )


def _require_same_target(run: Run, target: Target) -> None:
    """The plan is for the list it was made for (FMG-07)."""
    planned = run.folder.manifest().target_identity
    if target.identity() != planned:
        raise _outdated(run, f"the target connection leads to {target.identity()} now, the plan was made for {planned}")


def _require_same_source(run: Run, source: Callable[[], Source], beat: Heartbeat) -> None:
    """A plan stands while the source says what it said, in the scope the account has now (SAFE-3, FMG-07).

    Before anything is visible an approved one, and one whose account has another scope since, is compared with the source read again.
    """
    row, planned = run.store.runs.get(run.key), run.folder.manifest().scope
    rescoped = row.mode != UNDO and set(planned or ()) != set(run.scope or ())
    if not (row.holds or rescoped):
        return
    since = ", and the account's scope was changed" if rescoped else ""
    opened = source()
    for feature in features_of(run):
        feature.before_read(run, opened, again=True)
    for entity in run.spec.entities:
        landed = run.folder.read_entity(f"source_{entity.name}")
        now = read_frame(run, "source", entity, lambda name: opened.pages(name, run.scope), beat)
        changed = (_records(landed) - _records(now)).total() + (_records(now) - _records(landed)).total()
        if changed:
            raise _outdated(run, f"{entity.plural} to be sent changed since the plan was made ({changed} differences){since}")


def _outdated(run: Run, found: str) -> SafetyStop:
    return SafetyStop("PLAN_OUTDATED", operation=f"loading {run.key}", problem=found)


def _records(frame: pd.DataFrame) -> Counter[tuple[str, ...]]:
    return Counter(frame[sorted(frame.columns)].itertuples(index=False, name=None))


def _finish(run: Run, target: Target, result: DeliveryResult) -> None:
    plan, sent, receipt = result.plan, result.sent, result.receipt
    planner_of(run).record(run, sent, result.after)
    refused = {operation.source_id for operation, _ in sent.refused}
    _reject_refused(run, sent)
    upserted, gone = {}, {}
    for entity in run.spec.entities:
        rows, after = plan[(plan["entity"] == entity.name) & ~plan["source_id"].isin(refused)], result.after[entity.name]
        known = run.store.ledger.delivered(run.key.integration, run.key.account, entity.name)
        upserted[entity.name] = _acknowledged(rows, after, known)
        gone[entity.name] = sorted(set(known["source_id"]) - set(after["source_id"]))
    features = features_of(run)
    rejected = len(REJECTED_ALL.read(run.folder)) + sum(feature.left_behind(run) for feature in features)
    loaded: dict[str, Any] = {"accepted": sent.accepted_total, "refused": len(sent.refused), "batches": sent.batches}
    loaded |= {"generation": receipt.generation, "target": dict(receipt.counts)}
    for feature in features:
        loaded |= feature.counts(run, "load")
    loaded |= {"full_load_seconds": seconds} if (seconds := _full_load_seconds(run, target, result)) is not None else {}
    row = run.store.runs.get(run.key)
    run.store.runs.update(run.key, counts={**row.counts, "load": loaded}, error_code="", error_text="")
    status = RunStatus.PARTIAL if rejected else RunStatus.SUCCESS
    run.store.ledger.finish(run.key, receipt, upserted, gone, status=status, afresh=row.mode == REPLACE)


def _full_load_seconds(run: Run, target: Target, result: DeliveryResult) -> float | None:
    """Estimate how long sending everything again would take under the target's limit; None when it names none."""
    if not isinstance(target, Paced):
        return None
    held = {entity.name: int((result.after[entity.name]["source_id"] != "").sum()) for entity in run.spec.entities}
    return round(sum(target.seconds_for(name, records) for name, records in held.items()), 1)


def _acknowledged(rows: pd.DataFrame, after: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """What the target now holds of ours and the ledger does not know yet: source_id, target_id, payload_hash."""
    held = rows[rows["outcome"].isin([Outcome.CREATE.value, Outcome.UPDATE.value, Outcome.UNCHANGED.value])]
    ids = after.loc[after["source_id"] != "", ["source_id", "target_id"]]
    now = held[["source_id", "payload_hash"]].merge(ids, on="source_id", how="inner")
    merged = now.merge(known, on=["source_id", "target_id", "payload_hash"], how="left", indicator=True)
    return merged.loc[merged["_merge"] == "left_only", ["source_id", "target_id", "payload_hash"]]


def _reject_refused(run: Run, sent: SendResult) -> None:
    """A record the target refused joins the rejected records, with the target's reason."""
    if not sent.refused:
        return
    rejections = REJECTED_ALL.read(run.folder)
    told = [_rejection(run, operation, refusal.code, refusal.field) for operation, refusal in sent.refused]
    REJECTED_ALL.write(run.folder, [*rejections, *told])
    for entity in run.spec.entities:
        mine = [r for r in [*rejections, *told] if r.entity == entity.name]
        run.store.rejected.record(run.key, entity.name, mine, None)


def _rejection(run: Run, operation: Operation, code: str, field: str) -> Rejection:
    """A code the catalog does not have is the vendor's own: it becomes TGT_REFUSED, and the reason names it."""
    known = find(f"TGT_{code}", "refusal")
    meant, named = known or require("TGT_REFUSED", "refusal"), "" if known else f" ({code})"
    reason = f"{run.spec.target} did not take the record{named}"
    return Rejection(operation.entity, operation.source_id, meant.code, field, reason, meant.next_step)
