"""Files out of a zip or gzip: names checked, nothing unpacked to disk, sizes counted while they stream."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
import zlib
from typing import IO, BinaryIO

from crosswalk.errors import DataError
from crosswalk.wire.files import GZIP, ZIP, CappedStream, FileLimits, Member, file_error, too_large

MAX_MEMBERS = 100
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)
_ENCRYPTED_FLAG = 0x1


def zip_members(file: BinaryIO, doing: str, limits: FileLimits) -> list[Member]:
    """List the files of a zip without unpacking one. The file stays open as long as members are read.

    Raises DataError FILE_ARCHIVE (broken, a link, a name that leads elsewhere), FILE_ENCRYPTED, FILE_TOO_LARGE (too many members, or
    announced too large).
    """
    problem: DataError
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN:
        problem = _broken(doing)
    else:
        listed = [info for info in archive.infolist() if not info.is_dir()]
        if len(listed) > MAX_MEMBERS or sum(info.file_size for info in listed) > limits.max_bytes:
            raise too_large(doing, limits.max_bytes)
        return [_zip_member(archive, info, doing, limits) for info in listed]
    raise problem  # outside of "except": the library's error may quote the content


def gzip_member(file: BinaryIO, name: str, packed: int, doing: str, limits: FileLimits) -> Member:
    """Give the one file of a gzip. packed: the size of `file`."""

    def open_it() -> BinaryIO:
        file.seek(0)
        return io.BufferedReader(CappedStream(_Careful(gzip.GzipFile(fileobj=file), doing), packed, limits, doing))  # type: ignore[arg-type]

    return Member(name.removesuffix(".gz"), open_it)


def require_plain(start: bytes, doing: str) -> None:
    """Refuse an archive inside an archive. Raises DataError FILE_TOO_LARGE: it is how bombs are nested."""
    if start.startswith((ZIP, GZIP)):
        raise DataError(
            "FILE_TOO_LARGE",
            operation=doing,
            problem="an archive lies inside the archive",
            next_step="ask the carrier to pack the file once",
        )


def check_member_name(name: str, doing: str) -> None:
    """Refuse a name that leads anywhere but to itself. Raises DataError FILE_ARCHIVE."""
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or any(ord(character) < 32 for character in name):
        raise file_error("FILE_ARCHIVE", doing, "a file in the archive has a name that leads out of it")


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, doing: str, limits: FileLimits) -> Member:
    check_member_name(info.filename, doing)
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise file_error("FILE_ENCRYPTED", doing, "the archive is protected by a password")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise file_error("FILE_ARCHIVE", doing, "the archive holds a link or another thing that is no file")

    def open_it() -> BinaryIO:
        try:
            stream = archive.open(info)
        except _BROKEN:
            problem = _broken(doing)
        else:
            capped = CappedStream(_Careful(stream, doing), info.compress_size, limits, doing)  # type: ignore[arg-type]
            return io.BufferedReader(capped, 64 * 1024)
        raise problem

    return Member(info.filename.rpartition("/")[2], open_it)


class _Careful:
    """Turns what the unpacker raises into our error."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, doing: str) -> None:
        self._stream = stream
        self._doing = doing

    def read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except DataError:
            raise
        except _BROKEN:
            problem = _broken(self._doing)
        raise problem

    def close(self) -> None:
        self._stream.close()


def _broken(doing: str) -> DataError:
    return file_error("FILE_ARCHIVE", doing, "the archive is damaged, or packed in a way that is not read")
