"""Records by id, read in ascending order. Never changed, only replaced as a whole: a reader cannot see half of a change."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Refused

Record = Mapping[str, Any]
Keep = Callable[[Record], bool]


@dataclass(frozen=True)
class Table:
    """One kind of record of one customer."""

    records: Mapping[int, Record] = field(default_factory=dict)

    @cached_property
    def order(self) -> list[int]:
        """Ids, ascending."""
        return sorted(self.records)

    def record(self, record_id: int) -> Record:
        """One record. Raises Refused (404 NOT_FOUND)."""
        if record_id not in self.records:
            raise Refused(404, "NOT_FOUND", "no such record")
        return self.records[record_id]

    def found(self, keep: Keep, after: int = 0) -> list[Record]:
        """Every record with an id above `after` that keeps a condition, in order."""
        return [self.records[one] for one in self.order[bisect_right(self.order, after) :] if keep(self.records[one])]

    def page(self, after: int, size: int, keep: Keep, fault: Fault | None = None) -> tuple[list[Record], int | None]:
        """At most `size` fitting records with ids above `after`, as a fault of faults.PAGE_KINDS bends them.

        Also the id after which the next page begins, None when there is none.
        """
        kind = fault.kind if fault else ""
        start = bisect_right(self.order, after)
        if kind == "repeat_page":
            start = max(0, start - size)
        found: list[Record] = []
        for one in self.order[start:]:
            if keep(self.records[one]):
                found.append(self.records[one])
                if len(found) > size:
                    break
        following, found = (found[size - 1]["id"] if len(found) > size else None), found[:size]
        if kind == "zero_records":
            return [], None
        return [bent(record, fault) for record in (found[:-1] if kind == "short_page" else found)], following

    def with_records(self, records: Iterable[Record]) -> Table:
        """The table with these put in, by their id."""
        return Table({**self.records, **{record["id"]: record for record in records}})

    def without(self, ids: Iterable[int]) -> Table:
        """The table without these. Raises Refused (404 NOT_FOUND)."""
        gone = {self.record(one)["id"] for one in ids}
        return Table({key: record for key, record in self.records.items() if key not in gone})

    @property
    def next_id(self) -> int:
        """An id above all there are."""
        return (self.order[-1] if self.order else 0) + 1


def bent(record: Record, fault: Fault | None) -> Record:
    """The record as drop_field or extra_field makes it."""
    if fault and fault.kind == "drop_field":
        return {name: value for name, value in record.items() if name != fault.options.get("field", "lastName")}
    if fault and fault.kind == "extra_field":
        return {**record, str(fault.options.get("field", "taxID")): fault.options.get("value", "000-00-0000")}
    return record


def counted(count: int, fault: Fault | None) -> int:
    """The count as wrong_total makes it."""
    if fault and fault.kind == "wrong_total":
        value = fault.options.get("value", count + 1)
        return value if isinstance(value, int) else count + 1
    return count
