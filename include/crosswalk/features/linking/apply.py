"""Apply decisions: what people decided is sent as it is now, verified and recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from crosswalk.core.model import UNDO
from crosswalk.core.ports import Operation, Refusal
from crosswalk.engine.artifacts import DESIRED
from crosswalk.engine.context import Run
from crosswalk.engine.hooks import Beat
from crosswalk.engine.results import Refused, SendResult
from crosswalk.errors import DataError, SafetyStop
from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.decisions import AUTOMATIC, Standing
from crosswalk.features.linking.link_plan import kept
from crosswalk.features.linking.make_plan import COMPANY, CONTACT, DEAL, default_type, operations_of, side_of, wishes_of
from crosswalk.features.linking.rules import LINK, Entity, links, operations, without_lost

_AT_ONCE = 500
Frames = Mapping[str, pd.DataFrame]
"""The target's frames by entity."""


def require_standing(run: Run, merged_ids: Mapping[str, str], beat: Beat) -> None:
    """Record the links made without a person, then see that all the plan carries out still stands. May be repeated.

    Raises SafetyStop PLAN_OUTDATED when people decided otherwise since the plan was made.
    """
    _record_automatic(run, beat)
    gone = sum(1 for name in (COMPANY, CONTACT) for _ in _fallen(run, name, merged_ids))
    if gone:
        raise SafetyStop(
            "PLAN_OUTDATED",
            operation=f"loading {run.key}",
            problem=f"people decided otherwise about {gone} record(s) since the plan was made",
            next_step="clear the account's tasks from extract on; what an earlier attempt of this load changed is reverted then",
        )


def to_send(run: Run, entity: str, plan: pd.DataFrame, sent: SendResult) -> tuple[list[Operation], Refused]:
    """List what is sent of one entity, and what cannot be because the target refused all it names. sent: of the entities before."""
    lost = {(one.entity, one.source_id) for one, _ in sent.refused if one.op == "upsert" and (not one.target_id or LINK in one.values)}
    todo, stopped = without_lost(kept(operations_of(run, entity), plan), lost)
    return todo, [(one, Refusal(one.key, "UNKNOWN_CONTACT", "")) for one in stopped]


def check_applied(run: Run, sent: SendResult, after: Frames) -> None:
    """What was carried out needs not be done again. Raises DataError TGT_READBACK_DIFFERS."""
    desired = {name: DESIRED.of(name).read(run.folder) for name in (COMPANY, CONTACT, DEAL)}
    mappings = {name: run.spec.entity(name).mapping for name in desired}
    companies, contacts = (Entity(name, mappings[name], desired[name], after[name], Standing()) for name in (COMPANY, CONTACT))
    again = operations(companies, contacts, desired[DEAL], after[DEAL], default_type(run))
    left = {(one.entity, one.source_id): one for one in again}
    held = {side.name: links(side) for side in (companies, contacts)}
    undone = [one for one in sent.operations if not _is_there(one, held, left)]
    if undone:
        raise DataError(
            "TGT_READBACK_DIFFERS",
            operation=f"reading back {run.key}",
            problem=f"{len(undone)} record(s) are not as sent, such as {undone[0].entity} {undone[0].key}",
        )


def record_applied(run: Run, sent: SendResult, after: Frames) -> None:
    """Keep which records the target linked or made, also of an earlier run that was killed before it could. Nothing, for an undo."""
    if run.store.runs.get(run.key).mode == UNDO:
        return
    for name in (COMPANY, CONTACT):
        standing = DecisionLog(run.store.engine).standing(run.key.integration, run.key.account, name)
        imported = {one.source_id for one in sent.operations if one.entity == name and one.op == "upsert" and not one.target_id}
        wanted = imported | standing.imports.keys()
        found = zip(after[name]["source_id"].tolist(), after[name]["target_id"].tolist(), strict=True)
        made = {one: other for one, other in found if one and (one in wanted or standing.linked.get(one) == other)}
        DecisionLog(run.store.engine).carried_out(run.key, name, made)


def _record_automatic(run: Run, beat: Beat) -> None:
    integration, account = run.key.integration, run.key.account
    known = {name: DecisionLog(run.store.engine).standing(integration, account, name).linked for name in (COMPANY, CONTACT)}
    wishes = [wish for wish in wishes_of(run) if known[wish.entity].get(wish.source_id) != wish.target_id]
    for start in range(0, len(wishes), _AT_ONCE):
        DecisionLog(run.store.engine).decide_each(integration, account, wishes[start : start + _AT_ONCE], AUTOMATIC)
        beat()


def _fallen(run: Run, name: str, merged_ids: Mapping[str, str]) -> Iterator[Operation]:
    """Operations that nobody wants any more."""
    side = side_of(run, name, DESIRED.of(name).read(run.folder), merged_ids)
    wanted, imports = links(side), side.standing.imports
    for one in operations_of(run, name):
        linked = wanted.get(one.source_id) == one.target_id
        stands = not linked if one.op == "delete" else linked if one.target_id else one.source_id in {**wanted, **imports}
        if not stands:
            yield one


def _is_there(one: Operation, held: Mapping[str, Mapping[str, str]], left: Mapping[tuple[str, str], Operation]) -> bool:
    again = left.get((one.entity, one.source_id))
    if one.entity == DEAL:
        return again is None
    linked = held[one.entity].get(one.source_id, "")
    if one.op == "delete":
        return linked != one.target_id
    sent = {name for name in one.values if name != LINK}
    return linked == (one.target_id or linked) != "" and (again is None or sent.isdisjoint(again.values))
