"""Figures of the reliability tests: how many cases were tried and how many broke the promise, gathered over all workers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROPERTY = "figure"
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


def write(page: Path, lines: Iterable[str]) -> None:
    """Put the table into a page, between its two marks."""
    text = page.read_text(encoding="utf-8")
    body = BEGIN + "\n" + "\n".join(lines) + "\n" + END
    page.write_text(re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: body, text, flags=re.DOTALL), encoding="utf-8")


def _numbers(promise: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", promise)]
