"""The run report of the moment, published after every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crosswalk.steps.context import Run


def publish(run: Run) -> None:
    """Write the report."""
