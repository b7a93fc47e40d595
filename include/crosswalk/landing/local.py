"""The landing zone on a local folder: files 0600, folders 0700 whatever the umask, links never followed.

Every path is walked from the root by open folder handles, so nothing can be swapped for a link on the way.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from crosswalk.errors import ConfigurationError, CrosswalkError, operation
from crosswalk.landing.storage import FilePath, refused, unavailable

_TEMPORARY = ".tmp-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LocalStorage:
    """Files below one folder of this machine; `Storage`."""

    def __init__(self, root: Path) -> None:
        with _translated("opening", ()):
            if not root.exists():
                root.mkdir(parents=True, mode=0o700)
                root.chmod(0o700)
            self._root = root.resolve(strict=True)

    def create(self, path: FilePath, data: bytes) -> bool:
        """See `Storage.create`."""
        with _translated("writing", path), self._folder(path[:-1], create=True) as folder, _temporary(folder, data) as temporary:
            try:
                os.link(temporary, path[-1], src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            except FileExistsError:
                return False
            os.fsync(folder)
        return True

    def replace(self, path: FilePath, data: bytes) -> None:
        """See `Storage.replace`."""
        with _translated("writing", path), self._folder(path[:-1], create=True) as folder, _temporary(folder, data) as temporary:
            os.replace(temporary, path[-1], src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)

    def read(self, path: FilePath) -> bytes | None:
        """See `Storage.read`."""
        with _translated("reading", path), suppress(FileNotFoundError), self._folder(path[:-1]) as folder:
            handle = os.open(path[-1], _OLD_FILE, dir_fd=folder)
            with os.fdopen(handle, "rb") as file:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise OSError(errno.ENOTDIR, "not a regular file")
                return file.read()
        return None

    def names(self, folder: FilePath) -> list[str]:
        """See `Storage.names`."""
        with _translated("listing", folder), suppress(FileNotFoundError), self._folder(folder) as handle, os.scandir(handle) as entries:
            return sorted(entry.name for entry in entries if not entry.name.startswith("."))
        return []

    def remove(self, path: FilePath) -> None:
        """See `Storage.remove`."""
        with _translated("removing", path), suppress(FileNotFoundError), self._folder(path[:-1]) as folder:
            os.unlink(path[-1], dir_fd=folder)

    def remove_folder(self, folder: FilePath) -> None:
        """See `Storage.remove_folder`."""
        with _translated("removing", folder), suppress(FileNotFoundError), self._folder(folder[:-1]) as parent:
            shutil.rmtree(folder[-1], dir_fd=parent)

    def ages(self, top: str) -> dict[FilePath, datetime]:
        """See `Storage.ages`."""
        found: dict[FilePath, datetime] = {}
        with _translated("listing", (top,)), suppress(FileNotFoundError), self._folder((top,)) as handle:
            for place, folders, files, inner in os.fwalk(".", dir_fd=handle):
                parts = tuple(place.split("/")[1:])
                if len(parts) == 3:
                    times = [os.stat(name, dir_fd=inner, follow_symlinks=False).st_mtime for name in files]
                    found[(top, *parts)] = datetime.fromtimestamp(max(times, default=os.fstat(inner).st_mtime), UTC)
                    folders.clear()
        return found

    def sweep(self, before: datetime) -> None:
        """See `Storage.sweep`."""
        with _translated("sweeping", ()), self._folder(()) as handle:
            for _place, _folders, files, inner in os.fwalk(".", dir_fd=handle):
                for name in filter(lambda file: file.startswith(_TEMPORARY), files):
                    if os.stat(name, dir_fd=inner, follow_symlinks=False).st_mtime < before.timestamp():
                        os.unlink(name, dir_fd=inner)

    def uri(self, path: FilePath) -> str:
        """See `Storage.uri`."""
        return self._root.joinpath(*path).as_uri()

    @contextmanager
    def _folder(self, parts: FilePath, *, create: bool = False) -> Iterator[int]:
        handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                child = _enter(handle, part, create=create)
                os.close(handle)
                handle = child
            yield handle
        finally:
            os.close(handle)


def _enter(parent: int, name: str, *, create: bool) -> int:
    if create:
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=parent)
            os.chmod(name, 0o700, dir_fd=parent)  # the umask may have taken bits away
            os.fsync(parent)
    handle = os.open(name, _FOLDER, dir_fd=parent)
    if stat.S_IMODE(os.fstat(handle).st_mode) != 0o700:
        os.fchmod(handle, 0o700)
    return handle


@contextmanager
def _temporary(folder: int, data: bytes) -> Iterator[str]:
    """Write the data durably under a passing name; the name is gone afterwards, whatever happens."""
    name = f"{_TEMPORARY}{secrets.token_hex(8)}"
    handle = os.open(name, _NEW_FILE, 0o600, dir_fd=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, 0o600)
            file.write(data)
            file.flush()
            os.fsync(handle)
        yield name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)


@contextmanager
def _translated(verb: str, path: FilePath) -> Iterator[None]:
    with operation(f"{verb} {'/'.join(path) or 'the landing zone'}"):
        try:
            yield
        except OSError as error:
            raise _translate(error) from None


def _translate(error: OSError) -> CrosswalkError:
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.EISDIR}:
        return ConfigurationError(
            "LANDING_FILE_TYPE",
            problem="a link, a device or another thing that is not ours stands there",
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return refused(reason)
    return unavailable(reason)
