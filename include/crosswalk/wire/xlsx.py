"""The one place where a workbook is parsed: its parts are counted before the parser may lay them out in memory.

A workbook of a few bytes may name its last cell XFD1048576, and a parser that lays out the rectangle takes the machine along. So each
part is streamed once before: what it unpacks to, whether it declares a document type, and the cells its references span.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from crosswalk.errors import DataError
from crosswalk.wire.archive import zip_members
from crosswalk.wire.file_access import CHUNK, OLE, ZIP, FileLimits, Member, file_error, ole, too_large, wrong_type

LIMITS = FileLimits(max_bytes=64 * 1024 * 1024, max_ratio=100)
MAX_SPARSE = 500_000
"""Cells a sheet may span however few are filled."""
DENSITY = 4
"""Beyond that, cells spanned for each filled one."""

_REFERENCE = re.compile(rb"""\br\s*=\s*["']([^"']{0,40})["']""")
_CELL = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})")
_ROW = re.compile(rb"[0-9]{1,7}")
_CELL_TAG = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?c[\s/>]")
_MAX_TAG = 64 * 1024

Cell = str | float | int | bool | date | time | timedelta
"""A number stays a number and a date a date: who reads a column decides whether that is acceptable."""


def rows(stream: BinaryIO) -> Iterator[list[Cell]]:
    """Read the rows of the first visible sheet with content. Formulas are what they last came to; macros are not looked at.

    Raises DataError FILE_TYPE, FILE_ENCRYPTED, FILE_ARCHIVE, FILE_TOO_LARGE, FILE_EMPTY.
    """
    content = _whole(stream)
    if content.startswith(OLE):
        raise ole(content)
    if not content.startswith(ZIP):
        raise wrong_type("it is no workbook, whatever the name says") if content else file_error("FILE_EMPTY", "no content")
    _check_parts(content)
    yield from _sheet_rows(content)


def _whole(stream: BinaryIO) -> bytes:
    content = bytearray()
    while data := stream.read(CHUNK):
        content += data
        if len(content) > LIMITS.max_bytes:
            raise too_large(LIMITS.max_bytes)
    return bytes(content)


def _check_parts(content: bytes) -> None:
    members = zip_members(io.BytesIO(content), LIMITS)
    if not any(member.name == "workbook.xml" for member in members):
        raise wrong_type("it is a zip, but no workbook")
    unpacked = 0
    for member in members:
        unpacked += _check_part(member, LIMITS.max_bytes - unpacked)


def _check_part(member: Member, allowed: int) -> int:
    """Stream one part; return its size."""
    size, pending, span = 0, b"", _Span()
    xml = member.name.endswith((".xml", ".rels"))
    with member.open() as part:
        while data := part.read(_MAX_TAG):
            size += len(data)
            if size > allowed:
                raise too_large(LIMITS.max_bytes)
            if xml:
                pending = span.look(pending + data)
    if xml:
        span.look(pending + b"<")
        span.check()
    return size


class _Span:
    """The rectangle that a sheet's references span, and how many cells are in it."""

    def __init__(self) -> None:
        self._rows = self._columns = self._named = self._cells = 0

    def look(self, data: bytes) -> bytes:
        """Look at all whole tags; return the beginning of the last."""
        if b"\x00" in data or b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise file_error("FILE_ARCHIVE", "a part of the workbook is in another encoding, or declares a document type")
        cut = data.rfind(b"<")
        whole, rest = (data[:cut], data[cut:]) if cut >= 0 else (b"", data)
        if len(rest) > _MAX_TAG * 2:
            raise too_large(_MAX_TAG * 2, "one cell")
        self._cells += len(_CELL_TAG.findall(whole))
        for reference in _REFERENCE.findall(whole):
            self._take(reference)
        return rest

    def check(self) -> None:
        """Raise DataError FILE_TOO_LARGE when the rectangle is far larger than what fills it."""
        unnamed = self._cells - self._named
        if unnamed and self._named:
            raise file_error("FILE_ARCHIVE", "some cells of the workbook say where they are and some do not")
        if self._rows * max(self._columns, 1) > max(MAX_SPARSE, DENSITY * self._cells):
            raise DataError(
                "FILE_TOO_LARGE",
                problem=f"its cells span a rectangle of more than {MAX_SPARSE:,}, most of them empty",
                next_step="ask the carrier to delete what lies far off the table, or for CSV",
            )

    def _take(self, reference: bytes) -> None:
        cell = _CELL.fullmatch(reference)
        if cell:
            self._named += 1
            column = 0
            for letter in cell[1]:
                column = column * 26 + letter - 64
            self._rows, self._columns = max(self._rows, int(cell[2])), max(self._columns, column)
        elif _ROW.fullmatch(reference):
            self._rows = max(self._rows, int(reference))


def _sheet_rows(content: bytes) -> Iterator[list[Cell]]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        visible = [one.name for one in workbook.sheets_metadata if str(one.visible).endswith("Visible") and "Work" in str(one.typ)]
        sheets = [sheet for name in visible if (sheet := workbook.get_sheet_by_name(name)).height]
        found = list(sheets[0].to_python(skip_empty_area=False)) if sheets else []
    except (CalamineError, ValueError, OSError):
        problem = _broken()
    else:
        if not found:
            raise file_error("FILE_EMPTY", "no sheet of the workbook has content")
        yield from found
        return
    raise problem


def _broken() -> DataError:
    return file_error("FILE_ARCHIVE", "the workbook is damaged")


def text_of(cell: Cell) -> str:
    """Give a cell as text: a whole number without a fraction, a date as YYYY-MM-DD."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)
