"""From a plan to the operations that carry it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from crosswalk.core.model import DELTA, REPLACE, UNDO, Decided, Outcome
from crosswalk.core.ports import Operation
from crosswalk.core.spec.model import EntitySpec

SENT = {Outcome.CREATE.value, Outcome.UPDATE.value}
CHANGING = SENT | {Outcome.DELETE.value}

FLAG_ONLY = "suppressed"
"""Reason of an update that only carries an opt-out over to a record as it is: an undo does not hold it."""


def operations(
    entity: EntitySpec,
    plan: pd.DataFrame,
    desired: pd.DataFrame,
    target: pd.DataFrame,
    mode: str,
    groups: set[str],
    links: Decided | None = None,
) -> Iterator[Operation]:
    """What the target must be told about one entity.

    A delta sends creates, updates and deletes; so does an undo, which names every record by its id in the target, or by its source id
    where it has none any more. A full delivery sends what is unchanged as well. A replace sends the whole list as it shall be, also what
    stays because its source was rejected; what is not sent is gone.
    groups: source ids of the groups the target will have; a kept record's memberships of others are left out.
    links: what a person decided to link.
    """
    send = plan[plan["outcome"].isin(SENT if mode in (DELTA, UNDO) else SENT | {Outcome.UNCHANGED.value})]
    wanted, links = _as_it_was(send, desired) if mode == UNDO else _joined(send, desired), links or {}
    for one in _upserts(entity, wanted):
        yield replace(one, links=tuple(links[one.source_id])) if one.source_id in links else one
    if mode == REPLACE:
        kept = plan[(plan["outcome"] == Outcome.REJECTED.value) & (plan["target_id"] != "")]
        yield from as_they_are(entity, target, set(kept["target_id"]), groups)
    else:
        gone = plan[plan["outcome"] == Outcome.DELETE.value]
        for source_id, target_id in zip(gone["source_id"].tolist(), gone["target_id"].tolist(), strict=True):
            yield Operation(entity.name, "delete", source_id, target_id)


def as_they_are(entity: EntitySpec, target: pd.DataFrame, target_ids: set[str], groups: set[str]) -> Iterator[Operation]:
    """Upserts that leave records of the target as they are, but for memberships of groups it will not have."""
    kept = target[target["target_id"].isin(target_ids)]
    if entity.partition_field:
        kept = kept.assign(**{entity.partition_field: only_known(kept[entity.partition_field], groups)})
    yield from _upserts(entity, kept)


def only_known(ids: pd.Series[str], known: set[str]) -> pd.Series[str]:
    """Leave out ids that are not known, such as memberships of a group that is rejected or gone."""
    mentioned = {one for cell in ids.unique() for one in cell.split()}
    if mentioned <= known:
        return ids
    return ids.map(lambda cell: " ".join(one for one in cell.split() if one in known)).astype("str")


def _as_it_was(plan: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """Of records that have no id in the target any more, those the plan names by their source id."""
    anew = plan.loc[plan["target_id"] == "", "source_id"]
    return records[records["target_id"].isin(plan["target_id"]) & ((records["target_id"] != "") | records["source_id"].isin(anew))]


def _joined(plan: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    return plan[["source_id", "target_id"]].merge(records, on="source_id", how="left", validate="1:1")


def _upserts(entity: EntitySpec, rows: pd.DataFrame) -> Iterator[Operation]:
    names = list(entity.target_fields)
    columns = [rows[name].tolist() for name in ("source_id", "target_id", *names)]
    for source_id, target_id, *fields in zip(*columns, strict=True):
        yield Operation(entity.name, "upsert", source_id, target_id, dict(zip(names, fields, strict=True)))
