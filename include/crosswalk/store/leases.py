"""One run an account, by our own lease (SAFE-4). Airflow is not a lock.

Two runs: the second is told who holds the account. Two attempts of one run: the later one takes over, and the token it gets makes the
earlier one's worthless. Two snapshots: the fence only rises, so an older run finds itself fenced out whatever lease it once had.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, update

from crosswalk.core.model import RunKey
from crosswalk.errors import Fenced
from crosswalk.store import run_sequence as snapshots
from crosswalk.store.database import reading, writing
from crosswalk.store.tables import lease
from crosswalk.store.upsert import upsert


@dataclass(frozen=True)
class Lease:
    """The account is this attempt's until the lease expires or is taken over. token: names the attempt."""

    key: RunKey
    holder: str
    token: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)


class Leases:
    """The leases of every account. `clock` gives seconds since 1970."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def acquire(self, key: RunKey, holder: str, seconds: float) -> Lease:
        """Take the account's lease: when it is free, expired, or held by an earlier attempt of the same holder.

        Raises Fenced ACCOUNT_BUSY (another run has it) or STALE_SNAPSHOT (a newer snapshot was fenced or delivered).
        """
        wanted = Lease(key, holder)
        with writing(self._engine, f"taking the lease of {key.integration}/{key.account} for snapshot {key.snapshot}") as connection:
            numbers = snapshots.lock(connection, key.integration, key.account)
            snapshots.refuse_stale(numbers, key)
            self._refuse_busy(connection, wanted)
            times = {"acquired_at": self._now(), "expires_at": self._until(seconds)}
            row = {
                "integration": key.integration,
                "account": key.account,
                "holder": holder,
                "fence": key.snapshot,
                "token": wanted.token,
            }
            upsert(connection, lease, [row | times])
        return wanted

    def fence(self, held: Lease) -> None:
        """Let no older snapshot write from now on. Raises Fenced LEASE_LOST, STALE_SNAPSHOT."""
        with writing(self._engine, f"fencing {held.key.integration}/{held.key.account} for snapshot {held.key.snapshot}") as connection:
            numbers = snapshots.lock(connection, held.key.integration, held.key.account)
            require(connection, held)
            snapshots.refuse_stale(numbers, held.key)
            snapshots.write(connection, held.key.integration, held.key.account, fenced=held.key.snapshot)

    def renew(self, held: Lease, seconds: float) -> None:
        """Move the expiry on. Raises Fenced LEASE_LOST when another attempt or run took over, or it was released."""
        with writing(self._engine, f"renewing the lease of {held.key.integration}/{held.key.account}") as connection:
            if not connection.execute(update(lease).where(*_is_ours(held)).values(expires_at=self._until(seconds))).rowcount:
                raise _lost(held)

    def release(self, held: Lease) -> None:
        """Give the lease back; nothing happens when it is no longer ours."""
        with writing(self._engine, f"releasing the lease of {held.key.integration}/{held.key.account}") as connection:
            connection.execute(update(lease).where(*_is_ours(held)).values(holder="", token="", expires_at=self._now()))

    def forget(self, key: RunKey) -> None:
        """Give back what a killed attempt of a run that is over still holds."""
        ours = lease.c.integration == key.integration, lease.c.account == key.account, lease.c.fence == key.snapshot
        with writing(self._engine, f"releasing the lease of {key.integration}/{key.account}") as connection:
            connection.execute(update(lease).where(*ours).values(holder="", token="", expires_at=self._now()))

    def at_work(self, key: RunKey) -> bool:
        """Tell whether an attempt of this very run holds the account now."""
        with reading(self._engine, f"reading the lease of {key.integration}/{key.account}") as connection:
            found = _current(connection, key)
        return found is not None and found.fence == key.snapshot and bool(found.holder) and found.expires_at > self._now()

    def _refuse_busy(self, connection: Connection, wanted: Lease) -> None:
        found = _current(connection, wanted.key)
        if found is None or found.holder in ("", wanted.holder) or found.expires_at <= self._now():
            return
        raise Fenced(
            "ACCOUNT_BUSY",
            problem=f"{found.holder} (snapshot {found.fence}) has the account since {_clock(found.acquired_at)}, "
            f"until {_clock(found.expires_at)} at the latest",
        )

    def _until(self, seconds: float) -> datetime:
        return self._now() + timedelta(seconds=seconds)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def require(connection: Connection, held: Lease) -> None:
    """Raise Fenced LEASE_LOST unless nobody else took the lease; inside the transaction of what it protects."""
    if connection.execute(select(lease.c.token).where(*_is_ours(held))).one_or_none() is None:
        raise _lost(held)


def _current(connection: Connection, key: RunKey) -> Row[Any] | None:
    return connection.execute(
        select(lease).where(lease.c.integration == key.integration, lease.c.account == key.account),
    ).one_or_none()


def _is_ours(held: Lease) -> tuple[Any, ...]:
    return (
        lease.c.integration == held.key.integration,
        lease.c.account == held.key.account,
        lease.c.fence == held.key.snapshot,
        lease.c.token == held.token,
    )


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _lost(held: Lease) -> Fenced:
    return Fenced(
        "LEASE_LOST",
        problem=f"the lease of snapshot {held.key.snapshot} is no longer this attempt's: it ran out and another one took over",
    )
