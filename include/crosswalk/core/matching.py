"""Which target record belongs to which source record: by source id, else adopted by e-mail address.

Also who may not take an e-mail address yet, because a record the target keeps still holds it (FMG-11).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crosswalk.core.converters import email_key

Positions = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

NOWHERE = -1


@dataclass(frozen=True)
class Match:
    """Positions in the desired (d rows) and the target frame (t rows).

    found: d, the position of the record's target row or NOWHERE; adopted: d, found by e-mail only; blocked: d, its e-mail belongs to a
    kept row, so the record waits and its own row is kept as well; kept: t, the row stays as it is whatever its source says.
    """

    found: Positions
    adopted: Flags
    blocked: Flags
    kept: Flags


def match(desired: pd.DataFrame, target: pd.DataFrame, staying: Collection[str], unique: str) -> Match:
    """Match both sides.

    desired: distinct `source_id`. staying: source ids of which the target keeps what it has. unique: the field records are adopted by,
    "" for none.
    """
    owner = owners(target)
    found = _positions(owner.to_numpy(dtype=object), desired["source_id"].to_numpy(dtype=object))
    kept = owner.isin([one for one in staying if one]).to_numpy(dtype=bool)
    blocked = adopted = np.zeros(len(desired), dtype=bool)
    if unique:
        wanted, held = _keys(desired[unique]), _keys(target[unique])
        blocked = _blocked(found, wanted, held, kept)
        free = np.where((owner == "").to_numpy(dtype=bool), held, "")
        alone = np.where((found == NOWHERE) & ~blocked, wanted, "")
        by_key = _positions(_once(free), _once(alone))
        adopted = by_key != NOWHERE
        found = np.where(adopted, by_key, found)
    return Match(found, adopted, blocked, kept)


def owners(target: pd.DataFrame) -> pd.Series[str]:
    """Return whose each target row is. Of several rows with one source id only the lowest target id counts; the others are nobody's."""
    ordered = target.sort_values("target_id")["source_id"]
    return target["source_id"].mask(ordered.duplicated().reindex(target.index), "")


def _positions(among: npt.NDArray[np.object_], wanted: npt.NDArray[np.object_]) -> Positions:
    """For each wanted text its position among the others, which are distinct apart from ""; NOWHERE for "" and for what is not there."""
    index = {text: position for position, text in enumerate(among) if text}
    return np.fromiter((index.get(text, NOWHERE) for text in wanted), dtype=np.intp, count=len(wanted))


def _keys(column: pd.Series[str]) -> npt.NDArray[np.object_]:
    return np.array([email_key(text) for text in column.tolist()], dtype=object)


def _once(keys: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Blank every key that stands there more than once: it says nothing about whose it is."""
    return np.where(pd.Series(keys, dtype=object).duplicated(keep=False).to_numpy(dtype=bool), "", keys)


def _blocked(found: Positions, wanted: npt.NDArray[np.object_], held: npt.NDArray[np.object_], kept: Flags) -> Flags:
    """Whose e-mail a kept row holds. The row of a blocked record is kept too and may block another in turn."""
    blocked = np.zeros(len(wanted), dtype=bool)
    taken = {key for key in held[kept] if key}
    while taken:
        more = np.fromiter((key in taken for key in wanted), dtype=bool, count=len(wanted)) & ~blocked
        blocked |= more
        taken = {key for key in held[found[more & (found != NOWHERE)]] if key}
    return blocked
