"""The files of a run's folder: what each is called and what it holds, written and read in one place.

They are how steps talk to each other and to the report. What only a feature keeps is declared in that feature with the same
two types, so that the name of a file stands once. ARCHITECTURE.md lists them all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

import pandas as pd

from crosswalk.core.model import Rejection
from crosswalk.core.plurals import plural
from crosswalk.landing.folder import Folder
from crosswalk.validation.outcomes import RuleResult

T = TypeVar("T")


@dataclass(frozen=True)
class JsonFile(Generic[T]):
    """One JSON file. load, dump: from and to what JSON can hold."""

    name: str
    load: Callable[[Any], T]
    dump: Callable[[T], Any] = lambda value: value

    def write(self, folder: Folder, value: T) -> None:
        """Write the file, replacing it as a whole. Raises what the landing zone raises."""
        folder.write_bytes(self.name, json.dumps(self.dump(value), sort_keys=True).encode())

    def read(self, folder: Folder) -> T:
        """Read the file. Raises DataError when it is missing."""
        return self.load(json.loads(folder.read_bytes(self.name)))

    def find(self, folder: Folder) -> T | None:
        """Read the file; None when it was not written."""
        return self.read(folder) if folder.exists(self.name) else None


@dataclass(frozen=True)
class FrameFile:
    """One frame of text columns, as Parquet."""

    name: str

    def of(self, entity: str) -> FrameFile:
        """Give the frame of one entity."""
        return FrameFile(f"{self.name}_{entity}")

    def write(self, folder: Folder, frame: pd.DataFrame) -> None:
        """Write the frame, replacing it as a whole."""
        folder.write_frame(self.name, frame)

    def read(self, folder: Folder) -> pd.DataFrame:
        """Read the frame. Raises DataError when it is missing."""
        return folder.read_frame(self.name)

    def exists(self, folder: Folder) -> bool:
        """Tell whether the frame was written."""
        return folder.exists(f"{self.name}.parquet")


@dataclass(frozen=True)
class RejectionFile:
    """Rejected records as a frame with the columns of `Rejection`."""

    name: str

    def write(self, folder: Folder, rejections: Iterable[Rejection]) -> None:
        """Write the rejections, replacing earlier ones."""
        FrameFile(self.name).write(folder, pd.DataFrame([asdict(one) for one in rejections], columns=_COLUMNS, dtype="str"))

    def read(self, folder: Folder) -> list[Rejection]:
        """Read the rejections; none when nothing was written."""
        if not self.exists(folder):
            return []
        rows = FrameFile(self.name).read(folder)[_COLUMNS].itertuples(index=False, name=None)
        return [Rejection(*row) for row in rows]

    def exists(self, folder: Folder) -> bool:
        """Tell whether the file was written."""
        return FrameFile(self.name).exists(folder)


_COLUMNS = list(Rejection.__dataclass_fields__)

RECORD_FILTER = JsonFile[tuple[str, ...]]("narrowed.json", tuple, sorted)
"""Source ids the run reads and delivers, and nothing else; absent: all in the account's scope."""

RETRIED = JsonFile[frozenset[str]]("retried.json", frozenset, sorted)
"""Source ids of rejected records the run delivers alone; absent: all records."""

ON_EXISTING = JsonFile[str]("existing.json", str)
"""What happens to records the target holds differently: ask, update or leave."""

CHOSEN_LINKS = JsonFile[dict[str, Any]]("decided.json", dict)
"""Links a person chose for this run: {entity: {source id: [the target's own fields]}}."""

SOURCE_NOTES = JsonFile[list[str]]("remarks.json", list)
"""Sentences the source adds to the report."""

RULES = JsonFile[list[RuleResult]](
    "rules.json", lambda rows: [RuleResult(**row) for row in rows], lambda rules: [asdict(rule) for rule in rules]
)
"""Result of every validation rule."""

UNREADABLE_ROWS = RejectionFile("rejected_rows")
"""Rows of input files rejected before they became records."""

REJECTED = RejectionFile("rejected")
"""Records rejected up to validation."""

REJECTED_ALL = RejectionFile("rejected_all")
"""All rejected records: also those of the mapping, the plan and the target."""

ACCEPTED = FrameFile("accepted")
"""Per entity: records that passed validation, with the source's fields."""

RECORD_DECISIONS = FrameFile("decided")
"""Per entity: source_id, outcome, reason of each record a feature decided about."""

DESIRED = FrameFile("desired")
"""Per entity: records in the target's shape."""

PLAN = FrameFile("plan")
"""One row per record: entity, source_id, target_id, outcome, reason, changed, payload_hash."""


def target_only_file(entity: str) -> str:
    """Name the CSV that holds the records only the target had."""
    return f"target_only_{plural(entity)}.csv"
