"""What only some systems can do beside what the ports ask of all; a step looks whether it has one that can."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from crosswalk.core.model import Rejection
from crosswalk.core.ports import Operation, Source
from crosswalk.features.inbound_files.ports import ArrivedFile, PastFile


@runtime_checkable
class FileSource(Source, Protocol):
    """A source of files: each tells a part, and is taken once."""

    def recall(self, past: Mapping[str, Sequence[PastFile]], only: Collection[str] | None = None) -> None:
        """Know what was taken before, by carrier, oldest first. only: digests; other files are as if they came later."""

    def arrived(self) -> list[ArrivedFile]:
        """Check every file that has arrived; what became of each."""

    def rejected_rows(self) -> list[Rejection]:
        """Rows that do not travel, of the files taken; each by a name of its own (core.arrivals.row_id)."""


@runtime_checkable
class LicensedSource(Protocol):
    """A source whose user may hold the right to some kinds of record only."""

    def held_rights(self, rights: Sequence[str]) -> frozenset[str]:
        """Tell which of these rights the connection's user holds."""

    def total(self, entity: str) -> int:
        """Count one entity over the whole database, also one that `totals` leaves out because not every user may read it."""


@runtime_checkable
class RemarkingSource(Protocol):
    """A source that has something to say of what it read."""

    def remarks(self, options: Mapping[str, Any]) -> Sequence[str]:
        """Say in plain sentences what a person should know of what was read last, with nobody's data. options: the account's settings."""


@runtime_checkable
class Paced(Protocol):
    """A target, or a delivery to it, that may be asked so much in a minute."""

    def seconds_for(self, entity: str, records: int) -> float:
        """Give the seconds that sending so many records takes at the least, from now on."""


@runtime_checkable
class PacedDelivery(Paced, Protocol):
    """A delivery in which some records cost requests of their own."""

    def batch_of(self, operations: Sequence[Operation]) -> int:
        """Give how many of these one batch may hold to be over within a minute."""


@dataclass(frozen=True)
class Waiting:
    """A source record that waits for a person to link it. belongs_to: source ids of its owners; values: as they would be sent."""

    entity: str
    source_id: str
    belongs_to: tuple[str, ...]
    values: Mapping[str, str]


@runtime_checkable
class LinkTarget(Protocol):
    """A target in which people link what is announced, and which says when a linked record was last looked at."""

    def known(self, owners: Sequence[str]) -> Mapping[str, str]:
        """Give the target id of each of these owners the target has, by source id."""

    def announce(self, waiting: Sequence[Waiting]) -> frozenset[str]:
        """Tell the target of them; return the source ids of those that found somebody there to be told. May be repeated."""

    def looked_at(self, entity: str, there: Sequence[str], missing: Sequence[str], occasion: str) -> int:
        """Say of linked records, by target id, that they are as they were, or that the source has them no more; count what was refused.

        May be repeated for the same occasion.
        """
