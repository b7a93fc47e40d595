"""From two frames to ranked candidates: the one door of this room."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from crosswalk.features.linking.candidates.evidence import weighed_pairs
from crosswalk.features.linking.candidates.names import NICKNAME, SAME
from crosswalk.features.linking.candidates.reasons import EVIDENCE
from crosswalk.features.linking.candidates.roles import Roles
from crosswalk.features.linking.candidates.side import side

MOST = 50
"""Candidates kept of a record, the likeliest."""
COLUMNS = ["source_id", "target_id", "rank", "of", "score", "automatic", *EVIDENCE]


@dataclass(frozen=True)
class Decided:
    """What people decided already. linked: source id → target id; apart: pairs that are not a match."""

    linked: Mapping[str, str] = field(default_factory=dict)
    apart: Collection[tuple[str, str]] = ()


def find_candidates(
    source: pd.DataFrame, target: pd.DataFrame, roles: Roles, decided: Decided | None = None, *, region: str = "US"
) -> pd.DataFrame:
    """Find who may be whom.

    Args:
        source: `source_id` and the columns of the roles, in target shape; a column one side lacks is blank there.
        target: `target_id` and the same columns.
        roles: which columns are compared, as what.
        decided: linked records of either side have no candidates; a pair said to be apart is none.
        region: ISO country of phone numbers written without +.

    Returns `source_id`, `target_id`, `rank` (1 the likeliest), `of` (how many were found), `score`, `automatic` (may be linked
    without a person) and the evidence of candidates.evidence; by source id and rank, at most MOST a record. How many share a
    value is counted over all records, whatever was decided: a decision changes no score.
    """
    left, right = side(source, "source_id", roles, region), side(target, "target_id", roles, region)
    pairs = weighed_pairs(left, right, roles.kind)
    automatic = _automatic(pairs, roles.kind)
    pairs = pairs.assign(
        source_id=left.ids[pairs["left"].to_numpy(dtype=np.intp)],
        target_id=right.ids[pairs["right"].to_numpy(dtype=np.intp)],
        automatic=automatic,
    )
    return _ranked(_undecided(pairs, decided or Decided()))


def _undecided(pairs: pd.DataFrame, decided: Decided) -> pd.DataFrame:
    gone = pairs["source_id"].isin(decided.linked.keys()) | pairs["target_id"].isin(set(decided.linked.values()))
    if decided.apart:
        apart = pd.MultiIndex.from_tuples(decided.apart)
        gone |= pd.MultiIndex.from_frame(pairs[["source_id", "target_id"]]).isin(apart)
    return pairs[~gone]


def _ranked(pairs: pd.DataFrame) -> pd.DataFrame:
    ordered = pairs.sort_values(["left", "score", "right"], ascending=[True, False, True], kind="stable")
    groups = ordered.groupby("left", sort=False)
    ordered = ordered.assign(rank=groups.cumcount() + 1, of=groups["left"].transform("size"))
    return ordered.loc[ordered["rank"] <= MOST, COLUMNS].reset_index(drop=True)


def _automatic(pairs: pd.DataFrame, kind: str) -> npt.NDArray[np.bool_]:
    """Which pairs may be linked unasked: an address nobody else has, and names that agree, on either side. A phone never decides (FLEX-09).

    Neither record may have another pair that agrees in the address, nor one with as good a name: a father and a son.
    """
    if kind == "contact":
        named = (pairs["first"] >= NICKNAME) & (pairs["last"] == SAME)
        chosen = (pairs["email"] == 1) & _alone(pairs, pairs["email"] > 0) & _alone(pairs, named) & (pairs["suffix"] == 0)
    else:
        chosen = (pairs["website"] == 1) & _alone(pairs, pairs["website"] > 0) & _alone(pairs, pairs["company"] == SAME)
    return chosen.to_numpy(dtype=bool)


def _alone(pairs: pd.DataFrame, agreeing: pd.Series[bool]) -> pd.Series[bool]:
    """Whether a pair agrees, and no other pair of either record does."""
    found = pairs[agreeing]
    once = ~(found["left"].duplicated(keep=False) | found["right"].duplicated(keep=False))
    return once.reindex(pairs.index, fill_value=False)
