"""Who did what: append-only, each event hashed together with the one before it. Counts and hashes, never a person's data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, update

from crosswalk.store.column_types import clean
from crosswalk.store.database import reading, writing
from crosswalk.store.tables import audit, audit_head

GENESIS = "0" * 64
"""What the first event follows; the first revision writes it into audit_head."""


class Audit:
    """The audit chain of the store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, event: str, integration: str, account: str, actor: str, details: Mapping[str, Any]) -> int:
        """Add an event at the end of the chain; return its position."""
        with writing(self._engine, f"recording the audit event {event}") as connection:
            position, prev_hash = _lock_head(connection)
            row = {
                "position": position + 1,
                "at": datetime.now(UTC),
                "event": clean(event),
                "integration": clean(integration),
                "account": clean(account),
                "actor": clean(actor),
                "details": json.dumps(details, sort_keys=True, separators=(",", ":"), ensure_ascii=True),
                "prev_hash": prev_hash,
            }
            row["hash"] = _digest(row)
            connection.execute(audit.insert().values(row))
            connection.execute(update(audit_head).values(position=position + 1, hash=row["hash"]))
        return position + 1

    def length(self) -> int:
        """Count the events."""
        with reading(self._engine, "counting audit events") as connection:
            return connection.execute(select(func.count()).select_from(audit)).scalar_one()

    def verify(self) -> list[int]:
        """Walk the chain; return the positions that were changed, are missing or do not belong (0: the start). Empty: whole."""
        broken: set[int] = set()
        expected, prev_hash = 1, GENESIS
        with reading(self._engine, "verifying the audit chain") as connection:
            for row in connection.execute(select(audit).order_by(audit.c.position).execution_options(yield_per=1000)):
                broken.update(range(expected, row.position))
                if row.prev_hash != prev_hash or row.hash != _digest(row._mapping):
                    broken.add(row.position)
                expected, prev_hash = row.position + 1, row.hash
            head = _head(connection)
        if head is None or (head.position, head.hash) != (expected - 1, prev_hash):
            broken.update(range(expected, head.position + 1) if head and head.position >= expected else [expected - 1])
        return sorted(broken)


def _lock_head(connection: Connection) -> tuple[int, str]:
    head = connection.execute(select(audit_head).with_for_update()).one()
    return head.position, head.hash


def _head(connection: Connection) -> Row[Any] | None:
    return connection.execute(select(audit_head)).one_or_none()


def _digest(row: Mapping[Any, Any]) -> str:
    names = ("position", "event", "integration", "account", "actor", "details", "prev_hash")
    content = [row["at"].astimezone(UTC).isoformat(timespec="microseconds"), *(row[name] for name in names)]
    return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()
