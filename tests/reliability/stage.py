"""Where lies are told: a small office with a past, the server between that may alter its answers, and what was true before."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from between import Between, Change
from reliability.histories import PAGE_SIZE, History
from reliability.page_lies import Alter, chained, pages
from reliability.small_world import SmallWorld
from reliability.truth import Holding, Truth


@dataclass
class Stage:
    """truth, before: what there was before the lies; arguments: of the run that follows; changes: of single answers."""

    world: SmallWorld
    middle: Between
    history: History
    random: Random
    truth: Truth
    before: Holding
    arguments: dict[str, Any] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def alter(self, alter: Alter, kind: str = "Contact", only: int | None = None) -> None:
        """Let answers for pages be altered."""
        self.changes.append(pages(alter, kind, only))
        self.middle.change = chained(self.changes)

    def break_calls(self, **fault: Any) -> None:
        """Let the sandbox spoil calls of SmartOffice."""
        self.world.control("POST", "/faults", system="smartoffice", **fault)

    def up_to(self, most: int) -> int:
        """A number up to the most that may be; every other time that itself, for a limit is passed there first."""
        return self.random.choice([most, self.random.randint(0, most)])

    @property
    def page(self) -> int:
        """A page of contacts, from 0."""
        return self.random.randrange(self.pages)

    @property
    def earlier_page(self) -> int:
        """A page of contacts that another follows."""
        return self.random.randrange(max(1, self.pages - 1))

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.truth.in_scope) // PAGE_SIZE))
