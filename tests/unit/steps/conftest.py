"""An office between a source and a target in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory import MemoryOffice, MemorySource, club, person


@pytest.fixture
def office(tmp_path: Path) -> MemoryOffice:
    """Twenty contacts, all in one of two groups; nothing delivered yet."""
    people = [person(number, TagGroups=f"TagGroup.7.{1 + number % 2}") for number in range(1, 21)]
    return MemoryOffice(tmp_path, MemorySource(people, [club(1), club(2)]))


@pytest.fixture
def delivered(office: MemoryOffice) -> MemoryOffice:
    """The same, delivered once."""
    office.run()
    return office
