"""What a followed run shows: one screen that changes on a terminal, plain lines elsewhere, and the table at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.box import SIMPLE
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

STEPS = ("extract", "validate", "transform", "approve", "load")
RESULTS_WIDTH = 160
_SHOWN = {
    "success": "[green]done[/]",
    "running": "[cyan]running[/]",
    "failed": "[red]failed[/]",
    "awaiting_input": "[yellow]waits for a person[/]",
    "up_for_retry": "[yellow]tries again[/]",
    "upstream_failed": "[dim]not run[/]",
    "skipped": "[dim]skipped[/]",
    "queued": "[dim]queued[/]",
    "scheduled": "[dim]queued[/]",
}

States = Mapping[str, Mapping[str, str]]
"""account → step → Airflow's state of the task."""


@dataclass
class Screen:
    """Progress of all accounts. Use as a context manager around the waiting."""

    console: Console
    title: str
    _before: dict[tuple[str, str], str] = field(default_factory=dict)
    _live: Live | None = None

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live = Live(console=self.console, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def show(self, states: States, seconds: float) -> None:
        """Show where every account is."""
        if self._live:
            self._live.update(_progress(f"{self.title}, {seconds:.0f} s", states))
        else:
            self._lines(states, seconds)

    def _lines(self, states: States, seconds: float) -> None:
        for account, steps in states.items():
            for step, state in steps.items():
                if (
                    state in ("success", "failed", "running", "awaiting_input", "up_for_retry")
                    and self._before.get((account, step)) != state
                ):
                    self._before[account, step] = state
                    self.console.print(f"{seconds:6.0f} s  {account:<12} {step:<10} {_SHOWN[state]}")


def _progress(title: str, states: States) -> Table:
    table = Table(title=Text(title), title_justify="left")
    others = dict.fromkeys(step for steps in states.values() for step in steps if step not in STEPS)
    for column in ("account", *STEPS, *others):
        table.add_column(column)
    for account, steps in states.items():
        table.add_row(account, *(_SHOWN.get(steps.get(step, ""), "") for step in (*STEPS, *others)))
    return table


def print_results(console: Console, rows: Sequence[Mapping[str, object]]) -> None:
    """Print the table of results: one row an account. Rows have the same columns."""
    table = Table(title="Accounts", title_justify="left", box=SIMPLE)
    for name in rows[0]:
        table.add_column(name, justify="left" if name in ("account", "ended", "as expected") else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value) for value in row.values()))
    Console(width=max(console.width, RESULTS_WIDTH)).print(table)
