"""Optional capabilities of systems, beyond the ports that every system implements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from crosswalk.core.ports import Operation


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
