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

from crosswalk.errors import ConfigurationError, CrosswalkError
from crosswalk.landing.storage import FilePath, refused, unavailable

_TEMPORARY = ".tmp-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LocalStorage:
    """Files below one folder of this machine; `Storage`."""

    def __init__(self, root: Path) -> None:
        with _translated("opening the landing zone"):
            if not root.exists():
                root.mkdir(parents=True, mode=0o700)
                root.chmod(0o700)
            self._root = root.resolve(strict=True)

    def create(self, path: FilePath, data: bytes) -> bool:
        """See `Storage.create`."""
        with self._folder("writing", path, create=True) as folder, _temporary(folder, data) as temporary:
            try:
                os.link(temporary, path[-1], src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            except FileExistsError:
                return False
            os.fsync(folder)
        return True

    def replace(self, path: FilePath, data: bytes) -> None:
        """See `Storage.replace`."""
        with self._folder("writing", path, create=True) as folder, _temporary(folder, data) as temporary:
            os.replace(temporary, path[-1], src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)

    def read(self, path: FilePath) -> bytes | None:
        """See `Storage.read`."""
        with self._folder("reading", path) as folder:
            try:
                handle = os.open(path[-1], _OLD_FILE, dir_fd=folder)
            except FileNotFoundError:
                return None
            with os.fdopen(handle, "rb") as file:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise OSError(errno.ENOTDIR, "not a regular file")
                return file.read()
        return None

    def names(self, folder: FilePath) -> list[str]:
        """See `Storage.names`."""
        with self._folder("listing", (*folder, "")) as handle:
            return sorted(name for name in os.listdir(handle) if not name.startswith("."))
        return []

    def remove(self, path: FilePath) -> None:
        """See `Storage.remove`."""
        with self._folder("removing", path) as folder, suppress(FileNotFoundError):
            os.unlink(path[-1], dir_fd=folder)

    def remove_folder(self, folder: FilePath) -> None:
        """See `Storage.remove_folder`."""
        with self._folder("removing", folder) as parent, suppress(FileNotFoundError):
            shutil.rmtree(folder[-1], dir_fd=parent)

    def ages(self, top: str) -> dict[FilePath, datetime]:
        """See `Storage.ages`."""
        found: dict[FilePath, datetime] = {}
        with self._folder("listing", (top, "")) as handle:
            for place, folders, files, inner in os.fwalk(".", dir_fd=handle):
                parts = tuple(place.split("/")[1:])
                if len(parts) == 3:
                    times = [os.stat(name, dir_fd=inner, follow_symlinks=False).st_mtime for name in files]
                    found[(top, *parts)] = datetime.fromtimestamp(max(times, default=os.fstat(inner).st_mtime), UTC)
                    folders.clear()
        return found

    def sweep(self, before: datetime) -> None:
        """See `Storage.sweep`."""
        with self._folder("sweeping", ("",)) as handle:
            for _place, _folders, files, inner in os.fwalk(".", dir_fd=handle):
                for name in files:
                    if name.startswith(_TEMPORARY) and os.stat(name, dir_fd=inner).st_mtime < before.timestamp():
                        os.unlink(name, dir_fd=inner)

    def uri(self, path: FilePath) -> str:
        """See `Storage.uri`."""
        return self._root.joinpath(*path).as_uri()

    @contextmanager
    def _folder(self, doing: str, path: FilePath, *, create: bool = False) -> Iterator[int]:
        """Open the folder of `path`, translating errors. Where it is missing and not to be created, skip the body's result."""
        with _translated(f"{doing} {'/'.join(path)}"):
            handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                for part in path[:-1]:
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
def _translated(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _translate(error, doing) from None


def _translate(error: OSError, doing: str) -> CrosswalkError:
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.EISDIR}:
        return ConfigurationError(
            "LANDING_FILE_TYPE",
            doing=doing,
            found="a link, a device or another thing that is not ours stands there",
            fix="find out who put it into the landing zone, then remove it",
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return refused(doing, reason)
    return unavailable(doing, reason)
