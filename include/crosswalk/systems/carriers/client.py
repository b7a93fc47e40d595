"""Where carriers drop their files: a folder or an S3 prefix, one folder a carrier below it. Read only: nothing is moved or written."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from crosswalk.core.did_you_mean import quoted
from crosswalk.errors import ConfigurationError, CrosswalkError, DataError, TransientError, operation
from crosswalk.systems.carriers.file_names import check_name
from crosswalk.wire.file_access import wrong_type

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST_WAIT = 120.0


@dataclass(frozen=True)
class Dropped:
    """One file that lies there. stamp: changes with its content (size and time, or ETag); age: seconds since it last changed."""

    carrier: str
    name: str
    size: int
    stamp: str
    age: float


@dataclass(frozen=True)
class RefusedFile:
    """Something that lies there and is not opened. shown: its name, fit to be shown."""

    carrier: str
    shown: str
    error: CrosswalkError


class Drop(Protocol):
    """A place files are dropped in. Raises TransientError FILE_DROP_UNAVAILABLE, ConfigurationError FILE_DROP_MISSING."""

    def identity(self) -> str: ...

    def carriers(self) -> list[str]:
        """Name every folder."""

    def entries(self, carrier: str) -> list[Dropped | RefusedFile]:
        """List what lies in a carrier's folder, by name; what is no plain file is refused unopened."""

    def open(self, dropped: Dropped) -> BinaryIO:
        """Open a file as it was listed. Raises DataError FILE_TYPE or FILE_NOT_STABLE."""

    def restamped(self, dropped: Dropped) -> Dropped:
        """Look at a file again. Raises DataError FILE_NOT_STABLE when it is gone."""


class DropFolder:
    """A folder of this machine; `Drop`. Links are not followed, what is no plain file is not opened."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def identity(self) -> str:
        return f"carriers+file://{self._root}"

    def carriers(self) -> list[str]:
        with _translated("listing the drop folder"), _opened(self._root) as top, os.scandir(top) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))

    def entries(self, carrier: str) -> list[Dropped | RefusedFile]:
        with self._folder(carrier) as folder, os.scandir(folder) as entries:
            found = sorted((entry.name, entry.stat(follow_symlinks=False)) for entry in entries)
        return [self._entry(carrier, name, about) for name, about in found]

    def open(self, dropped: Dropped) -> BinaryIO:
        changed = _changed(f"opening {quoted(dropped.name)} of {dropped.carrier}")
        with self._folder(dropped.carrier) as folder:
            try:
                handle = os.open(dropped.name, _FILE, dir_fd=folder)
            except OSError:
                pass
            else:
                found = os.fstat(handle)
                if not _kind_fault(found) and _stamp(found) == dropped.stamp:
                    return os.fdopen(handle, "rb")
                os.close(handle)
        raise changed  # outside of "except": the system's error holds the name

    def restamped(self, dropped: Dropped) -> Dropped:
        with self._folder(dropped.carrier) as folder:
            try:
                entry = self._entry(dropped.carrier, dropped.name, os.stat(dropped.name, dir_fd=folder, follow_symlinks=False))
            except FileNotFoundError:
                raise _changed(f"looking at {quoted(dropped.name)} again") from None
        if isinstance(entry, RefusedFile):
            raise entry.error
        return entry

    @contextmanager
    def _folder(self, carrier: str) -> Iterator[int]:
        with _translated(f"reading the folder of {carrier}"), _opened(self._root) as top:
            handle = os.open(carrier, _FOLDER, dir_fd=top)
            try:
                yield handle
            finally:
                os.close(handle)

    def _entry(self, carrier: str, name: str, found: os.stat_result) -> Dropped | RefusedFile:
        with operation(f"looking at a file of {carrier}"):
            try:
                check_name(name)
                if fault := _kind_fault(found):
                    raise wrong_type(fault)
            except DataError as error:
                return RefusedFile(carrier, quoted(name), error)
            return Dropped(carrier, name, found.st_size, _stamp(found), max(0.0, time.time() - found.st_mtime))


def settled(drop: Drop, dropped: Dropped, seconds: float, wait: Callable[[float], None] = time.sleep) -> Dropped:
    """Wait until a file has not changed for `seconds`. Raises DataError FILE_NOT_STABLE after two minutes."""
    waited = 0.0
    while dropped.age < seconds:
        pause = min(max(seconds - dropped.age, 0.05), _LONGEST_WAIT)
        if waited + pause > _LONGEST_WAIT:
            raise _changed(f"waiting for {quoted(dropped.name)} of {dropped.carrier}")
        wait(pause)
        waited += pause
        dropped = drop.restamped(dropped)
    return dropped


def require_unchanged(drop: Drop, dropped: Dropped) -> None:
    """Raise DataError FILE_NOT_STABLE when a file is no longer what was read."""
    if drop.restamped(dropped).stamp != dropped.stamp:
        raise _changed(f"reading {quoted(dropped.name)} of {dropped.carrier}")


def _kind_fault(found: os.stat_result) -> str:
    if not stat.S_ISREG(found.st_mode):
        return "it is a link, a folder, a device or another thing that is no plain file"
    return "the file has a second name elsewhere (a hard link)" if found.st_nlink > 1 else ""


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"


def _changed(operation: str) -> DataError:
    return DataError("FILE_NOT_STABLE", operation=operation, problem="the file is still changing")


@contextmanager
def _opened(root: Path) -> Iterator[int]:
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Name the operation, and turn what the system raises into our own error."""
    with operation(what):
        try:
            yield
            return
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            kind = type(error)
        if issubclass(kind, FileNotFoundError | NotADirectoryError | PermissionError):
            raise ConfigurationError("FILE_DROP_MISSING", problem=f"{reason}")
        raise TransientError("FILE_DROP_UNAVAILABLE", problem=reason)
