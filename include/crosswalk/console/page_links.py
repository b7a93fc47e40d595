"""Pages of a long list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query

PageNumber = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]


@dataclass(frozen=True)
class Paging:
    """Which part of a list is shown. asked: number of the page, from 1; one past the end is the last one."""

    asked: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def number(self) -> int:
        return min(self.asked, self.pages)

    @property
    def first(self) -> int:
        """Place of the first one shown, from 0."""
        return (self.number - 1) * self.size

    @property
    def last(self) -> int:
        """Place after the last one shown."""
        return min(self.first + self.size, self.total)
