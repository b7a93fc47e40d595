"""Mapping tables: which source fields become which target field, and how a blank one is meant.

A table is read and checked by `mapping_checks`; this module applies it. Data flow: accepted records → target shape + rejections.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from crosswalk.core.converters import Converter
from crosswalk.core.masking import mask
from crosswalk.core.model import Rejection
from crosswalk.core.system_schema import Field
from crosswalk.errors import RecordRejected

if TYPE_CHECKING:
    import pandas as pd

JOINED_BY = " + "
CLEAR, KEEP, FILL_ONLY = "clear", "keep", "fill-only"
BLANKS = (CLEAR, KEEP, FILL_ONLY)


@dataclass(frozen=True)
class MappingRow:
    """One row of a mapping table. A row without a target says that its source field is not sent, and why."""

    number: int
    target: str
    source: str
    convert: str
    required: bool
    blank: str
    note: str

    @property
    def sources(self) -> tuple[str, ...]:
        """The source fields of the cell, several joined by " + "."""
        return tuple(self.source.split(JOINED_BY))


@dataclass(frozen=True)
class Mapped:
    """What a table made of a frame. frame: `source_id` + target fields, without the rejected records."""

    frame: pd.DataFrame
    rejections: list[Rejection]


@dataclass(frozen=True)
class MappingTable:
    """One entity's checked mapping table. rows: all rows, also those that are not sent."""

    entity: str
    rows: tuple[MappingRow, ...]
    converters: Mapping[str, Converter] = field(repr=False)
    source_fields: Mapping[str, Field] = field(repr=False)
    lookup_digests: Mapping[str, str] = field(repr=False)

    @cached_property
    def sent(self) -> tuple[MappingRow, ...]:
        """The rows that fill a target field."""
        return tuple(row for row in self.rows if row.target)

    @property
    def source_names(self) -> tuple[str, ...]:
        """Every source field that is sent, once, in table order."""
        return tuple(dict.fromkeys(name for row in self.sent for name in row.sources))

    @property
    def not_ignored(self) -> tuple[str, ...]:
        """Every declared source field that no row says is not sent."""
        ignored = {name for row in self.rows if not row.target for name in row.sources}
        return tuple(name for name in self.source_fields if name not in ignored)

    @property
    def target_names(self) -> tuple[str, ...]:
        """Every target field that is filled, in table order."""
        return tuple(row.target for row in self.sent)

    @cached_property
    def digest(self) -> str:
        """Names what the table does: the same rows over the same value tables; notes and order do not count."""
        rows = sorted([row.target, row.source, row.convert, row.required, row.blank] for row in self.sent)
        return sha256(json.dumps([self.entity, rows, dict(self.lookup_digests)], sort_keys=True).encode()).hexdigest()

    def apply(self, frame: pd.DataFrame) -> Mapped:
        """Turn source records (`source_id` + source fields) into target shape; a record with a value no converter takes is rejected."""
        import pandas as pd

        ids: list[str] = frame["source_id"].tolist()
        columns: dict[str, list[str]] = {"source_id": ids}
        rejections: list[Rejection] = []
        for row in self.sent:
            cells = list(zip(*(frame[name].tolist() for name in row.sources), strict=True))
            results = {cell: self._convert(row, cell) for cell in dict.fromkeys(cells)}
            columns[row.target] = [_text(results[cell]) for cell in cells]
            rejections += self._rejections(row, ids, cells, results)
        rejected = {rejection.source_id for rejection in rejections}
        mapped = pd.DataFrame(columns, dtype="str")
        return Mapped(mapped[~mapped["source_id"].isin(rejected)].reset_index(drop=True), rejections)

    def settle(self, mapped: pd.DataFrame, target: pd.DataFrame) -> pd.DataFrame:
        """Apply `keep` (a blank source leaves the target's value) and `fill-only` (a filled target keeps its value).

        target: read back, matched by `source_id`. A record the target does not know by its id has nothing to keep.
        """
        settled = mapped.copy()
        careful = [row for row in self.sent if row.blank != CLEAR]
        known = target.sort_values("target_id", ascending=False) if careful else target
        for row in careful:
            held = dict(zip(known["source_id"].tolist(), known[row.target].tolist(), strict=True))
            theirs = mapped["source_id"].map(lambda one, held=held: held.get(one, "")).astype("str")
            first, second = (theirs, mapped[row.target]) if row.blank == FILL_ONLY else (mapped[row.target], theirs)
            settled[row.target] = first.where(first != "", second)
        return settled

    def _convert(self, row: MappingRow, cell: Sequence[str]) -> str | RecordRejected:
        try:
            value = self.converters[row.target].apply(*cell)
        except RecordRejected as rejected:
            return rejected
        if row.required and not value:
            found, fix = f"{row.target} is required and the source is blank", f"fill in {row.source} in the source"
            return RecordRejected("REQUIRED_BLANK", operation="mapping a record", problem=found, next_step=fix)
        return value

    def _rejections(
        self, row: MappingRow, ids: Sequence[str], cells: Sequence[tuple[str, ...]], results: Mapping[tuple[str, ...], str | RecordRejected]
    ) -> Iterator[Rejection]:
        if not any(isinstance(result, RecordRejected) for result in results.values()):
            return
        for source_id, cell in zip(ids, cells, strict=True):
            result = results[cell]
            if isinstance(result, RecordRejected):
                masked = " ".join(mask(self.source_fields[name].type, value) for name, value in zip(row.sources, cell, strict=True))
                yield Rejection(self.entity, source_id, result.code, row.source, result.problem, result.next_step, masked.strip())


def _text(result: str | RecordRejected) -> str:
    return result if isinstance(result, str) else ""
