"""How accounts stand: their newest runs, many accounts at a time, for people who look at all of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, ScalarSelect, and_, func, select
from sqlalchemy.sql.elements import ColumnElement

from crosswalk.core.model import RunStatus
from crosswalk.store.database import reading
from crosswalk.store.runs import RunRow, run_row
from crosswalk.store.tables import run, snapshot

TREND = 14
"""Runs an account's trend shows."""


@dataclass(frozen=True)
class Newest:
    """An account's newest run that meant to write, and when its target was last brought up to date.

    snapshot None: there is no such run yet.
    """

    integration: str
    account: str
    snapshot: int | None
    status: RunStatus | None
    started_at: datetime | None
    error_code: str
    delivered_at: datetime | None


class Standings:
    """Reads across accounts. Each account costs a few look-ups by key, however many runs it has."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(self, integrations: Collection[str]) -> list[Newest]:
        """Read how every account of these integrations stands; dry runs and what a backfill looked at again do not count."""
        done = run.alias("done")
        delivery = and_(_same_account(done), done.c.snapshot == snapshot.c.delivered)
        columns = (run.c.snapshot, run.c.status, run.c.started_at, func.coalesce(run.c.error_code, ""), done.c.delivered_at)
        query = (
            select(snapshot.c.integration, snapshot.c.account, *columns)
            .select_from(snapshot)
            .outerjoin(run, and_(_same_account(run), run.c.snapshot == _nth_newest(0, writing=True)))
            .outerjoin(done, delivery)
            .where(snapshot.c.integration.in_(integrations))
        )
        with reading(self._engine, "reading how the accounts stand") as connection:
            return [_newest(*row) for row in connection.execute(query)]

    def recent(self, integration: str, accounts: Collection[str], runs: int = TREND) -> dict[str, list[RunRow]]:
        """Read the newest runs of some accounts, newest first, by account; without what a backfill looked at again."""
        oldest = func.coalesce(_nth_newest(runs - 1), 0)
        query = (
            select(run)
            .join(snapshot, _same_account(run))
            .where(run.c.integration == integration, run.c.account.in_(accounts), run.c.replays.is_(None), run.c.snapshot >= oldest)
            .order_by(run.c.account, run.c.snapshot.desc())
        )
        found: dict[str, list[RunRow]] = {account: [] for account in accounts}
        with reading(self._engine, f"reading the newest runs of {len(accounts)} accounts of {integration}") as connection:
            for row in connection.execute(query):
                found[row.account].append(run_row(row))
        return found

    def held(self, integrations: Collection[str], limit: int, offset: int = 0) -> list[tuple[RunRow, bool]]:
        """Read runs whose plan waits for a person, oldest first, and whether a newer snapshot was delivered since: those come last."""
        overtaken = (snapshot.c.delivered > run.c.snapshot).label("overtaken")
        query = (
            select(run, overtaken)
            .join(snapshot, _same_account(run))
            .where(*_held(integrations))
            .order_by(overtaken, run.c.started_at, run.c.integration, run.c.account)
            .limit(limit)
            .offset(offset)
        )
        with reading(self._engine, "reading the held runs") as connection:
            return [(run_row(row), bool(row.overtaken)) for row in connection.execute(query)]

    def count_held(self, integrations: Collection[str]) -> int:
        """Count what `held` finds."""
        with reading(self._engine, "counting the held runs") as connection:
            return int(connection.execute(select(func.count()).select_from(run).where(*_held(integrations))).scalar_one())


def _held(integrations: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return run.c.status == RunStatus.HELD, run.c.integration.in_(integrations)


def _same_account(table: Any) -> ColumnElement[bool]:
    return and_(table.c.integration == snapshot.c.integration, table.c.account == snapshot.c.account)


def _nth_newest(place: int, *, writing: bool = False) -> ScalarSelect[Any]:
    """The snapshot number of an account's newest run (0), the one before it (1) …; its key is walked backwards, nothing is sorted.

    writing: dry runs do not count.
    """
    one = run.alias("one")
    query = select(one.c.snapshot).where(_same_account(one), one.c.replays.is_(None)).order_by(one.c.snapshot.desc())
    if writing:
        query = query.where(one.c.dry_run.is_(False))
    return query.offset(place).limit(1).correlate(snapshot).scalar_subquery()


def _newest(integration: str, account: str, number: int | None, status: str | None, started: datetime | None, *rest: Any) -> Newest:
    return Newest(integration, account, number, None if status is None else RunStatus(status), started, *rest)
