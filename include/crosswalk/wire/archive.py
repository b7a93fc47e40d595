"""Files out of a zip or gzip: names checked, nothing unpacked to disk, sizes counted while they stream."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
import zlib
from typing import IO, BinaryIO

from crosswalk.errors import DataError
from crosswalk.wire.file_access import GZIP, ZIP, CappedStream, FileLimits, Member, file_error, too_large

MAX_MEMBERS = 100
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)
_ENCRYPTED_FLAG = 0x1


def zip_members(file: BinaryIO, limits: FileLimits) -> list[Member]:
    """List the files of a zip without unpacking one. The file stays open as long as members are read.

    Raises DataError FILE_ARCHIVE (broken, a link, a name that leads elsewhere), FILE_ENCRYPTED, FILE_TOO_LARGE (too many members, or
    announced too large).
    """
    problem: DataError
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN:
        problem = _broken()
    else:
        listed = [info for info in archive.infolist() if not info.is_dir()]
        if len(listed) > MAX_MEMBERS or sum(info.file_size for info in listed) > limits.max_bytes:
            raise too_large(limits.max_bytes)
        return [_zip_member(archive, info, limits) for info in listed]
    raise problem  # outside of "except": the library's error may quote the content


def gzip_member(file: BinaryIO, name: str, packed: int, limits: FileLimits) -> Member:
    """Give the one file of a gzip. packed: the size of `file`."""

    def open_it() -> BinaryIO:
        file.seek(0)
        return io.BufferedReader(CappedStream(_Careful(gzip.GzipFile(fileobj=file)), packed, limits))  # type: ignore[arg-type]

    return Member(name.removesuffix(".gz"), open_it)


def require_plain(start: bytes) -> None:
    """Refuse an archive inside an archive. Raises DataError FILE_TOO_LARGE: it is how bombs are nested."""
    if start.startswith((ZIP, GZIP)):
        raise DataError("FILE_TOO_LARGE", problem="an archive lies inside the archive", next_step="ask the carrier to pack the file once")


def check_member_name(name: str) -> None:
    """Refuse a name that leads anywhere but to itself. Raises DataError FILE_ARCHIVE."""
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or any(ord(character) < 32 for character in name):
        raise file_error("FILE_ARCHIVE", "a file in the archive has a name that leads out of it")


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: FileLimits) -> Member:
    check_member_name(info.filename)
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise file_error("FILE_ENCRYPTED", "the archive is protected by a password")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise file_error("FILE_ARCHIVE", "the archive holds a link or another thing that is no file")

    def open_it() -> BinaryIO:
        try:
            stream = archive.open(info)
        except _BROKEN:
            problem = _broken()
        else:
            capped = CappedStream(_Careful(stream), info.compress_size, limits)  # type: ignore[arg-type]
            return io.BufferedReader(capped, 64 * 1024)
        raise problem

    return Member(info.filename.rpartition("/")[2], open_it)


class _Careful:
    """Turns what the unpacker raises into our error."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except DataError:
            raise
        except _BROKEN:
            problem = _broken()
        raise problem

    def close(self) -> None:
        self._stream.close()


def _broken() -> DataError:
    return file_error("FILE_ARCHIVE", "the archive is damaged, or packed in a way that is not read")
