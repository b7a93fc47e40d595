"""The catalog of errors: catalog.csv beside this module has one row per code, and the recovery follows from the row's kind.

Errors are built from it, docs/errors.md and the console show it. Codes of validation rules are declared in each integration's spec.toml.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

RECOVERY: Mapping[str, str] = MappingProxyType(
    {
        "ConfigurationError": "The task stops. Fix the table, setting or connection, then clear the task.",
        "TransientError": "Airflow retries the task. Act only when all retries have failed.",
        "RateLimited": "Airflow retries the task after the wait the vendor asked for.",
        "PermanentError": "The task stops. The same request would be refused again; remove the cause, then clear the task.",
        "AuthRefused": "The task stops. Fix the credentials or the rights behind them, then clear the task.",
        "Fenced": "The task stops because a newer run or attempt has the account. Usually there is nothing to do.",
        "DataError": "The task stops because an answer or a file of the run cannot be trusted.",
        "SafetyStop": "The task stops before good data is destroyed. A person has to look and decide.",
        "file": "This file is refused as a whole; the run goes on with the others.",
        "rejection": "This record is not delivered; the run goes on, and the next run tries the record again.",
        "refusal": "The target refused this record. It joins the rejected records, and the run goes on.",
        "hold": "The plan waits for a person under Required Actions in Airflow. Nothing was written.",
        "kept": "The activity has no note in the source yet; the run goes on.",
        "notice": "For information. The run goes on.",
    }
)
"""What happens next, per kind. The first eight are classes of `crosswalk.errors`."""

_CLASSES = {"RecordRejected": ("rejection",), "DataError": ("DataError", "file")}
"""Kinds a class may carry where it is not its name alone. A DataError about one file is caught, and refuses that file."""


@dataclass(frozen=True)
class Entry:
    """One code. kinds: keys of RECOVERY; next_step: a phrase without its period, as messages use it."""

    code: str
    kinds: tuple[str, ...]
    meaning: str
    next_step: str

    @property
    def advice(self) -> str:
        """The next step as a sentence."""
        return f"{self.next_step[:1].upper()}{self.next_step[1:]}."

    @property
    def recovery(self) -> str:
        """What happens next, for each kind the code has."""
        return " Or: ".join(RECOVERY[kind] for kind in self.kinds)


@cache
def catalog() -> Mapping[str, Entry]:
    """Read the table once: code → entry, in the order of the codes."""
    with Path(__file__).with_name("catalog.csv").open(encoding="utf-8", newline="") as file:
        rows = [Entry(row["code"], tuple(row["kind"].split()), row["meaning"], row["next_step"]) for row in csv.DictReader(file)]
    return MappingProxyType({row.code: row for row in rows})


def find(code: str, kind: str = "") -> Entry | None:
    """Look up a code that may be anybody's, such as one a target sent or an old run left. kind: only if it is one of the code's kinds."""
    found = catalog().get(code)
    return found if found and (not kind or kind in found.kinds) else None


def require(code: str, kind: str) -> Entry:
    """Look up a code of ours. kind: a key of RECOVERY, or an error class.

    Raises LookupError for a code that is not in the table, ValueError when it is of another kind: either is a programming error.
    """
    found = catalog().get(code)
    if found is None:
        raise LookupError(f"{code} is not in errors/catalog.csv")
    if not set(_CLASSES.get(kind, (kind,))) & set(found.kinds):
        raise ValueError(f"{code} is {' or '.join(found.kinds)} in errors/catalog.csv, not {kind}")
    return found
