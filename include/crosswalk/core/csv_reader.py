"""Read our own tables: comma-separated, UTF-8, strict. What is wrong with a table is said all at once.

Refuses other encodings and delimiters, unknown, repeated or missing columns, rows of another width and tables far larger than any
of ours. A cell is never trimmed, evaluated or guessed at.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.errors import ConfigurationError, Problem

MAX_BYTES = 2_000_000
MAX_ROWS = 10_000


@dataclass(frozen=True)
class TableRow:
    """One row by column name. `number` counts as a spreadsheet does: the header is row 1."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


def read_table(path: Path, columns: Sequence[str]) -> list[TableRow]:
    """Read a table that has exactly these columns, in any order. Raises ConfigurationError with every problem (MAP_…)."""
    rows, problems = scan_table(path, columns)
    if problems:
        raise ConfigurationError.from_problems(f"reading the table {path.name}", problems)
    return rows


def scan_table(path: Path, columns: Sequence[str], place: str = "") -> tuple[list[TableRow], list[Problem]]:
    """Read what can be read and list what is wrong, for callers that collect problems of several tables.

    place: how messages name the file, when its own name does not tell.
    """
    place = place or path.name
    text, problems = scan_text(path, place, "MAP")
    if problems:
        return [], problems
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    numbered = enumerate(reader, start=1)
    rows: list[TableRow] = []
    try:
        header = next(numbered, (1, []))[1]
        problems = list(_header_problems(place, header, columns))
        rows = [] if problems else list(_rows(place, header, numbered, problems))
    except csv.Error as error:
        found = f"not a comma-separated row: {error}"
        problems.append(Problem("MAP_QUOTE", f"{place} line {reader.line_num}", found))
    return rows, problems


def scan_text(path: Path, place: str, prefix: str) -> tuple[str, list[Problem]]:
    """Read a small UTF-8 text file, without its byte-order mark. Problem codes begin with the prefix (MAP, SPEC, ACCOUNT)."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError:
        return "", [Problem(f"{prefix}_NOT_FOUND", place, "the file cannot be read")]
    if len(data) > MAX_BYTES:
        return "", [Problem(f"{prefix}_TOO_LARGE", place, f"more than {MAX_BYTES} bytes")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "", [_encoding(place, prefix)]
    if "\0" in text:
        return "", [_encoding(place, prefix)]
    if not text.strip():
        return "", [Problem(f"{prefix}_EMPTY", place, "the file is empty")]
    return text, []


def _encoding(place: str, prefix: str) -> Problem:
    return Problem(f"{prefix}_ENCODING", place, "not UTF-8 text")


def _header_problems(place: str, header: Sequence[str], columns: Sequence[str]) -> Iterator[Problem]:
    where = f"{place} row 1"
    expected = ", ".join(columns)
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        yield Problem("MAP_DELIMITER", where, "the columns are not separated by commas")
        return
    if not set(header) & set(columns):
        yield Problem("MAP_HEADER", where, "the header is missing", f"begin with the row {expected}")
        return
    for name in dict.fromkeys(header):
        if name not in columns:
            found = f"unknown column {quoted(name)}{did_you_mean(name, columns)}"
            yield Problem("MAP_UNKNOWN_COLUMN", where, found, f"use the columns {expected}")
        elif header.count(name) > 1:
            yield Problem("MAP_DUPLICATE_COLUMN", where, f"column {name} stands there twice")
    missing = [name for name in columns if name not in header]
    if missing:
        yield Problem("MAP_HEADER", where, f"column(s) missing: {', '.join(missing)}", f"use the columns {expected}")


def _rows(place: str, header: Sequence[str], numbered: Iterator[tuple[int, list[str]]], problems: list[Problem]) -> Iterator[TableRow]:
    for number, cells in numbered:
        if number > MAX_ROWS:
            problems.append(Problem("MAP_TOO_LARGE", place, f"more than {MAX_ROWS} rows"))
            return
        if not any(cells):
            continue
        if len(cells) != len(header):
            found = f"{len(cells)} cells, the header has {len(header)}"
            problems.append(Problem("MAP_ROW_WIDTH", f"{place} row {number}", found))
            continue
        yield TableRow(number, dict(zip(header, cells, strict=True)))
