"""A run as a bar: its height the number of records it changes, its colour how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log10

from crosswalk.core.model import Outcome
from crosswalk.reports import wording
from crosswalk.store.runs import RunRow

HEIGHT = 20
_CHANGING = (Outcome.CREATE, Outcome.UPDATE, Outcome.DELETE)
_LEAST, _MOST = 3, 5
"""Height of a bar without changes; powers of ten a full bar stands for."""


@dataclass(frozen=True)
class Bar:
    """One run. height: in a box of HEIGHT."""

    run: RunRow
    changes: int
    height: float
    tone: str


def bars(newest_first: Iterable[RunRow]) -> list[Bar]:
    """Draw an account's runs, oldest first."""
    return [_bar(row, changes_of(row)) for row in reversed(list(newest_first))]


def changes_of(row: RunRow) -> int:
    """Count the records a run's plan creates, updates and deletes."""
    return sum(counts.get(outcome, 0) for counts in row.counts.get("plan", {}).values() for outcome in _CHANGING)


def _bar(row: RunRow, changes: int) -> Bar:
    share = min(1.0, log10(changes + 1) / _MOST)
    return Bar(row, changes, round(_LEAST + (HEIGHT - _LEAST) * share, 1), wording.STATUS[row.status].tone)
