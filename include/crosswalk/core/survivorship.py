"""Who keeps a value that only one record may have (FMG-11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crosswalk.core.ids import id_order

if TYPE_CHECKING:
    import pandas as pd


def keep_one(holders: pd.DataFrame, known: Mapping[str, str]) -> set[str]:
    """Return the source ids that lose their key to another holder.

    holders: `source_id` and `key`; a blank key belongs to nobody and is lost by nobody. known: key → source id that the target
    has with it. Of several holders the one the target knows stays, else the lowest id, compared number by number.
    """
    shared = holders[(holders["key"] != "") & holders["key"].duplicated(keep=False)]
    claims: dict[str, list[str]] = {}
    for source_id, key in zip(shared["source_id"].tolist(), shared["key"].tolist(), strict=True):
        claims.setdefault(key, []).append(source_id)
    return {loser for key, ids in claims.items() for loser in set(ids) - {_survivor(ids, known.get(key, ""))}}


def _survivor(ids: list[str], known: str) -> str:
    return known if known in ids else min(ids, key=id_order)
