"""The one place where a vendor's CSV or TSV is parsed: row by row, bounded, and no row swallowed by a quote that stays open."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from typing import BinaryIO

from crosswalk.errors import DataError
from crosswalk.wire.file_access import CHUNK, empty, file_error, require_text, too_large

MAX_LINE = 1024 * 1024
MAX_LINES_A_CELL = 20
_CELL = 131_072


def rows(stream: BinaryIO, *, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Read rows of cells as text; a blank line is []. Any line end, also mixed; a byte-order mark is taken away.

    encoding: utf-8, utf-16 or windows-1252, as the carrier declared it. Raises DataError FILE_EMPTY, FILE_TYPE, FILE_ENCRYPTED,
    FILE_ENCODING, FILE_QUOTE (with the row) or FILE_TOO_LARGE (a line without end).
    """
    number, began = 0, 0
    lines = _Lines(_decoded(stream, encoding))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    csv.field_size_limit(_CELL)
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            problem = _quote(number + 1)
            break
        if row is None:
            return
        number += 1
        if lines.given - began > MAX_LINES_A_CELL and len(row) > 0:
            problem = _quote(number)
            break
        began = lines.given
        yield row
    raise problem  # outside of "except": the parser's error may hold the cell


class _Lines:
    """Lines for csv.reader, counted."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._lines = _split(texts)
        self.given = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.given += 1
        return line


def _split(texts: Iterator[str]) -> Iterator[str]:
    """Cut text into lines that end in LF, whatever ended them."""
    pending = ""
    for text in texts:
        pending += text
        held = pending.endswith("\r")  # the LF of a CR LF may be in the next piece
        body = pending[:-1] if held else pending
        *whole, pending = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        pending += "\r" if held else ""
        for line in whole:
            yield line + "\n"
        if len(pending) > MAX_LINE:
            raise too_large(MAX_LINE, "one line")
    if pending.removesuffix("\r"):
        yield pending.removesuffix("\r")


def _decoded(stream: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)("strict")
    start = True
    while True:
        data = stream.read(CHUNK)
        if start:
            require_text(data, encoding)
            if not data.strip(b"\x00\xff\xfe\xef\xbb\xbf \t\r\n"):
                raise empty()
            start = False
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeError:
            problem = _not_declared(encoding)
            break
        if "\x00" in text:
            problem = _not_declared(encoding)
            break
        yield text
        if not data:
            return
    raise problem


def _not_declared(encoding: str) -> DataError:
    return file_error("FILE_ENCODING", f"the content is not {encoding}, which is declared for this carrier")


def _quote(row: int) -> DataError:
    return file_error("FILE_QUOTE", f"row {row}: a quotation mark is not closed, or stands inside a cell")
