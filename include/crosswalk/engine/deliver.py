"""Deliver: one open delivery from the first batch to the commit, entity by entity, so that nothing names what the target refused."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import replace

import pandas as pd

from crosswalk.core.capabilities import PacedDelivery
from crosswalk.core.model import DELTA, REPLACE, UNDO, Outcome
from crosswalk.core.plan import payload_hashes
from crosswalk.core.ports import Delivery, Operation, Receipt, Target, TargetState
from crosswalk.core.spec.model import EntitySpec
from crosswalk.engine.artifacts import DESIRED
from crosswalk.engine.context import STEP_SECONDS, Heartbeat, Run
from crosswalk.engine.delivery_style import style_of
from crosswalk.engine.hooks import features_of
from crosswalk.engine.key_handover import blocked, waiting_for_key
from crosswalk.engine.operations import CHANGING, as_they_are, only_known
from crosswalk.engine.planning import planner_of
from crosswalk.engine.results import DeliveryRecord, DeliveryResult, Outgoing, Refused, SendResult
from crosswalk.engine.send import cut, send, send_again
from crosswalk.engine.verify import verify
from crosswalk.errors import DataError, SafetyStop

_UNKNOWN_ID = "NOT_FOUND"
"""What a target says of an id it never gave."""


def deliver(
    run: Run, target: Target, standing: TargetState, plan: pd.DataFrame, before: dict[str, pd.DataFrame], beat: Heartbeat
) -> DeliveryResult:
    """Send what the plan asks for, commit, read back. standing: where the target stands as load begins."""
    mode, manifest = run.store.runs.get(run.key).mode, run.folder.manifest()
    state = manifest.target_state
    untouched = Receipt(style_of(run).generation(run, state.generation), state.revision, state.counts)
    if mode in (DELTA, UNDO) and not plan["outcome"].isin(CHANGING).any():
        _require_generation(run, standing.generation, state.generation)
        return DeliveryResult(plan, SendResult(), untouched, before)
    delivery = target.open(
        mode=REPLACE if mode == REPLACE else DELTA,
        snapshot=run.key.snapshot,
        base_revision=state.revision,
        source=manifest.source_description,
    )
    for feature in features_of(run):
        delivery = feature.guard(run, target, delivery)
    plan, sent = _send_all(run, delivery, plan, before, mode, beat)
    _require_enough(run, sent, mode)
    if not sent.accepted_total:
        return DeliveryResult(plan, sent, untouched, before)
    beat.renew(STEP_SECONDS)
    receipt = delivery.commit(sent.batches, {entity: dict(counter) for entity, counter in sent.accepted.items()})
    receipt = replace(receipt, generation=style_of(run).generation(run, receipt.generation, 1))
    return DeliveryResult(plan, sent, receipt, verify(run, target, DeliveryRecord(mode, plan, before, sent, receipt), beat))


def _require_generation(run: Run, found: int, planned: int) -> None:
    """Nothing to do is true of the list the plan was made for."""
    if found != planned:
        raise DataError(
            "TGT_LIST_CHANGED",
            operation=f"loading {run.key}",
            problem=f"the plan was made for generation {planned} of the target, which is at {found}",
        )


def _send_all(
    run: Run, delivery: Delivery, plan: pd.DataFrame, before: dict[str, pd.DataFrame], mode: str, beat: Heartbeat
) -> tuple[pd.DataFrame, SendResult]:
    sent, first, groups = SendResult(), 1, _groups(plan)
    for entity in run.spec.entities:
        desired = DESIRED.of(entity.name).read(run.folder)
        plan, desired = _without_lost(entity, plan, desired, groups - _never_made(sent, before))
        rows = plan[plan["entity"] == entity.name]
        outgoing = Outgoing(mode, rows, desired, before[entity.name], groups, sent)
        todo, stopped = planner_of(run).operations(run, entity, outgoing)
        sent += SendResult(refused=stopped)
        todo = _amended(run, todo)
        sent += _send_in_order(run, delivery, entity, todo, before[entity.name], first, beat)
        first += len(todo)
    if mode == REPLACE:
        sent += _keep(run, delivery, before, sent, first, groups - _never_made(sent, before), beat)
    return plan, sent


def _amended(run: Run, todo: Iterable[Operation]) -> list[Operation]:
    for feature in features_of(run):
        todo = feature.amend(run, todo)
    return list(todo)


def _send_in_order(
    run: Run, delivery: Delivery, entity: EntitySpec, todo: list[Operation], before: pd.DataFrame, first: int, beat: Heartbeat
) -> SendResult:
    """Send one entity; records that take over an address go last, and not at all when its holder was refused."""
    holders, known, enough = waiting_for_key(entity, todo, before), set(before["target_id"]), _patience(run, len(todo))
    at_once, waiting = [one for one in todo if one.key not in holders], [one for one in todo if one.key in holders]
    sent = _send(run, delivery, at_once, first, known, beat, enough)
    stopped = blocked(entity, waiting, holders, sent.refused)
    to_send = _without(waiting, stopped)
    after = _send(run, delivery, to_send, first + len(at_once), known, beat, enough)
    while not style_of(run).visible_at_once and (more := blocked(entity, after.operations, holders, after.refused + stopped)):
        stopped += more
        taken_back = {number: left for number, part in after.parts.items() if len(left := _without(part, more)) < len(part)}
        after = send_again(run.store.ledger, delivery, after, taken_back, beat)
    return sent + after + SendResult(refused=stopped)


def _without(operations: list[Operation], stopped: Refused) -> list[Operation]:
    keys = {one.key for one, _ in stopped}
    return [one for one in operations if one.key not in keys]


def _send(
    run: Run, delivery: Delivery, todo: list[Operation], first: int, known: set[str], beat: Heartbeat, enough: Callable[[SendResult], None]
) -> SendResult:
    """Send; a record that was to come back under an id the target does not know gets a new one, but in an undo, which is exact.

    known: ids the target has records under.
    """
    most = delivery.batch_of(todo) if isinstance(delivery, PacedDelivery) else delivery.max_batch
    sent = send(run.store.ledger, delivery, cut(todo, most, first), beat, enough)
    if run.store.runs.get(run.key).mode == UNDO:
        return sent
    strange = {one.key for one, why in sent.refused if why.code == _UNKNOWN_ID and one.op == "upsert" and one.target_id not in known}
    numbers, contents = sorted(sent.parts), dict[int, list[Operation]]()
    for place, one in enumerate(todo, first):
        if one.key in strange:
            number = numbers[bisect_right(numbers, place) - 1]
            contents.setdefault(number, list(sent.parts[number])).append(replace(one, target_id=""))
    return send_again(run.store.ledger, delivery, sent, contents, beat)


def _keep(
    run: Run, delivery: Delivery, before: dict[str, pd.DataFrame], sent: SendResult, first: int, groups: set[str], beat: Heartbeat
) -> SendResult:
    """In a replace, a record that is not sent is gone: what the target has of a refused one is sent back as it is."""
    todo: list[Operation] = []
    for entity in run.spec.entities:
        ids = {operation.target_id for operation, _ in sent.refused if operation.entity == entity.name and operation.target_id}
        todo += as_they_are(entity, before[entity.name], ids, groups)
    kept = send(run.store.ledger, delivery, cut(_amended(run, todo), delivery.max_batch, first), beat)
    if kept.refused:
        raise SafetyStop(
            "TGT_KEEP_REFUSED",
            operation=f"loading {run.key}",
            problem=f"the target refused {len(kept.refused)} record(s) it holds itself, and a replace would remove them",
        )
    return kept


def _groups(plan: pd.DataFrame) -> set[str]:
    """The groups the target has after the delivery, as contacts name them: by source id, or by their own where there is none."""
    stays_away = plan["outcome"].isin([Outcome.REJECTED.value, Outcome.EXCLUDED.value]) & (plan["target_id"] == "")
    kept = plan[(plan["entity"] == "group") & (plan["outcome"] != Outcome.DELETE.value) & ~stays_away]
    return set(kept["source_id"].where(kept["source_id"] != "", kept["target_id"]))


def _never_made(sent: SendResult, before: dict[str, pd.DataFrame]) -> set[str]:
    """Source ids of groups the target does not have, and refused."""
    there = set(before["group"]["target_id"]) if "group" in before else set()
    return {operation.source_id for operation, _ in sent.refused if operation.entity == "group" and operation.target_id not in there}


def _without_lost(entity: EntitySpec, plan: pd.DataFrame, desired: pd.DataFrame, groups: set[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out memberships of groups the target refused, in what is sent and in what is expected to be read back."""
    if not entity.partition_field:
        return plan, desired
    known = only_known(desired[entity.partition_field], groups)
    if known.equals(desired[entity.partition_field]):
        return plan, desired
    desired = desired.assign(**{entity.partition_field: known})
    hashes = dict(zip(desired["source_id"], payload_hashes(desired, entity.target_fields), strict=True))
    mine = (plan["entity"] == entity.name) & (plan["payload_hash"] != "")
    return plan.assign(payload_hash=plan["payload_hash"].where(~mine, plan["source_id"].map(hashes))), desired


def _require_enough(run: Run, sent: SendResult, mode: str) -> None:
    """A target that refuses much is a mistake somewhere: nothing is made visible then."""
    refused = len(sent.refused)
    if refused > _bearable(run, sent.total) or (refused and mode == UNDO) or (refused and mode == REPLACE and not sent.accepted_total):
        raise _many_refused(run, sent, sent.total)


def _patience(run: Run, planned: int) -> Callable[[SendResult], None]:
    """Where each record is visible at once, a target that refuses much is told no more."""

    def enough(sent: SendResult) -> None:
        if style_of(run).visible_at_once and len(sent.refused) > _bearable(run, planned):
            raise _many_refused(run, sent, planned)

    return enough


def _bearable(run: Run, total: int) -> float:
    safety = run.spec.safety.tightened(run.settings.safety)
    return max(safety.delete_floor, safety.max_delete_share * total)


def _many_refused(run: Run, sent: SendResult, total: int) -> SafetyStop:
    reason, visible = sent.refused[0][1], sent.accepted_total if style_of(run).visible_at_once else 0
    stands = f"the {visible} it took are visible, the next run goes on from there" if visible else "nothing was made visible in the target"
    return SafetyStop(
        "TGT_MANY_REFUSED",
        operation=f"loading {run.key}",
        problem=f"the target refused {len(sent.refused)} of {total} records (first reason: {reason.code} {reason.field})",
        next_step=f"look at the reasons, correct the mapping or the source; {stands}",
    )
