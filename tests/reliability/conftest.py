"""What the reliability tests share: how many cases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from figures import Tally

__all__ = ["Scale", "Tally"]

Scale = Callable[[int, int], int]


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> Scale:
    """Choose the number of cases: the short one in `make test`, the full one in `make reliability`."""
    full = bool(request.config.getoption("--full"))
    return lambda short, many: many if full else short
