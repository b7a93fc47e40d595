"""How far a feed was read, and who may work on it: one attempt at a time, by a lease beside that of the daily run.

The daily run must not wait for notes, nor notes for a plan that waits for a person: they never write the same record. The rules are those
of `leases`: another run waits until the lease has expired, a later attempt of the same run takes over at once, and the token of an attempt
that was overtaken is worth nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, select, update

from crosswalk.errors import Fenced
from crosswalk.store.database import reading, writing
from crosswalk.store.tables import watermark
from crosswalk.store.upsert import insert_into

ACTIVITIES = "activities"


@dataclass(frozen=True)
class FeedLease:
    """The feed of an account is this attempt's until the lease expires or is taken over."""

    integration: str
    account: str
    holder: str
    feed: str = ACTIVITIES
    token: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)

    def __str__(self) -> str:
        return f"{self.integration}/{self.account} {self.feed}"


class Cursors:
    """The cursors of every account's feeds, and their leases. `clock` gives seconds since 1970."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def acquire(self, integration: str, account: str, holder: str, seconds: float) -> FeedLease:
        """Take the feed when it is free, expired, or held by an earlier attempt of the same holder. Raises Fenced ACCOUNT_BUSY."""
        wanted = FeedLease(integration, account, holder)
        with writing(self._engine, f"taking the feed {wanted}") as connection:
            found = lock(connection, wanted, self._now())
            if found.holder not in ("", holder) and found.expires_at > self._now():
                raise Fenced(
                    "ACCOUNT_BUSY",
                    problem=f"{found.holder} works on it, until {found.expires_at:%Y-%m-%d %H:%M:%S} UTC at the latest",
                    next_step="wait for that run to end; the next run does what it leaves",
                )
            values = {"holder": holder, "token": wanted.token, "expires_at": self._until(seconds)}
            connection.execute(update(watermark).where(*_is(wanted)).values(**values))
        return wanted

    def renew(self, held: FeedLease, seconds: float) -> None:
        """Move the expiry on. Raises Fenced LEASE_LOST when another attempt or run took over."""
        with writing(self._engine, f"renewing the lease of the feed {held}") as connection:
            if not connection.execute(update(watermark).where(*_is_ours(held)).values(expires_at=self._until(seconds))).rowcount:
                raise _lost()

    def release(self, held: FeedLease) -> None:
        """Give the lease back; nothing happens when it is no longer ours."""
        values = {"holder": "", "token": "", "expires_at": self._now()}
        with writing(self._engine, f"releasing the feed {held}") as connection:
            connection.execute(update(watermark).where(*_is_ours(held)).values(**values))

    def watermark(self, integration: str, account: str, feed: str = ACTIVITIES) -> tuple[str, int | None]:
        """Read where the feed was left: cursor and position, "" and None before its first page."""
        query = select(watermark.c.cursor, watermark.c.position).where(*_is(FeedLease(integration, account, "", feed)))
        with reading(self._engine, f"reading the watermark of {integration}/{account}") as connection:
            row = connection.execute(query).one_or_none()
        return ("", None) if row is None else (row.cursor, row.position)

    def _until(self, seconds: float) -> datetime:
        return self._now() + timedelta(seconds=seconds)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def lock(connection: Connection, held: FeedLease, now: datetime) -> Row[Any]:
    """Read the feed's row and hold it until the transaction ends. Creates the row."""
    blank = {"cursor": "", "holder": "", "token": "", "expires_at": now}
    key = {"integration": held.integration, "account": held.account, "feed": held.feed}
    connection.execute(insert_into(connection, watermark).values(**key, **blank).on_conflict_do_nothing())
    return connection.execute(select(watermark).where(*_is(held)).with_for_update()).one()


def require(connection: Connection, held: FeedLease) -> None:
    """Hold the feed's row until the transaction ends. Raises Fenced LEASE_LOST unless the lease is still this attempt's."""
    if connection.execute(select(watermark.c.token).where(*_is_ours(held)).with_for_update()).one_or_none() is None:
        raise _lost()


def move(connection: Connection, held: FeedLease, cursor: str, position: int, now: datetime) -> None:
    """Set the watermark of a feed that is held."""
    connection.execute(update(watermark).where(*_is_ours(held)).values(cursor=cursor, position=position, moved_at=now))


def forget(connection: Connection, integration: str, account: str) -> None:
    """Delete the cursors of every feed of an account, inside a transaction."""
    connection.execute(delete(watermark).where(watermark.c.integration == integration, watermark.c.account == account))


def _is(held: FeedLease) -> tuple[Any, ...]:
    columns = watermark.c
    return columns.integration == held.integration, columns.account == held.account, columns.feed == held.feed


def _is_ours(held: FeedLease) -> tuple[Any, ...]:
    return *_is(held), watermark.c.token == held.token


def _lost() -> Fenced:
    return Fenced(
        "LEASE_LOST",
        problem="the lease is no longer this attempt's: it ran out, or a later attempt took over",
    )
