"""What announcements ask of a target: new records are announced, and people link them there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


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
