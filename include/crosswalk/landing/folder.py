"""One run's folder: raw pages and manifest are written once, what is worked out from them is replaced at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from crosswalk.core.model import RunKey
from crosswalk.core.ports import Row
from crosswalk.errors import ConfigurationError, DataError, operation
from crosswalk.landing import parquet
from crosswalk.landing.manifest import FileEntry, Manifest
from crosswalk.landing.storage import FilePath, Storage

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,126}")


class Folder:
    """Files of one run. Names are ours, never a person's or a vendor's; a frame's file is `<name>.parquet`.

    Storage failures leave as TransientError LANDING_UNAVAILABLE, ConfigurationError LANDING_REFUSED or LANDING_FILE_TYPE.
    """

    def __init__(self, storage: Storage, path: FilePath, key: RunKey) -> None:
        self.key = key
        self._storage = storage
        self._path = path

    def write_page(self, entity: str, number: int, rows: Sequence[Row], columns: Sequence[str]) -> FileEntry:
        """Land one page of an entity ("source_contact"), these columns only; a field a row lacks is blank.

        Written once: the same page again is fine, another one raises DataError LANDING_CONFLICT.
        """
        path = self._file(f"{entity}-{number:05d}.parquet")
        with operation(_named("writing", path)):
            data = parquet.encode({name: [row.get(name, "") for row in rows] for name in columns})
        self._create(path, data)
        return _entry(path[-1], len(rows), data)

    def discard_pages(self, entity: str) -> None:
        """Forget an entity's pages when its read began again. Raises DataError LANDING_SEALED once there is a manifest."""
        if self.exists(MANIFEST):
            raise DataError("LANDING_SEALED", operation=f"discarding the {entity} pages of {self.key}", problem="the snapshot is complete")
        for name in self.names():
            if re.fullmatch(re.escape(entity) + r"-\d{5,}\.parquet", name):
                self._storage.remove(self._file(name))

    def seal(self, manifest: Manifest) -> None:
        """Write the manifest, last. Raises DataError SNAPSHOT_INCOMPLETE when a page it lists is not there."""
        listed = {page.name for entity in manifest.entities.values() for page in entity.pages}
        missing = listed.difference(self.names())
        if missing:
            raise _incomplete(self.key, f"{len(missing)} of {len(listed)} pages are missing")
        self._create(self._file(MANIFEST), manifest.to_bytes())

    def manifest(self) -> Manifest:
        """Read the manifest. Raises DataError SNAPSHOT_INCOMPLETE without one, LANDING_CORRUPT when it is not this run's."""
        path = self._file(MANIFEST)
        data = self._storage.read(path)
        if data is None:
            raise _incomplete(self.key, "there is no manifest")
        with operation(_named("reading", path)):
            manifest = Manifest.from_bytes(data)
            if manifest.key != self.key:
                raise parquet.corrupt(f"the manifest belongs to {manifest.key}")
            return manifest

    def read_entity(self, side_entity: str) -> pd.DataFrame:
        """Read all pages of an entity ("source_contact"), each checked against the manifest. Raises DataError LANDING_CORRUPT.

        An entity without records has one page without rows, which names the columns.
        """
        with operation(f"reading the {side_entity} pages of {self.key}"):
            entity = self.manifest().entities.get(side_entity)
            if entity is None or not entity.pages:
                raise _incomplete(self.key, f"no {side_entity} was landed")
            frame = parquet.decode([self._read_page(page) for page in entity.pages])
            if len(frame) != entity.rows:
                raise parquet.corrupt(f"{len(frame)} rows where {entity.rows} were landed")
            return frame

    def write_frame(self, name: str, frame: pd.DataFrame, group_rows: int | None = None) -> FileEntry:
        """Write a frame of text, in place of an earlier one. Raises DataError LANDING_NOT_TEXT.

        group_rows: for a frame sorted by the column that `find_rows` will look at.
        """
        path = self._file(f"{name}.parquet")
        with operation(_named("writing", path)):
            data = parquet.encode({str(column): frame[column] for column in frame.columns}, group_rows)
        self._storage.replace(path, data)
        return _entry(path[-1], len(frame), data)

    def read_frame(self, name: str) -> pd.DataFrame:
        """Read a frame. Raises DataError LANDING_MISSING or LANDING_CORRUPT."""
        file = f"{name}.parquet"
        with operation(_named("reading", self._file(file))):
            return parquet.decode([self.read_bytes(file)])

    def find_rows(self, name: str, column: str, values: Collection[str]) -> pd.DataFrame:
        """Read the rows of a frame whose column has one of the values. Raises as `read_frame`."""
        file = f"{name}.parquet"
        with operation(_named("reading", self._file(file))):
            return parquet.find(self.read_bytes(file), column, values)

    def write_bytes(self, name: str, data: bytes) -> FileEntry:
        """Write a file, in place of an earlier one."""
        path = self._file(name)
        self._storage.replace(path, data)
        return _entry(name, 0, data)

    def read_bytes(self, name: str) -> bytes:
        """Read a file. Raises DataError LANDING_MISSING."""
        path = self._file(name)
        data = self._storage.read(path)
        if data is None:
            raise DataError("LANDING_MISSING", operation=_named("reading", path), problem="there is no such file")
        return data

    def exists(self, name: str) -> bool:
        """Tell whether there is a file of that name ("plan.parquet", "report.html")."""
        return self._file(name)[-1] in self.names()

    def names(self) -> list[str]:
        """List the files, sorted."""
        return self._storage.names(self._path)

    def uri(self, name: str) -> str:
        """Name a file for people and other programs, whether it is there or not."""
        return self._storage.uri(self._file(name))

    def _file(self, name: str) -> FilePath:
        if not _NAME.fullmatch(name):
            raise ConfigurationError("LANDING_NAME", operation=f"naming a file of {self.key}", problem="the name is not one of ours")
        return (*self._path, name)

    def _create(self, path: FilePath, data: bytes) -> None:
        if not self._storage.create(path, data) and self._storage.read(path) != data:
            raise DataError("LANDING_CONFLICT", operation=_named("writing", path), problem="other content stands there already")

    def _read_page(self, page: FileEntry) -> bytes:
        data = self._storage.read(self._file(page.name))
        if data is None or hashlib.sha256(data).hexdigest() != page.sha256:
            raise parquet.corrupt(f"{page.name} is {'missing' if data is None else 'not what was landed'}")
        return data


def _named(verb: str, path: FilePath) -> str:
    return f"{verb} {'/'.join(path)}"


def _entry(name: str, rows: int, data: bytes) -> FileEntry:
    return FileEntry(name, rows, len(data), hashlib.sha256(data).hexdigest())


def _incomplete(key: RunKey, found: str) -> DataError:
    return DataError("SNAPSHOT_INCOMPLETE", operation=f"opening the snapshot {key}", problem=found)
