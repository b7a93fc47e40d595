"""Examples of what a plan does, masked: enough to recognise a record, never enough to know a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from crosswalk.core.masking import mask
from crosswalk.core.model import Outcome
from crosswalk.reports.run_report import Change, Sample

if TYPE_CHECKING:
    import pandas as pd

    from crosswalk.core.system_schema import Field

MOST = 20
"""Samples of one outcome."""

Record = Mapping[str, str]


def samples(plan: pd.DataFrame, desired: pd.DataFrame, target: pd.DataFrame, fields: Mapping[str, Field]) -> list[Sample]:
    """Take the first records of each writing outcome of one entity, with their fields masked before and after.

    Args:
        plan: plan frame of the entity.
        desired: `source_id` and target fields.
        target: read back, `target_id` and target fields.
        fields: the target's fields, by name.
    """
    found: list[Sample] = []
    for outcome in (Outcome.CREATE, Outcome.UPDATE, Outcome.DELETE):
        rows = plan[plan["outcome"] == outcome.value].head(MOST)
        after, before = _records(desired, "source_id", rows["source_id"]), _records(target, "target_id", rows["target_id"])
        for row in rows.to_dict("records"):
            new = {} if outcome is Outcome.DELETE else after.get(row["source_id"], {})
            changes = _changes(row["changed"].split(), before.get(row["target_id"], {}), new, fields)
            found.append(Sample(row["entity"], row["outcome"], row["source_id"], row["target_id"], row["reason"], changes))
    return found


def _records(frame: pd.DataFrame, key: str, ids: Iterable[str]) -> dict[str, Record]:
    wanted = frame[frame[key].isin(set(ids) - {""})]
    return {str(row[key]): {str(name): str(value) for name, value in row.items()} for row in wanted.to_dict("records")}


def _changes(changed: list[str], before: Record, after: Record, fields: Mapping[str, Field]) -> tuple[Change, ...]:
    """Show the changed fields; every filled one where the plan names none (a new record, a removed one)."""
    named = changed or [name for name in fields if before.get(name) or after.get(name)]
    return tuple(_change(fields[name], before.get(name, ""), after.get(name, "")) for name in named if name in fields)


def _change(one: Field, before: str, after: str) -> Change:
    old, new = mask(one.type, before), mask(one.type, after)
    return Change(one.name, old, new, masking_hides_it=before != after and old == new)
