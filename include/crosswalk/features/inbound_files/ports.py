"""Inbound files: the source that reads them, the outcome of each, and what is kept of those taken before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, runtime_checkable

from crosswalk.core.arrived_file import ArrivedFile
from crosswalk.core.model import Rejection
from crosswalk.core.ports import Source

TAKEN, SEEN, REFUSED, LATER = "taken", "seen", "refused", "later"
"""What becomes of a file. later: it came after those the run is about."""


@dataclass(frozen=True)
class PastFile:
    """A file that was taken. business_date: the one in its name, None where names are not dated. by_agent: policies by writing NPN."""

    name: str
    digest: str
    business_date: date | None = None
    by_agent: Mapping[str, int] = field(default_factory=Counter)


def row_id(carrier: str, file: str, row: int) -> str:
    """Name a row that cannot travel: it has no other id."""
    return f"{carrier}/{file} row {row}"


def is_row_of(source_id: str, carriers: frozenset[str]) -> bool:
    """Tell whether a name is that of a row of one of these carriers' files."""
    carrier, slash, _ = source_id.partition("/")
    return bool(slash) and carrier in carriers


@runtime_checkable
class FileSource(Source, Protocol):
    """A source of files: each tells a part, and is taken once."""

    def recall(self, past: Mapping[str, Sequence[PastFile]], only: Collection[str] | None = None) -> None:
        """Know what was taken before, by carrier, oldest first. only: digests; other files are as if they came later."""

    def arrived(self) -> list[ArrivedFile]:
        """Check every file that has arrived; what became of each."""

    def rejected_rows(self) -> list[Rejection]:
        """Rows that do not travel, of the files taken; each by a name of its own (`row_id`)."""
