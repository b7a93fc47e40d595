"""What a file is allowed to be before a parser sees it: its first bytes, its size unpacked, how much it swells."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from crosswalk.errors import DataError

CHUNK = 64 * 1024
ZIP, GZIP, OLE, PDF = b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF"
_EMPTY_ZIP = b"PK\x05\x06"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True)
class FileLimits:
    """max_bytes: of one file, unpacked. max_ratio: unpacked to packed, once more than `slack` bytes came out."""

    max_bytes: int = 500 * 1024 * 1024
    max_ratio: int = 200
    slack: int = 1024 * 1024


@dataclass(frozen=True)
class Member:
    """One file to read: as it was dropped, or out of an archive. open: from its beginning, as often as wanted; the caller closes it."""

    name: str
    open: Callable[[], BinaryIO]


class CappedStream(io.RawIOBase):
    """Passes a stream on and refuses to go past the limits, whatever sizes were announced."""

    def __init__(self, stream: BinaryIO, packed: int, limits: FileLimits) -> None:
        self._stream = stream
        self._allowed = min(limits.max_bytes, max(limits.slack, packed * limits.max_ratio))
        self._came = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        """Fill the buffer. Raises DataError FILE_TOO_LARGE."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._stream.read(min(len(view), CHUNK))
        self._came += len(data)
        if self._came > self._allowed:
            raise too_large(self._allowed)
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the stream below too."""
        self._stream.close()
        super().close()


def require_text(start: bytes, encoding: str) -> None:
    """Refuse what is no text, whatever its name says. Raises DataError FILE_EMPTY, FILE_TYPE, FILE_ENCRYPTED or FILE_ENCODING."""
    if not start:
        raise empty()
    if start.startswith((ZIP, _EMPTY_ZIP, GZIP, PDF)):
        raise wrong_type("the content is no text, whatever the name says")
    if start.startswith(OLE):
        raise ole(start)
    if b"\x00" in start and not encoding.lower().startswith("utf-16"):
        raise file_error("FILE_ENCODING", "the content is not text in the encoding declared for this carrier")


def ole(content: bytes) -> DataError:
    """Say what an OLE container is: an encrypted workbook, or one of before 2007."""
    if _ENCRYPTED_PACKAGE in content:
        return file_error("FILE_ENCRYPTED", "the workbook is protected by a password")
    return wrong_type("it is a workbook of a kind that is not read (before 2007)")


def empty() -> DataError:
    """The file has no content."""
    return file_error("FILE_EMPTY", "the file has no content")


def wrong_type(found: str) -> DataError:
    """The file is of another kind than it may be."""
    return DataError("FILE_TYPE", problem=found)


def too_large(allowed: int, part: str = "it") -> DataError:
    """The file, or a part of it ("one line"), is over a limit in bytes."""
    return DataError("FILE_TOO_LARGE", problem=f"{part} unpacks to more than the {allowed:,} bytes it may")


def file_error(code: str, found: str) -> DataError:
    """A DataError on which the only advice is another file."""
    return DataError(code, problem=found, next_step="ask the carrier for the file again; nothing of it was taken")
