"""The plan: what becomes of each source record and each target record, compared with what was last delivered.

Every record of either side has exactly one row. Pure: the same frames in any order make the same plan. Data flow: desired + target +
delivered + rejected → plan (entity, source_id, target_id, outcome, reason, changed, payload_hash).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import compress
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crosswalk.core.matching import NOWHERE, Match, match, owners
from crosswalk.core.model import LEFT, LEFT_SCOPE, LEFT_SOURCE, LINKED, NOT_LINKED, NOT_TOLD, TARGET_ONLY, Outcome, Rejection
from crosswalk.core.spec.model import ANNOUNCE, DELETE, FREEZE, KEEP, LEAVE, EntitySpec
from crosswalk.core.system_schema import Field
from crosswalk.errors import DataError
from crosswalk.errors.catalog import require

PLAN_COLUMNS = ("entity", "source_id", "target_id", "outcome", "reason", "changed", "payload_hash")
EMAIL_DUPLICATE = "EMAIL_DUPLICATE"

Fates = Mapping[str, tuple[Outcome, str]]
"""Source id → FROZEN, DELETE or EXCLUDED, and the code that says why. Only what the target has of ours can be frozen or deleted;
a record it does not have is excluded, one that nobody imported is left alone."""

_GONE = {DELETE: Outcome.DELETE, FREEZE: Outcome.FROZEN, KEEP: Outcome.EXCLUDED}
"""What becomes of a record the source does not have, by what its entity says."""

_UNIT = "\x1f"
_ESCAPE = "\x1b"


def payload_hashes(frame: pd.DataFrame, fields: Iterable[str] | Mapping[str, Field]) -> pd.Series[str]:
    """Return the sha256 of each record's fields. The order of fields does not matter; given as Fields, that of ids neither."""
    names = sorted(fields)
    columns = canonical(frame, fields if isinstance(fields, Mapping) else {})
    rows = zip(*(_escaped(columns[name]) for name in names), strict=True)
    head = _UNIT.join(names) + _UNIT + _UNIT
    hashes = [sha256((head + _UNIT.join(row)).encode("utf-8", "surrogatepass")).hexdigest() for row in rows]
    return pd.Series(hashes, index=frame.index, dtype="str")


def canonical(frame: pd.DataFrame, fields: Mapping[str, Field]) -> pd.DataFrame:
    """Put the ids in fields of ids, whose order means nothing, into one order."""
    ids = [name for name, field in fields.items() if field.type == "ids"]
    return frame.assign(**{name: pd.Series(map(_in_order, frame[name].tolist()), index=frame.index, dtype="str") for name in ids})


def plan_entity(
    entity: EntitySpec,
    desired: pd.DataFrame,
    target: pd.DataFrame,
    delivered: pd.DataFrame,
    rejected: Mapping[str, str],
    fates: Fates | None = None,
    *,
    known_ids: Mapping[str, str] = MappingProxyType({}),
    scope: Collection[str] | None = None,
    decided: Collection[str] = (),
) -> pd.DataFrame:
    """Give each record its outcome; rows are sorted by id.

    desired: `source_id` (distinct) and all target fields. target: as read back. delivered: `source_id`, `payload_hash` of what the
    target last acknowledged. rejected: source id → code of the records that do not travel; what the target has of them it keeps.
    fates: what a rule decided about records of desired, whatever they hold; the others travel.
    known_ids: source id → target id of records the target once had; one that is created again gets its id. scope: ids of the groups
    the account is narrowed to, None for all. decided: source ids a person had linked.
    """
    fields, fates = entity.target_fields, fates or {}
    desired, target = canonical(desired, fields).reset_index(drop=True), canonical(target, fields).reset_index(drop=True)
    staying = {one for one, (outcome, _) in fates.items() if outcome is not Outcome.DELETE}
    found = match(desired, target, {*rejected, *staying}, entity.unique)
    wanted = _decided(_wanted(entity, desired, target, delivered, found, known_ids, decided), found, fates)
    positions = np.setdiff1d(np.arange(len(target)), found.found)
    left = _left(entity, target, rejected, _gone_reasons(entity, target, scope), positions)
    stopped = sorted(set(filter(None, rejected)) - set(left["source_id"]))
    unseen = pd.DataFrame({"source_id": stopped, "outcome": Outcome.REJECTED.value, "reason": [rejected[one] for one in stopped]})
    plan = pd.concat([wanted, left, unseen], ignore_index=True).assign(entity=entity.name)
    plan = plan.reindex(columns=list(PLAN_COLUMNS)).fillna("").astype("str")
    return plan.sort_values(["source_id", "target_id"], ignore_index=True)


def travelling(decided: pd.DataFrame) -> pd.Series[bool]:
    """Tell of each record whether it is meant to be created or updated."""
    return decided["outcome"].isin([Outcome.CREATE.value, Outcome.UPDATE.value])


def fates_of(decided: pd.DataFrame) -> Fates:
    """Give the decisions as a plan takes them: whoever is meant to be created or updated has no fate, and travels."""
    staying = decided[~travelling(decided) & (decided["source_id"] != "")]
    rows = zip(staying["source_id"], staying["outcome"], staying["reason"], strict=True)
    return {source_id: (Outcome(outcome), reason) for source_id, outcome, reason in rows}


def plan_hash(plans: Sequence[pd.DataFrame], context: Mapping[str, Any]) -> str:
    """Name exactly what plans would do, for an approval to be bound to (SAFE-3). context: JSON-able facts that belong to it."""
    digest = sha256(json.dumps(context, sort_keys=True).encode())
    rows = [row for plan in plans for row in zip(*(_escaped(plan[name]) for name in PLAN_COLUMNS), strict=True)]
    for row in sorted(rows):
        digest.update((_UNIT.join(row) + _UNIT).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def summary(plan: pd.DataFrame) -> dict[str, int]:
    """Count the outcomes that occur."""
    return {str(outcome): int(count) for outcome, count in plan["outcome"].value_counts().sort_index().items()}


def check_sums(plan: pd.DataFrame, source_ids: Iterable[str], target_ids: Iterable[str]) -> None:
    """Raise DataError SUMS_DIFFER unless each source id and each target id has exactly one row, and no row is about another (SAFE-6).

    A record without an id cannot be planned; blank source ids are left out on both sides.
    """
    named, gone = plan["source_id"] != "", plan["reason"].isin(LEFT)
    planned, removed = plan.loc[named & ~gone, "source_id"], plan.loc[named & gone, "source_id"]
    targets = plan.loc[(plan["target_id"] != "") & (plan["outcome"] != Outcome.CREATE.value), "target_id"]
    source = _difference(planned.tolist(), [one for one in source_ids if one]) + len(set(removed) & set(planned))
    nameless = int(((plan["source_id"] == "") & (plan["target_id"] == "")).sum())
    for side, wrong in (("source", source + nameless), ("target", _difference(targets.tolist(), list(target_ids)))):
        if wrong:
            raise DataError(
                "SUMS_DIFFER",
                operation="checking that every record has one outcome",
                problem=f"{wrong} {side} record(s) have none, several, or one nobody asked for",
            )


def late_rejections(entity: EntitySpec, plan: pd.DataFrame, rejected: Mapping[str, str]) -> list[Rejection]:
    """Explain the records only the plan rejected: their e-mail still belongs to a rejected record that the target keeps."""
    late = plan[(plan["outcome"] == Outcome.REJECTED.value) & ~plan["source_id"].isin(list(rejected))]
    reason = "the e-mail address still belongs, in the target, to a record that is rejected itself"
    fix = require(EMAIL_DUPLICATE, "rejection").next_step
    return [Rejection(entity.name, one, EMAIL_DUPLICATE, entity.unique_source, reason, fix) for one in late["source_id"]]


def _wanted(
    entity: EntitySpec,
    desired: pd.DataFrame,
    target: pd.DataFrame,
    delivered: pd.DataFrame,
    found: Match,
    known_ids: Mapping[str, str],
    decided: Collection[str],
) -> pd.DataFrame:
    """Rows of the records that travel, and of those that would if their e-mail were free."""
    hashes = payload_hashes(desired, list(entity.target_fields))
    acknowledged = desired["source_id"].map(delivered.drop_duplicates("source_id").set_index("source_id")["payload_hash"])
    changed = _changed(desired, target, found.found, list(entity.target_fields))
    known, once = found.found != NOWHERE, _free_ids(desired, target, known_ids)
    chosen = desired["source_id"].isin(list(decided)).to_numpy(dtype=bool)
    cases: list[tuple[npt.NDArray[np.bool_], Outcome, str]] = [
        (found.blocked, Outcome.REJECTED, EMAIL_DUPLICATE),
        (found.adopted, Outcome.UPDATE, "adopted"),
        (chosen & ~known, Outcome.CREATE, LINKED),
        (chosen, Outcome.UPDATE, LINKED),
        (~known & (entity.on_new == ANNOUNCE), Outcome.EXCLUDED, NOT_LINKED),
        (~known & acknowledged.notna().to_numpy(), Outcome.CREATE, "vanished"),
        (~known & (once != ""), Outcome.CREATE, "returned"),
        (~known, Outcome.CREATE, "new"),
        (changed == "", Outcome.UNCHANGED, ""),
        ((acknowledged == hashes).to_numpy(), Outcome.UPDATE, "drift"),
    ]
    when = [condition for condition, _, _ in cases]
    sent = pd.Series(np.select(when, [outcome.value for _, outcome, _ in cases], Outcome.UPDATE.value), dtype="str")
    return pd.DataFrame(
        {
            "source_id": desired["source_id"],
            "target_id": np.where(sent == Outcome.CREATE.value, once, _taken(target["target_id"], found.found)),
            "outcome": sent,
            "reason": np.select(when, [reason for _, _, reason in cases], "source"),
            "changed": np.where(sent == Outcome.UPDATE.value, changed, ""),
            "payload_hash": hashes.where(~sent.isin([Outcome.REJECTED.value, Outcome.EXCLUDED.value]), ""),
        }
    )


def _decided(wanted: pd.DataFrame, found: Match, fates: Fates) -> pd.DataFrame:
    """Put the fates in the place of what would have become of their records."""
    if not fates:
        return wanted
    ours = (found.found != NOWHERE) & ~found.adopted
    said = [fates.get(one) for one in wanted["source_id"]]
    outcomes = [one[0] if one and (mine or one[0] is Outcome.EXCLUDED) else Outcome.EXCLUDED for one, mine in zip(said, ours, strict=True)]
    decided = np.array([one is not None for one in said], dtype=bool)
    return wanted.assign(
        target_id=wanted["target_id"].mask(decided & (found.found == NOWHERE), ""),
        outcome=wanted["outcome"].mask(decided, pd.Series([one.value for one in outcomes], dtype="str")),
        reason=wanted["reason"].mask(decided, pd.Series([one[1] if one else "" for one in said], dtype="str")),
        changed=wanted["changed"].mask(decided, ""),
        payload_hash=wanted["payload_hash"].mask(decided, ""),
    )


def _free_ids(desired: pd.DataFrame, target: pd.DataFrame, known_ids: Mapping[str, str]) -> npt.NDArray[np.object_]:
    """Name, for each desired record, the id the target once had it under; "" where there is none or another record has it."""
    taken = {*target["target_id"], ""}
    ids = [known_ids.get(one, "") for one in desired["source_id"]]
    claims = Counter(ids)
    return np.array(["" if one in taken or claims[one] > 1 else one for one in ids], dtype=object)


def _gone_reasons(entity: EntitySpec, target: pd.DataFrame, scope: Collection[str] | None) -> list[str]:
    """Say of each target record why it would leave: the scope has none of its groups, or the source has it no longer."""
    if entity.on_source_delete == KEEP:
        return [NOT_TOLD] * len(target)
    if scope is None or not (entity.partition_field or entity.name == "group"):
        return [LEFT_SOURCE] * len(target)
    groups = target[entity.partition_field or "source_id"]
    return [LEFT_SCOPE if set(scope).isdisjoint(cell.split()) else LEFT_SOURCE for cell in groups]


def _left(
    entity: EntitySpec, target: pd.DataFrame, rejected: Mapping[str, str], reasons: list[str], positions: npt.NDArray[np.intp]
) -> pd.DataFrame:
    """Rows of the target records no desired record claims: kept when their source was rejected, else what the entity says of them.

    reasons: why each target record would leave.
    """
    rows = pd.DataFrame({"source_id": owners(target), "target_id": target["target_id"]}).iloc[positions]
    codes = np.array([rejected.get(one, "") if one else "" for one in rows["source_id"]], dtype=object)
    nobodys = (rows["source_id"] == "").to_numpy(dtype=bool)
    stranger = Outcome.EXCLUDED if entity.unmanaged == LEAVE else Outcome.DELETE
    gone = _GONE[entity.on_source_delete]
    when = [codes != "", nobodys]
    return rows.assign(
        outcome=np.select(when, [Outcome.REJECTED.value, stranger.value], gone.value),
        reason=np.select(when, [codes, TARGET_ONLY], np.array(reasons, dtype=object)[positions]),
    )


def _changed(desired: pd.DataFrame, target: pd.DataFrame, found: npt.NDArray[np.intp], fields: list[str]) -> npt.NDArray[np.object_]:
    """Name, for each desired record, the fields its target row holds otherwise, joined by one space; "" for none and for no row."""
    known = found != NOWHERE
    differs = np.zeros((len(desired), len(fields)), dtype=bool)
    for column, name in enumerate(fields):
        differs[:, column] = known & (desired[name].to_numpy(dtype=object) != _taken(target[name], found))
    patterns = [tuple(row) for row in differs.tolist()]
    texts = {pattern: " ".join(compress(fields, pattern)) for pattern in set(patterns)}
    return np.array([texts[pattern] for pattern in patterns], dtype=object)


def _taken(column: pd.Series[str], positions: npt.NDArray[np.intp]) -> npt.NDArray[np.object_]:
    """Take the texts at the positions, "" for NOWHERE."""
    return np.append(column.to_numpy(dtype=object), "")[positions]


def _escaped(column: pd.Series[str]) -> list[str]:
    """Return the texts so that joining them by the unit separator says the same only for the same texts."""
    texts: list[str] = column.tolist()
    together = "".join(texts)
    if _UNIT in together or _ESCAPE in together:
        return [text.replace(_ESCAPE, _ESCAPE + _ESCAPE).replace(_UNIT, _ESCAPE + "u") for text in texts]
    return texts


def _difference(planned: list[str], expected: list[str]) -> int:
    """Count ids that stand on one side more often than on the other."""
    have, want = Counter(planned), Counter(expected)
    return (have - want).total() + (want - have).total()


def _in_order(ids: str) -> str:
    return " ".join(sorted(set(ids.split()))) if " " in ids else ids
