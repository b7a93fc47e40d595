"""How close two names are, 0 to 100, and whether Jr stands against Sr. Symmetric. Blank on either side is UNKNOWN."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler

from crosswalk.features.linking.candidates.keys import Texts

Numbers = npt.NDArray[np.int16]

UNKNOWN = -1
SAME, LONGER, NICKNAME, PART, INITIAL = 100, 97, 95, 95, 80
_MOST_BY_LETTERS = 94
"""What letters alone can say: less than a name that is known to be the same."""

_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv", "junior", "senior"))
_SPELLED = {"junior": "jr", "senior": "sr"}


def first_names(left: Texts, right: Texts) -> Numbers:
    """Compare first names, pair by pair: the same, nicknames, an initial, or by their letters."""
    return _compared(left, right, _known_first, lambda one, other: 100 * _jaro_winkler(one, other))


def last_names(left: Texts, right: Texts) -> Numbers:
    """Compare last names, pair by pair: the same, a part of a double name, or by their letters."""
    return _compared(left, right, _known_last, lambda one, other: 100 * _jaro_winkler(one, other))


def company_names(left: Texts, right: Texts) -> Numbers:
    """Compare names of companies, pair by pair, whatever the order of their words."""
    return _compared(left, right, lambda _one, _other: None, _token_sort)


def towns(left: Texts, right: Texts) -> Numbers:
    """Compare names of towns, pair by pair."""
    return _compared(left, right, lambda _one, _other: None, lambda one, other: 100 * _jaro_winkler(one, other))


def split_suffix(name: str) -> tuple[str, str]:
    """Part a normal form into the name and the Jr, Sr, II … at its end ("" where none)."""
    rest, _, last = name.rpartition(" ")
    return (rest, _SPELLED.get(last, last)) if rest and last in _SUFFIXES else (name, "")


def _compared(
    left: Texts,
    right: Texts,
    known: Callable[[str, str], int | None],
    by_letters: Callable[[list[str], list[str]], npt.NDArray[np.float64]],
) -> Numbers:
    """Compare each distinct pair of names once."""
    codes, names = pd.factorize(np.concatenate([left, right]))
    one, other = codes[: len(left)].astype(np.int64), codes[len(left) :].astype(np.int64)
    low, high = np.minimum(one, other), np.maximum(one, other)
    pairs, back = np.unique(low * max(len(names), 1) + high, return_inverse=True)
    first, second = (np.asarray(names[place], dtype=object) for place in np.divmod(pairs, max(len(names), 1)))
    result = np.full(len(pairs), UNKNOWN, dtype=np.int16)
    filled = (first != "") & (second != "")
    result[filled & (first == second)] = SAME
    open_ = np.flatnonzero(filled & (first != second))
    told = [known(a, b) for a, b in zip(first[open_], second[open_], strict=True)]
    result[open_] = [UNKNOWN if one is None else one for one in told]
    rest = open_[[one is None for one in told]] if len(open_) else open_
    if len(rest):
        ordered = by_letters(first[rest].tolist(), second[rest].tolist())
        result[rest] = np.minimum(np.floor(ordered + 1e-6), _MOST_BY_LETTERS)
    return result[back]


def _jaro_winkler(one: list[str], other: list[str]) -> npt.NDArray[np.float64]:
    return process.cpdist(one, other, scorer=JaroWinkler.normalized_similarity, dtype=np.float64, workers=-1)


def _token_sort(one: list[str], other: list[str]) -> npt.NDArray[np.float64]:
    return process.cpdist(one, other, scorer=fuzz.token_sort_ratio, dtype=np.float64, workers=-1)


def _known_first(one: str, other: str) -> int | None:
    a, b = one.split(), other.split()
    if a[0] == b[0] and len(a[0]) > 1:
        return LONGER
    if _full_names(a[0]) & _full_names(b[0]):
        return NICKNAME
    if min(len(a[0]), len(b[0])) == 1:
        return INITIAL if a[0][0] == b[0][0] else 0
    return None


def _known_last(one: str, other: str) -> int | None:
    a, b = set(one.split()), set(other.split())
    return PART if a <= b or b <= a else None


@cache
def _full_names(name: str) -> frozenset[str]:
    """Give the names a first name may stand for, itself among them."""
    return frozenset({name, *full_names().get(name, ())})


@cache
def full_names() -> dict[str, set[str]]:
    """Read nicknames.csv as nickname → the names it stands for."""
    text = resources.files("crosswalk.features.linking.candidates").joinpath("nicknames.csv").read_text("utf-8")
    known: dict[str, set[str]] = {}
    for row in csv.DictReader(text.splitlines()):
        known.setdefault(row["nickname"], set()).add(row["name"])
    return known
