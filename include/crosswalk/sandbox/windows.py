"""Which records a page holds and what it claims about the whole list, truthfully or as a fault wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crosswalk.sandbox.faults import Fault


@dataclass(frozen=True)
class Window:
    """Records start to stop (exclusive) of the list, the total claimed, and whether another page is said to follow."""

    start: int
    stop: int
    total: int
    more: bool


def window(start: int, size: int, total: int, fault: Fault | None = None) -> Window:
    """The page of `size` records from `start`; `fault` is one of faults.PAGE_KINDS, or None."""
    stop = min(start + size, total)
    honest = Window(min(start, total), stop, total, stop < total)
    match fault.kind if fault else "":
        case "repeat_page":
            back = max(0, honest.start - size)
            return Window(back, min(back + size, total), total, honest.more)
        case "wrong_total":
            return Window(honest.start, stop, _claimed(fault, total), honest.more)
        case "short_page":
            return Window(honest.start, max(honest.start, stop - 1), total, honest.more)
        case "zero_records":
            return Window(0, 0, 0, more=False)
        case _:
            return honest


def _claimed(fault: Fault | None, total: int) -> int:
    value = fault.options.get("value", total + 1) if fault else total
    return value if isinstance(value, int) else total + 1


def bent(record: dict[str, Any], fault: Fault | None, usual: str) -> dict[str, Any]:
    """A JSON record as a drop_field (by default of the field `usual`) or extra_field fault wants it; unchanged without one."""
    if fault and fault.kind == "drop_field":
        record.pop(str(fault.options.get("field", usual)), None)
    if fault and fault.kind == "extra_field":
        record[str(fault.options.get("field", "ssn"))] = fault.options.get("value", "000-00-0000")
    return record
