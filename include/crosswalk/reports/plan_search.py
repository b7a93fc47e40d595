"""The whole plan kept with the report, to be searched: ids, outcomes, field names and, for changed records, masked values.

`plan.parquet` and `changes.parquet` are sorted by source id, so that one record is found without reading the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from crosswalk.core.masking import mask
from crosswalk.core.model import Outcome
from crosswalk.reports.run_report import Change
from crosswalk.reports.spreadsheets import PLAN_COLUMNS

if TYPE_CHECKING:
    from crosswalk.core.system_schema import Field
    from crosswalk.landing.folder import Folder

PLAN, CHANGES = "plan", "changes"
CHANGE_COLUMNS = ["entity", "source_id", "target_id", "field", "before", "after", "hidden"]
"""Columns of the frame of changes. hidden: "1" when the values differ and their masked forms do not, else ""."""

_GROUP_ROWS = 2_000
Key = tuple[str, str]
"""Entity and target id: an update always has one."""


class FrameFolder(Protocol):
    """Where the frames go: a landing zone's report folder."""

    def write_frame(self, name: str, frame: pd.DataFrame, group_rows: int | None = None, /) -> object:
        """Write a frame, replacing it as a whole."""


@dataclass(frozen=True)
class PlannedRecord:
    """One record of a plan. changes: of an update, masked, when they were kept."""

    entity: str
    source_id: str
    target_id: str
    outcome: str
    reason: str
    changed: tuple[str, ...]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Search:
    """What to look for in a plan; blank is any. text: a part of an id."""

    entity: str = ""
    outcome: str = ""
    reason: str = ""
    text: str = ""


def masked_changes(plan: pd.DataFrame, desired: pd.DataFrame, target: pd.DataFrame, fields: Mapping[str, Field]) -> pd.DataFrame:
    """List every changed field of every update of one entity, masked.

    plan: plan frame of the entity. desired: target fields by `source_id`, or by `target_id` where it has one (an undo). target: read
    back, by `target_id`.
    """
    updates = plan.loc[plan["outcome"] == Outcome.UPDATE.value, ["entity", "source_id", "target_id", "changed"]]
    key = "target_id" if "target_id" in desired.columns else "source_id"
    after, before = _by(desired, key), _by(target, "target_id")
    changed = updates["changed"].str.split()
    parts = []
    for name in [one for one in fields if one in after.columns and one in before.columns]:
        mine = [name in names for names in changed]
        if not any(mine):
            continue
        rows = updates[mine]
        old, new = before[name].reindex(rows["target_id"]).fillna(""), after[name].reindex(rows[key]).fillna("")
        parts.append(rows[["entity", "source_id", "target_id"]].assign(field=name, **_masked(fields[name].type, list(old), list(new))))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=CHANGE_COLUMNS, dtype="str")


def write(folder: FrameFolder, plan: pd.DataFrame, changes: pd.DataFrame) -> None:
    """Keep a plan and its masked changes with the report."""
    folder.write_frame(PLAN, plan[list(PLAN_COLUMNS)].sort_values(["source_id", "target_id"], kind="stable"), _GROUP_ROWS)
    folder.write_frame(CHANGES, changes[CHANGE_COLUMNS].sort_values("source_id", kind="stable"), _GROUP_ROWS)


def search(folder: Folder, wanted: Search, limit: int, offset: int) -> tuple[list[PlannedRecord], int]:
    """Find records of a plan, those that change the target first; returns one page of them and how many there are in all.

    Raises DataError LANDING_MISSING when the run made no plan, or one this version cannot search.
    """
    plan = folder.read_frame(PLAN)
    found = pd.Series(True, index=plan.index)
    for column in ("entity", "outcome", "reason"):
        if value := getattr(wanted, column):
            found &= plan[column] == value
    if wanted.text:
        found &= plan["source_id"].str.contains(wanted.text, regex=False) | plan["target_id"].str.contains(wanted.text, regex=False)
    rows = plan[found]
    order = rows["outcome"].map({outcome.value: place for place, outcome in enumerate(_ORDER)}).sort_values(kind="stable")
    page = rows.loc[order.index[offset : offset + limit]]
    return _records(folder, page), len(rows)


def reasons(folder: Folder) -> dict[tuple[str, str], int]:
    """Count a plan's records by outcome and reason, the most frequent first."""
    plan = folder.read_frame(PLAN)
    return dict(Counter(zip(plan["outcome"], plan["reason"], strict=True)).most_common())


def find(folder: Folder, source_id: str) -> list[PlannedRecord]:
    """Find what a plan says of one source record, entity by entity. Raises DataError LANDING_MISSING as `search`."""
    return _records(folder, folder.find_rows(PLAN, "source_id", [source_id]))


_ORDER = (
    Outcome.DELETE,
    Outcome.UPDATE,
    Outcome.CREATE,
    Outcome.REJECTED,
    Outcome.FROZEN,
    Outcome.EXCLUDED,
    Outcome.UNCHANGED,
)


def _records(folder: Folder, rows: pd.DataFrame) -> list[PlannedRecord]:
    updated = rows.loc[rows["outcome"] == Outcome.UPDATE.value, "source_id"]
    changes = _changes(folder, list(updated))
    found = rows[list(PLAN_COLUMNS)].itertuples(index=False, name=None)
    return [
        PlannedRecord(entity, source_id, target_id, outcome, reason, tuple(changed.split()), changes.get((entity, target_id), ()))
        for entity, source_id, target_id, outcome, reason, changed in found
    ]


def _changes(folder: Folder, source_ids: list[str]) -> dict[Key, tuple[Change, ...]]:
    found: dict[Key, tuple[Change, ...]] = {}
    if source_ids:
        rows = folder.find_rows(CHANGES, "source_id", source_ids)[CHANGE_COLUMNS]
        for entity, _, target_id, field, before, after, hidden in rows.itertuples(index=False, name=None):
            found[entity, target_id] = (*found.get((entity, target_id), ()), Change(field, before, after, bool(hidden)))
    return found


def _by(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    return frame[frame[key] != ""].drop_duplicates(key).set_index(key)


def _masked(field_type: str, old: list[str], new: list[str]) -> dict[str, list[str]]:
    before, after = [mask(field_type, one) for one in old], [mask(field_type, one) for one in new]
    hidden = ["1" if a == b and x != y else "" for a, b, x, y in zip(before, after, old, new, strict=True)]
    return {"before": before, "after": after, "hidden": hidden}
