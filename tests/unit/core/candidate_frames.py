"""Small frames of people and companies for the tests of candidates and links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import crosswalk
from crosswalk.features.linking.candidates.find import find_candidates
from crosswalk.features.linking.candidates.keys import Texts
from crosswalk.features.linking.candidates.reasons import reasons
from crosswalk.features.linking.candidates.roles import Roles, load_roles

ROLES: dict[str, Roles] = load_roles(Path(crosswalk.__file__).parent / "integrations" / "crm_to_flex" / "candidates.csv")


def texts(*values: str) -> Texts:
    return np.array(values, dtype=object)


def frame(key: str, records: list[dict[str, str]], kind: str) -> pd.DataFrame:
    columns = [key, *dict.fromkeys(name for names in ROLES[kind].fields.values() for name in names)]
    return pd.DataFrame(records, columns=columns, dtype="str").fillna("")


def source(*records: dict[str, str], kind: str = "contact") -> pd.DataFrame:
    return frame("source_id", [{"source_id": f"{number}", **one} for number, one in enumerate(records, 501)], kind)


def target(*records: dict[str, str], kind: str = "contact") -> pd.DataFrame:
    return frame("target_id", [{"target_id": f"f-{number}", **one} for number, one in enumerate(records, 1)], kind)


def find(left: pd.DataFrame, right: pd.DataFrame, kind: str = "contact", **more: Any) -> pd.DataFrame:
    return find_candidates(left, right, ROLES[kind], **more)


def pairs(found: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(found["source_id"], found["target_id"], strict=True))


def why(found: pd.DataFrame, row: int = 0) -> list[str]:
    return [str(one) for one in reasons(found.iloc[row].to_dict())]
