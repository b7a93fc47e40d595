"""Request budgets kept in the store, so that every process and every machine counts the same requests.

The libraries' buckets were looked at: pyrate-limiter's SQLite bucket counts and inserts in two transactions, its PostgreSQL bucket gives up
when another process is at work; neither keeps a limit exactly across processes. One row locked for one short transaction does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, update

from crosswalk.store.engine import reading, writing
from crosswalk.store.tables import request_budget
from crosswalk.store.upsert import insert_into
from crosswalk.wire.quota import Allowance


@dataclass(frozen=True)
class StoredBudget:
    """The budget of one connection; implements wire.budget.Budget.

    The clock is the database server's, or this machine's for SQLite. Raises as store.engine.writing does.
    """

    engine: Engine
    connection_id: str
    allowance: Allowance

    def take(self) -> float:
        with self._locked("taking a request") as (connection, row, now):
            if row.paused_until > now:
                return float(row.paused_until - now)
            left = self.allowance.wait(row.taken, now)
            if not left:
                taken = [*self.allowance.still_counted(row.taken, now), now][-self.allowance.limit :]
                connection.execute(update(request_budget).where(self._is_ours()).values(taken=taken))
            return left

    def pause(self, seconds: float) -> None:
        with self._locked("pausing") as (connection, row, now):
            until = max(row.paused_until, now + seconds)
            connection.execute(update(request_budget).where(self._is_ours()).values(paused_until=until))

    def estimate(self, requests: int) -> float:
        with reading(self.engine, self._doing("reading the state")) as connection:
            row = connection.execute(select(request_budget).where(self._is_ours())).one_or_none()
            now = _now(connection)
        if row is None:
            return self.allowance.estimate((), now, requests)
        paused = max(float(row.paused_until) - now, 0.0)
        return paused + self.allowance.estimate(row.taken, now, requests)

    @contextmanager
    def _locked(self, what: str) -> Iterator[tuple[Connection, Row[Any], float]]:
        with writing(self.engine, self._doing(what)) as connection:
            blank = {"connection": self.connection_id, "taken": [], "paused_until": 0.0}
            connection.execute(insert_into(connection, request_budget).values(blank).on_conflict_do_nothing())
            row = connection.execute(select(request_budget).where(self._is_ours()).with_for_update()).one()
            yield connection, row, _now(connection)

    def _is_ours(self) -> Any:
        return request_budget.c.connection == self.connection_id

    def _doing(self, what: str) -> str:
        return f"{what} of the request budget of {self.connection_id}"


def _now(connection: Connection) -> float:
    """Give the time after the lock was got: the order of the times is the order of the requests."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())
