"""Which rows of two frames share a value, without comparing each with each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from crosswalk.features.linking.candidates.keys import Texts

Rows = npt.NDArray[np.int64]

CROWD = 2_500
"""Pairs of one value beyond which it is a crowd's (a switchboard's number): there, only who shares more is compared …"""
FIRST_OF_CROWD = 10
"""… and so many of the crowd by id, so that a record of a crowd still has candidates."""
COMMON_WORD = 400
"""Pairs of one word of a company's name beyond which the word says nothing."""

COLUMNS = ["left", "right", "shared", "extension"]


def sharing(left: pd.DataFrame, right: pd.DataFrame, more: Sequence[tuple[Texts, Texts]]) -> pd.DataFrame:
    """List the pairs of rows that hold one value, each once.

    Args:
        left: `row`, `key` and `extension`, as keys.holdings gives them.
        right: the same of the other side.
        more: columns of both frames that refine a crowd: there a pair has to agree in one of them.

    Returns `left`, `right`, `shared` (pairs of records that hold the value, the fewest where several agree) and `extension`
    (1 the same, -1 another, 0 neither).
    """
    codes, keys = pd.factorize(pd.concat([left["key"], right["key"]]).to_numpy(dtype=object))
    one = left.assign(code=codes[: len(left)])[["row", "code", "extension"]]
    other = right.assign(code=codes[len(left) :])[["row", "code", "extension"]]
    pairs = np.bincount(one["code"], minlength=len(keys)) * np.bincount(other["code"], minlength=len(keys))
    crowded = (pairs > CROWD)[codes]
    small = one[~crowded[: len(left)]].merge(other[~crowded[len(left) :]], on="code")
    found = [small, *_in_crowds(one[crowded[: len(left)]], other[crowded[len(left) :]], more)]
    return _each_once(pd.concat(found, ignore_index=True), pairs)


def sharing_words(left: Texts, right: Texts) -> tuple[Rows, Rows]:
    """List the pairs of rows whose company names share a word, a beginning or an end that is not common."""
    one, other = _fragments(left), _fragments(right)
    codes, keys = pd.factorize(pd.concat([one["fragment"], other["fragment"]]).to_numpy(dtype=object))
    one, other = one.assign(code=codes[: len(one)]), other.assign(code=codes[len(one) :])
    telling = np.bincount(one["code"], minlength=len(keys)) * np.bincount(other["code"], minlength=len(keys)) <= COMMON_WORD
    pairs = one[telling[one["code"]]].merge(other[telling[other["code"]]], on="code")[["row_x", "row_y"]].drop_duplicates()
    return pairs["row_x"].to_numpy(dtype=np.int64), pairs["row_y"].to_numpy(dtype=np.int64)


def _in_crowds(one: pd.DataFrame, other: pd.DataFrame, more: Sequence[tuple[Texts, Texts]]) -> Iterator[pd.DataFrame]:
    if one.empty or other.empty:
        return
    first = other.sort_values("row").groupby("code").head(FIRST_OF_CROWD)
    yield one.merge(first, on="code")
    for left, right in more:
        a, b = one.assign(more=left[one["row"]]), other.assign(more=right[other["row"]])
        a, b = a[a["more"] != ""], b[b["more"] != ""]
        sizes = a.groupby(["code", "more"]).size().mul(b.groupby(["code", "more"]).size(), fill_value=0)
        fit = sizes[(sizes > 0) & (sizes <= CROWD)].index
        kept = a[pd.MultiIndex.from_frame(a[["code", "more"]]).isin(fit)]
        yield kept.merge(b, on=["code", "more"]).drop(columns="more")


def _each_once(pairs: pd.DataFrame, sizes: npt.NDArray[np.int64]) -> pd.DataFrame:
    a, b = pairs["extension_x"].to_numpy(dtype=object), pairs["extension_y"].to_numpy(dtype=object)
    both = (a != "") & (b != "")
    extension = np.where(both & (a == b), 1, np.where(both, -1, 0))
    found = pd.DataFrame(
        {"left": pairs["row_x"], "right": pairs["row_y"], "shared": sizes[pairs["code"].to_numpy(dtype=np.intp)], "extension": extension}
    )
    found = found.sort_values(["left", "right", "shared", "extension"], ascending=[True, True, True, False], kind="stable")
    return found.drop_duplicates(["left", "right"], ignore_index=True).astype(np.int64)


def _fragments(names: Texts) -> pd.DataFrame:
    """List `row` and `fragment`: words of three letters or more, the first and last five letters."""
    rows: list[int] = []
    fragments: list[str] = []
    for row, name in enumerate(names):
        joined = name.replace(" ", "")
        found = {word for word in name.split() if len(word) > 2} | ({f"^{joined[:5]}", f"{joined[-5:]}$"} if joined else set())
        rows += [row] * len(found)
        fragments += found
    return pd.DataFrame({"row": np.array(rows, dtype=np.int64), "fragment": np.array(fragments, dtype=object)})
