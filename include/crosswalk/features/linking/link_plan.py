"""The plan of an integration in which people decide which records match: one outcome per record of either side.

Pure. Frames are in target shape; a plan has the columns of core.changes.PLAN_COLUMNS.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import pandas as pd

from crosswalk.core.model import LEFT_SOURCE, LINKED, TARGET_ONLY, Outcome
from crosswalk.core.plan import PLAN_COLUMNS, payload_hashes
from crosswalk.core.ports import Operation
from crosswalk.features.linking.decisions import Kind
from crosswalk.features.linking.rules import LINK, Entity, Status, links

BY_ITSELF, UNLINKED, IMPORTED = "linked_automatically", "unlinked", "imported"
MATCH_FOUND, SKIPPED, TARGET_GONE, NO_LINKED_CONTACT = "match_found", "skipped", "target_gone", "no_linked_contact"
WAITING = {Status.MATCH_FOUND.value: MATCH_FOUND, Status.NEW.value: "new"}
"""Reasons of records that wait for a person, by status."""

HELD_AS_PLANNED = (Outcome.CREATE.value, Outcome.UPDATE.value, Outcome.UNCHANGED.value)

Row = tuple[str, str, Outcome, str, str]
"""Source id, target id, outcome, reason, names of the fields that are filled."""


def plan_records(
    entity: Entity, statuses: pd.DataFrame, todo: Sequence[Operation], rejected: Mapping[str, str], automatic: Collection[str] = ()
) -> pd.DataFrame:
    """Give each company or contact its outcome; rows are sorted by id.

    Args:
        entity: both sides, and what stands of them.
        statuses: as rules.statuses has them, of every record of `entity.desired`.
        todo: what rules.operations lists of this entity.
        rejected: source id → code of the records that do not travel.
        automatic: source ids that are linked without a person.
    """
    there, linked = set(entity.target["target_id"]), links(entity)
    sent = {one.source_id: one for one in todo if one.op == "upsert"}
    cut = {one.source_id: one.target_id for one in todo if one.op == "delete"}
    held = {one: other for one, other in linked.items() if other in there}
    rows = [(one, held.get(one, ""), Outcome.REJECTED, code, "") for one, code in rejected.items() if one]
    holders = set(held.values())
    for one, status, decided in zip(*(statuses[name].tolist() for name in ("source_id", "status", "decided")), strict=True):
        if one in linked:
            reason = BY_ITSELF if one in automatic else LINKED
            rows.append(_linked(one, held.get(one, ""), sent.get(one), reason))
        elif one in sent:
            rows.append((one, "", Outcome.CREATE, IMPORTED, ""))
        elif cut.get(one, "") in there - holders:
            rows.append((one, cut[one], Outcome.UPDATE, UNLINKED, ""))
        else:
            rows.append((one, "", Outcome.EXCLUDED, SKIPPED if decided == Kind.SKIP.value else WAITING[status], ""))
    rows += _left(entity.target, rows, set(cut.values()))
    return _frame(entity.name, rows, entity.desired, entity.mapping.target_names)


def plan_deals(
    desired: pd.DataFrame, known: pd.DataFrame, todo: Sequence[Operation], rejected: Mapping[str, str], contacts: Collection[str]
) -> pd.DataFrame:
    """Give each deal its outcome. contacts: source ids of those that are linked once the plan is carried out."""
    sent, held = {one.source_id: one for one in todo}, dict(zip(known["source_id"], known["target_id"], strict=True))
    before = {row["source_id"]: row for row in known.to_dict("records")}
    rows: list[Row] = [(one, held.get(one, ""), Outcome.REJECTED, code, "") for one, code in rejected.items() if one]
    for one, people in zip(desired["source_id"].tolist(), desired["contacts"].tolist(), strict=True):
        operation = sent.get(one)
        if operation is not None and one in held:
            changed = " ".join(name for name, value in operation.values.items() if before[one].get(name) != value)
            rows.append((one, held[one], Outcome.UPDATE, "source", changed))
        elif operation is not None:
            rows.append((one, "", Outcome.CREATE, "new", ""))
        elif not set(contacts).isdisjoint(people.split()):
            rows.append((one, held[one], Outcome.UNCHANGED, "", ""))
        else:
            rows.append((one, held.get(one, ""), Outcome.EXCLUDED, NO_LINKED_CONTACT, ""))
    rows += _left(known, rows, set())
    names = [str(name) for name in desired.columns if name != "source_id"]
    return _frame("deal", rows, desired, names)


def kept(todo: Sequence[Operation], plan: pd.DataFrame) -> list[Operation]:
    """Leave out operations about records the plan does not send: a retry's others, and links that make room for a rejected record."""
    changing = plan[plan["outcome"].isin([Outcome.CREATE.value, Outcome.UPDATE.value])]
    sources, targets = (set(zip(changing["entity"], changing[name], strict=True)) for name in ("source_id", "target_id"))
    return [one for one in todo if (one.entity, one.source_id) in sources or (one.entity, one.target_id) in targets]


def _linked(source_id: str, target_id: str, operation: Operation | None, reason: str) -> Row:
    if not target_id:
        return source_id, "", Outcome.EXCLUDED, TARGET_GONE, ""
    if operation is None:
        return source_id, target_id, Outcome.UNCHANGED, "", ""
    changed = " ".join(name for name in operation.values if name not in (LINK, "last_edit_date"))
    return source_id, target_id, Outcome.UPDATE, reason if operation.values.get(LINK) else "source", changed


def _left(target: pd.DataFrame, rows: Sequence[Row], cut: set[str]) -> Iterator[Row]:
    """Rows of the target records that no source record has; nothing is ever removed there."""
    read, claimed = {row[0] for row in rows}, {row[1] for row in rows}
    for source_id, target_id in zip(target["source_id"].tolist(), target["target_id"].tolist(), strict=True):
        if target_id in claimed:
            continue
        if target_id in cut:
            yield "", target_id, Outcome.UPDATE, UNLINKED, ""
        elif source_id and source_id not in read:
            yield source_id, target_id, Outcome.FROZEN, LEFT_SOURCE, ""
        else:
            yield "", target_id, Outcome.EXCLUDED, TARGET_ONLY, ""


def _frame(name: str, rows: Sequence[Row], desired: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    plan = pd.DataFrame(rows, columns=["source_id", "target_id", "outcome", "reason", "changed"], dtype="str")
    hashes = dict(zip(desired["source_id"], payload_hashes(desired, fields), strict=True))
    ours = plan["outcome"].isin(HELD_AS_PLANNED)
    digests = plan["source_id"].map(lambda one: hashes.get(one, "")).astype("str").where(ours, "")
    plan = plan.assign(entity=name, payload_hash=digests).reindex(columns=list(PLAN_COLUMNS)).astype("str")
    return plan.sort_values(["source_id", "target_id"], ignore_index=True)
