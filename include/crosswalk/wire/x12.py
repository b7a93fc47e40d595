"""The one place where X12 is parsed: segments with their elements, and an envelope whose trailers and counts fit."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from pyx12.errors import X12Error  # type: ignore[import-untyped]
from pyx12.x12file import X12Reader  # type: ignore[import-untyped]

from crosswalk.errors import DataError
from crosswalk.wire.file_access import CHUNK, file_error, require_text, wrong_type

_MISSING = {("isa", "023"), ("isa", "024"), ("gs", "3"), ("st", "2"), ("st", "3")}
"""What pyx12 says when a trailer is missing, or another stands in its place."""


@dataclass(frozen=True)
class Segment:
    """One segment. elements: as text, [0] is the first after the segment's id; absent ones at the end are left out."""

    name: str
    elements: list[str]

    def __getitem__(self, number: int) -> str:
        """Give an element by its number in the standard (1 is the first), "" when it is absent."""
        return self.elements[number - 1].strip() if number <= len(self.elements) else ""


def segments(stream: BinaryIO, *, encoding: str) -> Iterator[Segment]:
    """Read the segments of one or more interchanges, envelope included.

    Raises DataError FILE_EMPTY, FILE_TYPE (no ISA), FILE_ENCODING, FILE_TRUNCATED (a trailer is missing), FILE_COUNT_MISMATCH (a trailer
    counts otherwise, or names another control number), at the latest at the end of the file: nothing counts before it is reached.
    """
    reader = _reader(stream, encoding)
    seen = 0
    for segment in _guarded(reader):
        seen += 1
        for fault in reader.pop_errors():
            if fault[0] != "seg":
                raise _fault(fault[0], fault[1])
        yield Segment(segment.get_seg_id() or "", [element.format() for element in segment.elements])
    reader.cleanup()
    for fault in reader.pop_errors():
        raise _fault(fault[0], fault[1])
    if reader.raw.buffer.strip() or not seen:
        raise file_error("FILE_TRUNCATED", "the file ends inside a segment")


def _reader(stream: BinaryIO, encoding: str) -> X12Reader:
    start = stream.read(CHUNK)
    require_text(start, encoding)
    if not start.lstrip().startswith(b"ISA"):
        raise wrong_type("it does not begin with an ISA segment")
    whole = io.BufferedReader(_Joined(start.lstrip(), stream))
    try:
        return X12Reader(io.TextIOWrapper(whole, encoding=codecs.lookup(encoding).name, errors="strict", newline=""))
    except X12Error:
        problem = wrong_type("its ISA segment is not one of version 00501")
    except UnicodeError:
        problem = _encoding(encoding)
    raise problem


def _guarded(reader: X12Reader) -> Iterator[Any]:
    """Iterate over pyx12's segments; its errors hold the segment, so they end here."""
    read = iter(reader)
    while True:
        try:
            segment = next(read, None)
        except UnicodeError:
            problem = _encoding("text in the declared encoding")
            break
        except (X12Error, IndexError, ValueError, TypeError, AttributeError):
            problem = file_error("FILE_TRUNCATED", "a trailer stands where none was opened, or a segment is malformed")
            break
        if segment is None:
            return
        yield segment
    raise problem


def _fault(level: str, code: str) -> DataError:
    if (level, code) in _MISSING:
        return file_error("FILE_TRUNCATED", "a trailer (SE, GE or IEA) is missing")
    return file_error("FILE_COUNT_MISMATCH", "a trailer (SE, GE or IEA) counts otherwise, or names another control number")


def _encoding(encoding: str) -> DataError:
    return file_error("FILE_ENCODING", f"the content is not {encoding}")


class _Joined(io.RawIOBase):
    """What was read of a stream already, and the rest of it."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self._start = start
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._start[: len(view)] if self._start else self._rest.read(len(view))
        self._start = self._start[len(view) :]
        view[: len(data)] = data
        return len(data)
