"""What speaks for a pair and against it, as numbers, and what they weigh together. Weights: weights.csv, ours.

A pair's columns: email, phone, website, name hold how many pairs of records share the value that agrees (1: nobody else's), 0 where
none agrees; extension 1 or -1; first, last, company, city hold a closeness of 0 to 100, -1 where a side is blank; suffix -1 where Jr
stands against Sr or against none.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import pandas as pd

from crosswalk.features.linking.candidates.blocks import Rows, sharing, sharing_words
from crosswalk.features.linking.candidates.names import UNKNOWN, company_names, first_names, last_names, towns
from crosswalk.features.linking.candidates.side import SHARED, Side

CLOSE_ENOUGH = 88
"""Closeness from which a company's name alone makes a candidate."""
COMPARED = {"first": first_names, "last": last_names, "company": company_names, "city": towns}
REFINED_BY = ("last", "first", "company")
"""In a crowd that shares a value, only who also agrees in one of these is compared with each other."""


def weighed_pairs(left: Side, right: Side, kind: str) -> pd.DataFrame:
    """List every pair worth a look: `left`, `right` (rows), the evidence, and `score`."""
    pairs = _pairs(left, right, kind)
    one, other = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    for role, compare in COMPARED.items():
        pairs[role] = compare(left.texts[role][one], right.texts[role][other])
    pairs["suffix"] = np.where(left.texts["suffix"][one] == right.texts["suffix"][other], 0, -1)
    if kind == "company":
        pairs = pairs[(pairs[list(SHARED)] > 0).any(axis=1) | (pairs["company"] >= CLOSE_ENOUGH)].reset_index(drop=True)
    return pairs.assign(score=_score(pairs, kind))


def _pairs(left: Side, right: Side, kind: str) -> pd.DataFrame:
    """Join what each role finds; a pair stands there once."""
    width = max(len(right.ids), 1)
    more = [(left.texts[role], right.texts[role]) for role in REFINED_BY]
    found = {role: sharing(left.held[role], right.held[role], more) for role in SHARED if role in left.held}
    places = {role: one["left"].to_numpy() * width + one["right"].to_numpy() for role, one in found.items()}
    close = _place(sharing_words(left.texts["company"], right.texts["company"]), width) if kind == "company" else np.empty(0, np.int64)
    every = np.unique(np.concatenate([*places.values(), close]).astype(np.int64))
    pairs = pd.DataFrame({"left": every // width, "right": every % width})
    for role in SHARED:
        pairs[role] = np.zeros(len(every), dtype=np.int64)
        if role in found:
            pairs.loc[np.searchsorted(every, places[role]), role] = found[role]["shared"].to_numpy()
    extension = np.zeros(len(every), dtype=np.int64)
    if "phone" in found:
        extension[np.searchsorted(every, places["phone"])] = found["phone"]["extension"].to_numpy()
    return pairs.assign(extension=extension)


def _place(rows: tuple[Rows, Rows], width: int) -> Rows:
    return rows[0] * width + rows[1]


def _score(pairs: pd.DataFrame, kind: str) -> npt.NDArray[np.float64]:
    total = np.zeros(len(pairs))
    for evidence, table in _weights()[kind].items():
        values = pairs[evidence].to_numpy()
        total += _shared_weight(values, table) if "floor" in table else _step_weight(values, table)
    return total.round(3)


def _shared_weight(values: npt.NDArray[np.int64], table: dict[str, float]) -> npt.NDArray[np.float64]:
    worth = np.maximum(table["1"] - np.log2(np.maximum(values, 1)), table["floor"])
    return np.where(values > 0, worth, 0.0)


def _step_weight(values: npt.NDArray[np.int64], table: dict[str, float]) -> npt.NDArray[np.float64]:
    if min(map(int, table)) == -1 or set(table) == {"1"}:  # a flag: 1, -1 or neither
        return np.where(values == 1, table.get("1", 0.0), np.where(values == -1, table.get("-1", 0.0), 0.0))
    steps = np.array(sorted(map(int, table)))
    weights = np.array([table[str(step)] for step in steps])
    return np.where(values == UNKNOWN, 0.0, weights[np.searchsorted(steps, np.maximum(values, 0), side="right") - 1])


@cache
def _weights() -> dict[str, dict[str, dict[str, float]]]:
    text = resources.files("crosswalk.features.linking.candidates").joinpath("weights.csv").read_text("utf-8")
    tables: dict[str, dict[str, dict[str, float]]] = {}
    for row in csv.DictReader(text.splitlines()):
        tables.setdefault(row["kind"], {}).setdefault(row["evidence"], {})[row["at_least"]] = float(row["weight"])
    return tables
