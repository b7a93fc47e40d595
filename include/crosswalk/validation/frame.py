"""The frame the rules look at: trimmed text, blank as null, the derived columns, every row under its position."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from crosswalk.core.converters import email_key
from crosswalk.core.spec.expectations import EMAIL_KEY
from crosswalk.validation.spec_rules import ALL_TEXT

ROW = "_row"
"""Position of the row in the frame as it was read, from 0. Ids may be missing or come twice; positions do neither."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def checked_frame(frame: pd.DataFrame, columns: Iterable[str], text: Sequence[str], email: str) -> pd.DataFrame:
    """Build what the rules need of `frame`: the named columns it has, `email_key`, the joined text, `_row`."""
    wanted = dict.fromkeys([*columns, *text, *([email] if email else [])])
    checked = pd.DataFrame({column: trimmed(frame[column]) for column in wanted if column in frame}, index=frame.index)
    if email in checked:
        checked[EMAIL_KEY] = keys(checked[email])
    if text:
        checked[ALL_TEXT] = checked[text[0]].str.cat(checked[list(text[1:])], sep=" ").str.strip()
    checked = checked.where(checked != "")
    checked[ROW] = range(len(checked))
    return checked.set_index(ROW, drop=False).rename_axis(index=None)


def trimmed(column: pd.Series) -> pd.Series:
    """Trim as the text converter does. A lone surrogate, which no text can hold, becomes U+0000."""
    if column.dtype == object:
        column = column.map(lambda value: _LONE_SURROGATE.sub("\x00", value))
    return column.astype("str").str.strip()


def keys(addresses: pd.Series) -> pd.Series:
    """Give the `email_key` of each address, computed once for each distinct one."""
    known = {address: email_key(address) for address in addresses.unique()}
    return addresses.map(known).astype("str")
