"""Figures of the reliability tests: how many cases were tried and how many broke the promise, gathered over all workers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

PROPERTY = "figure"

Tally = Callable[..., None]
"""Reports a figure: tally("P1", "kill points", tried, violated)."""

FAULT_POINT = "fault point"
"""Property of a test that killed at a named point: [scenario, point, times passed in a whole run, times killed there]."""

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


@dataclass(frozen=True)
class Figure:
    """One row of the table. promise: "P1", or several joined by a blank."""

    promise: str
    what: str
    tried: int
    violated: int
    test: str = ""


def summed(figures: Iterable[Figure]) -> list[Figure]:
    """Add up figures of the same promise, case and file, by number of the promise."""
    rows: dict[tuple[str, str, str], list[int]] = {}
    for one in figures:
        row = rows.setdefault((one.promise, one.what, one.test.partition("::")[0]), [0, 0])
        row[0] += one.tried
        row[1] += one.violated
    found = [Figure(promise, what, tried, violated, test) for (promise, what, test), (tried, violated) in rows.items()]
    return sorted(found, key=lambda one: (_numbers(one.promise), one.what))


def table(figures: Iterable[Figure]) -> list[str]:
    """Render as a Markdown table."""
    lines = ["| promise | what was tried | tried | violated | test |", "|---|---|---:|---:|---|"]
    return lines + [f"| {one.promise} | {one.what} | {one.tried:,} | {one.violated:,} | `{one.test}` |" for one in figures]


def coverage(found: Iterable[tuple[str, str, int, int]]) -> list[str]:
    """Render the named fault points: how often each is passed in a whole run, and how often a run was killed there."""
    rows: dict[str, dict[str, tuple[int, int]]] = {}
    for scenario, point, passed, killed in found:
        rows.setdefault(point, {})[scenario] = (passed, killed)
    scenarios = sorted({name for row in rows.values() for name in row})
    lines = ["| fault point | " + " | ".join(f"{name}: passed, killed" for name in scenarios) + " |", "|---" * (len(scenarios) + 1) + "|"]
    shown = {point: [" / ".join(map(str, row.get(name, ("–", "–")))) for name in scenarios] for point, row in rows.items()}
    return lines + [f"| {point} | " + " | ".join(cells) + " |" for point, cells in shown.items()]


def write(page: Path, lines: Iterable[str]) -> None:
    """Put the table into a page, between its two marks."""
    text = page.read_text(encoding="utf-8")
    body = BEGIN + "\n" + "\n".join(lines) + "\n" + END
    page.write_text(re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: body, text, flags=re.DOTALL), encoding="utf-8")


def _numbers(promise: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", promise)]
