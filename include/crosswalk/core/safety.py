"""The safety rules (SAFE-2): which plans a person must look at before anything is written.

Each rule is one function over `Facts`; it says numbers and ids, never a value. Reaching a limit passes, going beyond it holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from crosswalk.core.ids import id_order
from crosswalk.core.mapping import CLEAR
from crosswalk.core.model import LEFT, TARGET_ONLY, Hold, Outcome
from crosswalk.core.spec.model import ANNOUNCE, KEEP, LEAVE, EntitySpec
from crosswalk.core.spec.safety import SafetySpec

UNMANAGED = (TARGET_ONLY, "adopted")
"""Reasons of plan rows about records of the target that no import put there."""

STAYING = (Outcome.REJECTED.value, Outcome.EXCLUDED.value, Outcome.FROZEN.value)
"""Outcomes that leave what the target has as it is, whatever the source says."""


@dataclass(frozen=True)
class Facts:
    """What the rules look at: one entity's frames, as plan_entity had and made them."""

    safety: SafetySpec
    entity: EntitySpec
    plan: pd.DataFrame
    desired: pd.DataFrame
    target: pd.DataFrame
    delivered: pd.DataFrame
    first: bool
    mapping_changed: bool
    without_id: int = 0
    narrowed: bool = False

    @cached_property
    def deletes(self) -> pd.DataFrame:
        return self.plan[self.plan["outcome"] == Outcome.DELETE.value]

    @cached_property
    def source_ids(self) -> set[str]:
        """Ids of every source record with an outcome, rejected ones too; what a retry leaves out is not missed."""
        gone = self.plan["reason"].isin(LEFT) & (self.plan["outcome"] != Outcome.EXCLUDED.value)
        return set(self.plan.loc[~gone, "source_id"]) - {""}

    @cached_property
    def managed(self) -> pd.DataFrame:
        """The target's rows that a source record stands behind."""
        return self.target[self.target["source_id"] != ""]

    @cached_property
    def kept(self) -> set[str]:
        """Ids of the target rows that stay as they are: their source was rejected, or is left out."""
        return set(self.plan.loc[self.plan["outcome"].isin(STAYING), "target_id"]) - {""}


def holds(
    safety: SafetySpec,
    entity: EntitySpec,
    plan: pd.DataFrame,
    desired: pd.DataFrame,
    target: pd.DataFrame,
    delivered: pd.DataFrame,
    *,
    first: bool,
    mapping_changed: bool,
    without_id: int = 0,
    narrowed: bool = False,
) -> list[Hold]:
    """Return what holds the plan of one entity; none means that it may be delivered unseen.

    first: nothing was delivered to this target yet. mapping_changed: the tables differ from those of the last delivery.
    without_id: source records that came without an id. narrowed: the run is for some records a person named.
    """
    facts = Facts(safety, entity, plan, desired, target, delivered, first, mapping_changed, without_id, narrowed)
    rules = (
        _zero_records,
        _missing_id,
        _source_changed,
        _mass_delete,
        _mass_missing,
        _slice_drop,
        _field_blanked,
        _target_only,
        _map_changed,
    )
    return [hold for rule in rules for hold in rule(facts)]


def _zero_records(facts: Facts) -> Iterator[Hold]:
    """An entity of which only what people link travels may be empty as long as nothing of it was delivered; so may a part of the source."""
    if facts.narrowed or facts.entity.on_source_delete == KEEP:
        return
    needed = facts.entity.main and facts.entity.on_new != ANNOUNCE
    if not facts.source_ids and (needed or len(facts.delivered)):
        found = f"the source holds no {facts.entity.name}; {len(facts.delivered)} were delivered before"
        yield Hold("SRC_ZERO_RECORDS", found, f"at least 1 {facts.entity.name}")


def _missing_id(facts: Facts) -> Iterator[Hold]:
    """What came without an id may be what would be deleted."""
    gone = int(facts.deletes["reason"].isin(LEFT).sum())
    if facts.without_id and gone:
        found = f"{facts.without_id} {facts.entity.name}(s) came without an id, and {gone} that were delivered before are missing"
        yield Hold("SRC_MISSING_ID", found, "no delete while a record has no id")


def _source_changed(facts: Facts) -> Iterator[Hold]:
    """A list of which most is gone comes from another database, or through other eyes."""
    before = set(facts.delivered["source_id"])
    there = len(before & facts.source_ids)
    if facts.entity.main and facts.entity.on_source_delete != KEEP and before and there / len(before) < facts.safety.min_overlap:
        found = f"{there} of {len(before)} delivered {facts.entity.plural} are still in the source ({_percent(there, len(before))})"
        yield Hold("CONN_SOURCE_CHANGED", found, f"at least {facts.safety.min_overlap:.0%} of them")


def _mass_delete(facts: Facts) -> Iterator[Hold]:
    safety, gone, held = facts.safety, len(facts.deletes), len(facts.target)
    found = f"{gone} of {held} {facts.entity.plural} would be deleted ({_percent(gone, held)})"
    if gone > safety.max_deletes:
        yield Hold("MASS_DELETE", found, f"at most {safety.max_deletes}")
    elif gone > safety.delete_floor and gone / held > safety.max_delete_share:
        yield Hold("MASS_DELETE", found, f"at most {safety.max_delete_share:.0%} once more than {safety.delete_floor} would go")


def _mass_missing(facts: Facts) -> Iterator[Hold]:
    """What would newly be called missing in a target that keeps it: as much as a mass delete."""
    if "missing" not in facts.target:
        return
    present = facts.target.loc[facts.target["missing"] == "", "target_id"]
    gone = int(((facts.plan["outcome"] == Outcome.FROZEN.value) & facts.plan["target_id"].isin(present)).sum())
    safety, held = facts.safety, len(present)
    found = f"{gone} of {held} {facts.entity.plural} would be called missing ({_percent(gone, held)})"
    if gone > safety.max_deletes:
        yield Hold("MASS_MISSING", found, f"at most {safety.max_deletes}")
    elif gone > safety.delete_floor and gone / held > safety.max_delete_share:
        yield Hold("MASS_MISSING", found, f"at most {safety.max_delete_share:.0%} once more than {safety.delete_floor} would be")


def _slice_drop(facts: Facts) -> Iterator[Hold]:
    name = facts.entity.partition_field
    if not name:
        return
    safety, before, after = facts.safety, _members(facts.managed[name]), _after(facts, name)
    lost = {group: count - after[group] for group, count in before.items()}
    dropped = [group for group, loss in lost.items() if loss > safety.slice_floor and loss / before[group] > safety.max_slice_loss]
    if dropped:
        worst = min(dropped, key=lambda group: (-lost[group] / before[group], -lost[group], id_order(group)))
        example = f"{worst} loses {lost[worst]} of {before[worst]} ({_percent(lost[worst], before[worst])})"
        limit = f"at most {safety.max_slice_loss:.0%} of a group once more than {safety.slice_floor} would go"
        yield Hold("SLICE_DROP", f"{len(dropped)} of {len(before)} groups lose members; most of all {example}", limit)


def _after(facts: Facts, name: str) -> Counter[str]:
    """Members of each group once the plan is carried out."""
    not_sent = facts.plan.loc[facts.plan["outcome"].isin(STAYING), "source_id"]
    travelling = facts.desired.loc[~facts.desired["source_id"].isin(not_sent), name]
    staying = facts.target.loc[facts.target["target_id"].isin(facts.kept), name]
    return _members(travelling) + _members(staying)


def _members(column: pd.Series[str]) -> Counter[str]:
    return Counter(one for cell in column.tolist() for one in set(cell.split()))


def _field_blanked(facts: Facts) -> Iterator[Hold]:
    if not len(facts.desired) or facts.narrowed:
        return
    told, floor = facts.managed, 0
    if facts.entity.on_source_delete == KEEP:  # a part: held against what it is about, and a few records may well lose what they had
        told, floor = told[told["source_id"].isin(facts.desired["source_id"])], facts.safety.delete_floor
    cleared = {row.target for row in facts.entity.mapping.sent if row.blank == CLEAR}  # of the others nothing is blanked
    blank = [name for name in facts.entity.target_fields if name in cleared and (facts.desired[name] == "").all()]
    blanked = {name: int((told[name] != "").sum()) for name in blank}
    lost = {name: filled for name, filled in blanked.items() if filled > floor}
    if lost:
        named = ", ".join(f"{name} (filled in {filled} before)" for name, filled in lost.items())
        yield Hold("SRC_FIELD_BLANKED", f"blank in all {len(facts.desired)} {facts.entity.plural}: {named}", "filled in at least 1")


def _target_only(facts: Facts) -> Iterator[Hold]:
    """FMG-06: what nobody imported is neither deleted nor taken over without consent, where an entity says that it may be removed."""
    if facts.entity.unmanaged == LEAVE:
        return
    gone, adopted = (int((facts.plan["reason"] == reason).sum()) for reason in UNMANAGED)
    if gone or adopted:
        code = "FIRST_REPLACEMENT" if facts.first else "TARGET_ONLY"
        found = f"{gone + adopted} {facts.entity.plural} of the target were never imported: {gone} would be deleted, {adopted} taken over"
        yield Hold(code, found, "none without consent")


def _map_changed(facts: Facts) -> Iterator[Hold]:
    if not facts.mapping_changed:
        return
    plan, limit = facts.plan, facts.safety.max_mapping_change
    changing = int(((plan["outcome"] == Outcome.UPDATE.value) & (plan["reason"] == "source")).sum())
    compared = changing + int(((plan["outcome"] == Outcome.UNCHANGED.value) | (plan["reason"] == "drift")).sum())
    if changing and changing / compared > limit:
        found = f"the mapping tables changed and {changing} of {compared} {facts.entity.plural} with them ({_percent(changing, compared)})"
        yield Hold("MAP_CHANGED", found, f"at most {limit:.0%}")


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "0 %"
