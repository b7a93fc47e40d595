"""What the reliability tests share: how many cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from figures import Tally
from reliability.small_world import Kept, SmallWorld

__all__ = ["Scale", "Tally"]

Scale = Callable[[int, int], int]


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> Scale:
    """Choose the number of cases: the short one in `make test`, the full one in `make reliability`."""
    full = bool(request.config.getoption("--full"))
    return lambda short, many: many if full else short


@pytest.fixture
def world(start: Kept) -> Iterator[SmallWorld]:
    """A world of its own for each test, as the module's `start` left it."""
    with start.again() as again:
        yield again
