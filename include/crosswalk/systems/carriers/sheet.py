"""Rows of a table file: the header found in the first rows, cells by column name, the footer recognised and held against the rows."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from crosswalk.core.converters import money
from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.errors import DataError, RecordRejected
from crosswalk.systems.carriers.carrier import Carrier
from crosswalk.wire.file_access import file_error
from crosswalk.wire.xlsx import Cell, text_of

FEW = 3
"""Columns a row has to name at least to be a header."""


@dataclass(frozen=True)
class RawRow:
    """One row of a file by column; dates that could be read are YYYY-MM-DD. number: as a spreadsheet counts, or the member's in an 834."""

    number: int
    cells: Mapping[str, str]


@dataclass
class Layout:
    """What was found out about a file's columns while it was read."""

    dropped: list[str] = field(default_factory=list)
    footer: bool = False


def table_rows(rows: Iterable[Sequence[Cell]], carrier: Carrier, layout: Layout) -> Iterator[RawRow]:
    """Read the records between header and footer.

    Raises DataError FILE_LAYOUT, FILE_COLUMN_GONE, FILE_COLUMN_NEW, FILE_ROW_WIDTH, FILE_QUOTE, FILE_TRUNCATED (no footer where one is
    required), FILE_COUNT_MISMATCH, FILE_TOTAL_MISMATCH, and what reading the rows raises.
    """
    numbered = enumerate(rows, start=1)
    header_at, columns = _header(numbered, carrier, layout)
    width, readers, tally = len(columns), _readers(columns, carrier), _Tally(carrier)
    for number, cells in numbered:
        if not any(cell not in ("", None) for cell in cells):
            continue
        if layout.footer:
            _require_note(cells, number)
        elif _is_footer(cells, carrier):
            layout.footer = True
            tally.compare([text_of(cell).strip() for cell in cells], columns)
        else:
            _require_width(cells, width, number)
            _require_no_swallowed(cells, number, carrier)
            row = RawRow(number, {name: readers[name](cells[at]) for at, name in enumerate(columns) if name})
            tally.add(row.cells)
            yield row
    if carrier.footer and carrier.declared.footer and carrier.declared.footer.required and not layout.footer:
        raise file_error("FILE_TRUNCATED", f"the row of totals is missing after row {header_at + tally.rows}")


def _header(numbered: Iterator[tuple[int, Sequence[Cell]]], carrier: Carrier, layout: Layout) -> tuple[int, list[str]]:
    """Find the header: among the first rows the one that names the most columns. Returns its number and a name a cell, "" if unknown."""
    known = {_folded(name): name for name in carrier.columns}
    kept: list[tuple[int, list[str]]] = []
    for number, cells in itertools.islice(numbered, carrier.declared.header_within):
        names = [" ".join(text_of(cell).split()) for cell in cells]
        if sum(_folded(name) in known for name in names) >= min(FEW, len(known)):
            kept.append((number, names))
            break
    if not kept:
        found = f"no row among the first {carrier.declared.header_within} names this carrier's columns"
        raise DataError("FILE_LAYOUT", problem=found)
    number, names = kept[0]
    columns = [known.get(_folded(name), "") for name in names]
    _check_columns(names, columns, carrier, layout)
    return number, columns


def _check_columns(names: list[str], columns: list[str], carrier: Carrier, layout: Layout) -> None:
    twice = [name for name, times in Counter(filter(None, columns)).items() if times > 1]
    if twice:
        raise file_error("FILE_LAYOUT", f"the column {twice[0]} stands there twice")
    layout.dropped = [name for name, column in zip(names, columns, strict=True) if name and not column]
    gone = [name for name in carrier.required_columns if name not in columns]
    if gone:
        hint = did_you_mean(gone[0], layout.dropped)
        found = f"the column(s) {', '.join(gone)} are gone{hint}"
        raise DataError("FILE_COLUMN_GONE", problem=found)
    if layout.dropped and carrier.declared.frozen:
        found = f"{len(layout.dropped)} column(s) are new, such as {quoted(layout.dropped[0])}"
        raise DataError("FILE_COLUMN_NEW", problem=found)


def _readers(columns: list[str], carrier: Carrier) -> dict[str, Callable[[Cell], str]]:
    """How a cell of each column becomes text. A number where none is declared keeps its fraction, so that no exact rule takes it."""
    blanks, made = {word.casefold() for word in carrier.declared.blanks}, {}
    for name in filter(None, columns):
        if carrier.columns[name].type == "date":
            made[name] = _date_reader(carrier.declared.dates, blanks)
        else:
            made[name] = _text_reader(blanks, numbers=name in carrier.declared.numbers)
    return made


def _text_reader(blanks: set[str], *, numbers: bool) -> Callable[[Cell], str]:
    def read(cell: Cell) -> str:
        if isinstance(cell, str):
            return "" if cell.strip().casefold() in blanks else cell
        return text_of(cell) if numbers or not isinstance(cell, float | int) else repr(float(cell))

    return read


def _date_reader(formats: list[str], blanks: set[str]) -> Callable[[Cell], str]:
    known: dict[str, str] = {}

    def read(cell: Cell) -> str:
        text = text_of(cell).strip()
        if text.casefold() in blanks:
            return ""
        if text not in known:
            known[text] = _iso(text, formats)
        return known[text]

    return read


def _iso(text: str, formats: list[str]) -> str:
    """Give YYYY-MM-DD by the first format that fits; as typed when none does, for the mapping table to reject."""
    for one in formats:
        try:
            return datetime.strptime(text, one).date().isoformat()  # noqa: DTZ007 - a calendar date has no zone
        except ValueError:
            continue
    return text


class _Tally:
    """Counts and adds up rows, to hold the footer against."""

    def __init__(self, carrier: Carrier) -> None:
        self._footer = carrier.declared.footer
        self._label = carrier.footer
        self._total = Decimal(0)
        self.rows = 0

    def add(self, cells: Mapping[str, str]) -> None:
        self.rows += 1
        if self._footer and self._footer.sum:
            self._total += self._amount(cells[self._footer.sum], f"row {self.rows}")

    def compare(self, cells: list[str], columns: list[str]) -> None:
        """Raise DataError FILE_COUNT_MISMATCH or FILE_TOTAL_MISMATCH unless the row of totals says what the rows say."""
        footer = self._footer
        if footer is None:
            return
        if footer.counts and (said := self._count(list(filter(None, cells)))) and said.replace(",", "") != str(self.rows):
            raise file_error("FILE_COUNT_MISMATCH", f"the row of totals counts otherwise than the {self.rows} rows there are")
        total = dict(zip(columns, cells, strict=False)).get(footer.sum, "")
        if footer.sum and self._amount(total, "the row of totals") != self._total:
            raise file_error("FILE_TOTAL_MISMATCH", f"{footer.sum} does not add up to what the row of totals says")

    def _count(self, filled: list[str]) -> str:
        found = self._label.fullmatch(filled[0]) if self._label else None
        inside = found.groupdict().get("count") if found else None
        return inside or next(iter(filled[1:]), "")

    def _amount(self, text: str, place: str) -> Decimal:
        try:
            return Decimal(money(text) or "0")
        except RecordRejected:
            problem = file_error("FILE_BAD_NUMBER", f"{place}: {self._footer.sum if self._footer else ''} is no amount")
        raise problem


def _is_footer(cells: Sequence[Cell], carrier: Carrier) -> bool:
    if carrier.footer is None:
        return False
    first = next((text_of(cell).strip() for cell in cells if cell not in ("", None)), "")
    return bool(carrier.footer.fullmatch(first))


def _require_note(cells: Sequence[Cell], number: int) -> None:
    """Below the totals a remark may stand, no more records."""
    if sum(cell not in ("", None) for cell in cells) > 2:
        raise file_error("FILE_LAYOUT", f"row {number} stands below the row of totals")


def _require_width(cells: Sequence[Cell], width: int, number: int) -> None:
    if len(cells) == width or (len(cells) > width and not any(cell not in ("", None) for cell in cells[width:])):
        return
    if any(isinstance(cell, str) and "\n" in cell for cell in cells):
        raise file_error("FILE_QUOTE", f"row {number}: a quotation mark is not closed and swallows rows")
    raise file_error("FILE_ROW_WIDTH", f"row {number} has {len(cells)} cells, the header has {width}")


def _require_no_swallowed(cells: Sequence[Cell], number: int, carrier: Carrier) -> None:
    """Refuse a cell that holds a line end and a whole row: two stray quotation marks may swallow rows and leave the width right."""
    marks = {carrier.declared.delimiter, "\t"}
    for cell in cells:
        if isinstance(cell, str) and "\n" in cell and any(cell.count(mark) >= len(cells) - 1 for mark in marks):
            raise file_error("FILE_QUOTE", f"row {number}: a quotation mark is not closed and swallows rows")


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
