"""One side of a comparison: its rows in the order of their ids, with everything they are compared by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from crosswalk.features.linking.candidates.keys import KEYS, Texts, company_key, each, holdings, name_key, phone_key
from crosswalk.features.linking.candidates.names import split_suffix
from crosswalk.features.linking.candidates.roles import SEVERAL, Roles

SHARED = (*SEVERAL, "name")
"""Roles whose value makes a pair worth a look."""


@dataclass(frozen=True)
class Side:
    """ids: one a row. held: role → its holdings (`row`, `key`, `extension`). texts: normal forms, one a row, "" where there is none."""

    ids: Texts
    held: dict[str, pd.DataFrame]
    texts: dict[str, Texts]


def side(frame: pd.DataFrame, id_column: str, roles: Roles, region: str) -> Side:
    """Read what a frame is compared by. A row without id is left out; a column that is not there is blank."""
    frame = frame[frame[id_column] != ""].sort_values(id_column, kind="stable").reset_index(drop=True)
    lacking = {name for columns in roles.fields.values() for name in columns} - set(frame.columns)
    frame = frame.assign(**dict.fromkeys(sorted(lacking), ""))
    held = {role: _held(frame, roles, role, region) for role in SHARED if roles.columns(role)}
    first, last = _text(frame, roles, "first"), _text(frame, roles, "last")
    firsts, first_suffix = _parted(first)
    lasts, last_suffix = _parted(last)
    company = _text(frame, roles, "name" if roles.kind == "company" else "company")
    texts = {"first": firsts, "last": lasts, "suffix": np.where(last_suffix != "", last_suffix, first_suffix)}
    return Side(frame[id_column].to_numpy(dtype=object), held, {**texts, "company": company, "city": _text(frame, roles, "city")})


def _held(frame: pd.DataFrame, roles: Roles, role: str, region: str) -> pd.DataFrame:
    key = partial(phone_key, region=region) if role == "phone" else KEYS[role]
    found = holdings(frame, roles.columns(role), key)
    if role != "phone":
        return found.assign(extension="")
    parts = [key.partition(" x") for key in found["key"].tolist()]
    return found.assign(key=[number for number, _, _ in parts], extension=[extension for _, _, extension in parts])


def _text(frame: pd.DataFrame, roles: Roles, role: str) -> Texts:
    columns = roles.columns(role)
    if not columns:
        return np.full(len(frame), "", dtype=object)
    return each(frame[columns[0]], company_key if role in ("name", "company") else name_key)


def _parted(names: Texts) -> tuple[Texts, Texts]:
    codes, values = pd.factorize(names)
    parts = [split_suffix(value) for value in values] or [("", "")]
    return tuple(np.array([part[place] for part in parts], dtype=object)[codes] for place in (0, 1))  # type: ignore[return-value]  # two of them
