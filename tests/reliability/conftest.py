"""What the reliability tests share: how many cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import pytest

from figures import Tally
from reliability.small_world import Kept, SmallWorld
from remembered import without_reports

__all__ = ["Scale", "Tally"]

Scale = Callable[[int, int], int]


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> Scale:
    """Choose the number of cases: the short one in `make test`, the full one in `make reliability`."""
    full = bool(request.config.getoption("--full"))
    return lambda short, many: many if full else short


@pytest.fixture(scope="module")
def unreported(request: pytest.FixtureRequest) -> Iterator[None]:
    """Write no report, which takes a quarter of a small run: for tests that read none. With --full it is written all the same."""
    with nullcontext() if request.config.getoption("--full") else without_reports():
        yield


@pytest.fixture
def world(start: Kept) -> Iterator[SmallWorld]:
    """A world of its own for each test, as the module's `start` left it."""
    with start.again() as again:
        yield again
