"""The plan of an undo: what brings a list back to what it was, record by record, by the target's own ids (SAFE-7).

Data flow: before (as it was) + now (as it is) → plan, with the columns of any plan. Pure.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crosswalk.core.model import Outcome
from crosswalk.core.plan import PLAN_COLUMNS, canonical, payload_hashes
from crosswalk.core.spec.model import EntitySpec

UNDONE = "undone"
"""Reason of every row an undo changes."""

STAYS = "stays"
"""Reason of a record an undo cannot take away: its entity says that nothing is ever deleted."""


def plan_restore(entity: EntitySpec, before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Give each record of either list its outcome; rows are sorted by id.

    Args:
        entity: the spec of the entity.
        before: `target_id` (distinct), `source_id` ("" for what no import put there) and the target fields.
        now: the same, as the target holds them.
    """
    fields = entity.target_fields
    before = canonical(before, fields).assign(payload_hash=payload_hashes(before, fields))
    now = canonical(now, fields)
    both = before.merge(now, on="target_id", how="outer", suffixes=("", "_now"), indicator="where", validate="1:1")
    names = ["source_id", *fields]
    differs = np.column_stack([both[name].to_numpy(dtype=object) != both[f"{name}_now"].to_numpy(dtype=object) for name in names])
    cases = [
        (both["where"] == "left_only", Outcome.CREATE),
        (both["where"] == "right_only", Outcome.DELETE),
        (differs.any(axis=1), Outcome.UPDATE),
    ]
    outcome = np.select([case for case, _ in cases], [outcome.value for _, outcome in cases], Outcome.UNCHANGED.value)
    changed = [" ".join(name for name, one in zip(names, row, strict=True) if one) for row in differs.tolist()]
    gone = outcome == Outcome.DELETE.value
    plan = pd.DataFrame(
        {
            "entity": entity.name,
            "source_id": both["source_id"].where(~gone, both["source_id_now"]),
            "target_id": both["target_id"],
            "outcome": outcome,
            "reason": np.where(outcome == Outcome.UNCHANGED.value, "", UNDONE),
            "changed": np.where(outcome == Outcome.UPDATE.value, changed, ""),
            "payload_hash": both["payload_hash"],
        },
        columns=list(PLAN_COLUMNS),
    )
    return plan.fillna("").astype("str").sort_values(["source_id", "target_id"], ignore_index=True)


def plan_restore_records(entity: EntitySpec, before: pd.DataFrame, now: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """As `plan_restore`, for a target that is written record by record; also returns what is wanted of each record.

    Only records of ours are looked at. One that was taken over keeps its source id, one that is gone comes back under an id of the
    target's choice ("" in both frames), one that is new goes, or stays where nothing is ever deleted.
    """
    held = now.loc[now["source_id"] != "", ["target_id", "source_id"]].set_index("target_id")["source_id"]
    wanted = before[(before["source_id"] != "") | before["target_id"].isin(held.index)]
    wanted = wanted.assign(source_id=wanted["target_id"].map(held).fillna(wanted["source_id"]).astype("str"))
    plan = plan_restore(entity, wanted, now[now["target_id"].isin({*held.index, *wanted["target_id"]})])
    if not entity.may_delete:
        stays = plan["outcome"] == Outcome.DELETE.value
        plan = plan.assign(outcome=plan["outcome"].mask(stays, Outcome.FROZEN.value), reason=plan["reason"].mask(stays, STAYS))
    gone = plan.loc[plan["outcome"] == Outcome.CREATE.value, "target_id"]
    return _anew(plan, gone), _anew(wanted, gone)


def _anew(frame: pd.DataFrame, gone: pd.Series[str]) -> pd.DataFrame:
    return frame.assign(target_id=frame["target_id"].mask(frame["target_id"].isin(gone), ""))
