"""Request quotas kept in the store, so that every process on every machine counts the same requests.

Why not a library's bucket: pyrate-limiter's SQLite bucket counts and inserts in two transactions, and its PostgreSQL bucket gives up when
another process holds it; neither keeps a limit exactly across processes. One row locked for one short transaction does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, update

from crosswalk.store.database import reading, writing
from crosswalk.store.tables import request_budget
from crosswalk.store.upsert import insert_into
from crosswalk.wire.quota import Quota


@dataclass(frozen=True)
class StoredQuota:
    """The quota of one connection; implements wire.quota.SharedQuota.

    The clock is the database server's: machines' clocks differ. For SQLite it is this machine's, which is the only one.
    Raises as store.engine.writing does.
    """

    engine: Engine
    connection_id: str
    quota: Quota

    def take(self) -> float:
        with self._locked("taking a request") as (connection, row, now):
            if row.paused_until > now:
                return float(row.paused_until - now)
            left = self.quota.wait(row.taken, now)
            if not left:
                taken = [*self.quota.still_counted(row.taken, now), now][-self.quota.limit :]
                connection.execute(update(request_budget).where(self._is_ours()).values(taken=taken))
            return left

    def pause(self, seconds: float) -> None:
        with self._locked("pausing") as (connection, row, now):
            until = max(row.paused_until, now + seconds)
            connection.execute(update(request_budget).where(self._is_ours()).values(paused_until=until))

    def estimate(self, requests: int) -> float:
        with reading(self.engine, f"reading the state of the request quota of {self.connection_id}") as connection:
            row = connection.execute(select(request_budget).where(self._is_ours())).one_or_none()
            now = _now(connection)
        if row is None:
            return self.quota.estimate((), now, requests)
        paused = max(float(row.paused_until) - now, 0.0)
        return paused + self.quota.estimate(row.taken, now, requests)

    @contextmanager
    def _locked(self, what: str) -> Iterator[tuple[Connection, Row[Any], float]]:
        with writing(self.engine, f"{what} of the request quota of {self.connection_id}") as connection:
            blank = {"connection": self.connection_id, "taken": [], "paused_until": 0.0}
            connection.execute(insert_into(connection, request_budget).values(blank).on_conflict_do_nothing())
            row = connection.execute(select(request_budget).where(self._is_ours()).with_for_update()).one()
            yield connection, row, _now(connection)

    def _is_ours(self) -> Any:
        return request_budget.c.connection == self.connection_id


def _now(connection: Connection) -> float:
    """Return the time after the lock was acquired, so that the times are in the order of the requests."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())
