"""What every customer of a CRM has: tables behind a lock, a limit on requests under way, and who may not see what."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from crosswalk.sandbox.crm.table import Table


class CrmCustomer:
    """One customer of a CRM. Writers hold `lock`; readers take a table once and need none.

    names: of its tables. hidden: names of tables, or fields ("contacts.company"), the caller may not see.
    """

    def __init__(self, name: str, tables: Mapping[str, Table]) -> None:
        self.name = name
        self.tables = dict(tables)
        self.hidden: frozenset[str] = frozenset()
        self.lock = threading.RLock()

    def copied_into(self, other: CrmCustomer) -> None:
        """Give another customer the same tables, for itself."""
        with self.lock:
            other.tables, other.hidden = dict(self.tables), self.hidden


@contextmanager
def uncollected() -> Iterator[None]:
    """For making very many records: looking for garbage among them meanwhile takes longer than making them."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def now() -> str:
    """The present moment as the CRMs write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def visible(record: Mapping[str, Any], table: str, hidden: frozenset[str]) -> Mapping[str, Any]:
    """The record without the fields the caller may not see."""
    names = {one.partition(".")[2] for one in hidden if one.startswith(f"{table}.")}
    return {name: value for name, value in record.items() if name not in names} if names else record
