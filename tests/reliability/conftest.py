"""What the reliability tests share: how many cases, and the figures they come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple

import pytest

from figures import PROPERTY, Figure

Scale = Callable[[int, int], int]
Tally = Callable[..., None]


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> Scale:
    """Choose the number of cases: the short one in `make test`, the full one in `make reliability`."""
    full = bool(request.config.getoption("--full"))
    return lambda short, many: many if full else short


@pytest.fixture
def tally(record_property: Callable[[str, object], None], request: pytest.FixtureRequest) -> Tally:
    """Report a figure: tally("P1", "kill points", tried, violated)."""

    def report(promise: str, what: str, tried: int, violated: int = 0) -> None:
        assert tried > 0, f"nothing was tried for {promise}: {what}"
        record_property(PROPERTY, astuple(Figure(promise, what, tried, violated, request.node.nodeid.partition("::")[0])))

    return report
