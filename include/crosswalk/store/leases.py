"""One writer an account, by our own lease with a fencing number (SAFE-4). Airflow is not a lock.

The fence is the snapshot number: it only rises, so a paused or restarted older run finds itself fenced out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, update

from crosswalk.core.model import RunKey
from crosswalk.errors import Fenced
from crosswalk.store import snapshots
from crosswalk.store.engine import reading, writing
from crosswalk.store.tables import lease
from crosswalk.store.upsert import upsert


@dataclass(frozen=True)
class Lease:
    """The right to write to one account until it expires or is taken over."""

    integration: str
    account: str
    holder: str
    fence: int
    ttl_seconds: float


class Leases:
    """The leases of every account. `clock` gives seconds since 1970."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def acquire(self, integration: str, account: str, holder: str, snapshot: int, ttl_seconds: float) -> Lease:
        """Take the lease, or take it over once expired; the same holder and snapshot may take it again.

        Raises Fenced STALE_SNAPSHOT (a newer snapshot was fenced or delivered) or LEASE_HELD (another run is writing).
        """
        doing = f"taking the lease of {integration}/{account} for snapshot {snapshot}"
        wanted = Lease(integration, account, holder, snapshot, ttl_seconds)
        with writing(self._engine, doing) as connection:
            numbers = snapshots.lock(connection, integration, account)
            snapshots.refuse_stale(numbers, RunKey(integration, account, snapshot), doing)
            self._refuse_held(connection, wanted, doing)
            now = self._now()
            row = {"integration": integration, "account": account, "holder": holder, "fence": snapshot}
            upsert(connection, lease, [row | {"acquired_at": now, "expires_at": now + timedelta(seconds=ttl_seconds)}])
            snapshots.write(connection, integration, account, fenced=snapshot)
        return wanted

    def renew(self, held: Lease) -> None:
        """Move the expiry on. Raises Fenced LEASE_LOST when another run took over or it was released."""
        doing = f"renewing the lease of {held.integration}/{held.account}"
        with writing(self._engine, doing) as connection:
            until = self._now() + timedelta(seconds=held.ttl_seconds)
            if not connection.execute(update(lease).where(*_is_ours(held)).values(expires_at=until)).rowcount:
                raise _lost(held, doing, "is no longer ours")

    def release(self, held: Lease) -> None:
        """Give the lease back; nothing happens when it is no longer ours."""
        with writing(self._engine, f"releasing the lease of {held.integration}/{held.account}") as connection:
            connection.execute(update(lease).where(*_is_ours(held)).values(holder="", expires_at=self._now()))

    def check(self, held: Lease) -> None:
        """Raise Fenced LEASE_LOST unless the lease is ours and has not expired."""
        doing = f"checking the lease of {held.integration}/{held.account}"
        with reading(self._engine, doing) as connection:
            found = connection.execute(select(lease.c.expires_at).where(*_is_ours(held))).scalar_one_or_none()
        if found is None:
            raise _lost(held, doing, "is no longer ours")
        if found <= self._now():
            raise _lost(held, doing, "has expired")

    def _refuse_held(self, connection: Connection, wanted: Lease, doing: str) -> None:
        found = _current(connection, wanted)
        if found is None or not found.holder or found.expires_at <= self._now():
            return
        if (found.holder, found.fence) != (wanted.holder, wanted.fence):
            raise Fenced(
                "LEASE_HELD",
                doing=doing,
                found=f"{found.holder} (snapshot {found.fence}) is writing, until {found.expires_at:%Y-%m-%d %H:%M:%S} UTC at the latest",
                fix="wait for that run to end, then clear this task",
            )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _current(connection: Connection, wanted: Lease) -> Row[Any] | None:
    return connection.execute(
        select(lease).where(lease.c.integration == wanted.integration, lease.c.account == wanted.account),
    ).one_or_none()


def _is_ours(held: Lease) -> tuple[Any, ...]:
    return (
        lease.c.integration == held.integration,
        lease.c.account == held.account,
        lease.c.holder == held.holder,
        lease.c.fence == held.fence,
    )


def _lost(held: Lease, doing: str, found: str) -> Fenced:
    return Fenced(
        "LEASE_LOST",
        doing=doing,
        found=f"the lease of snapshot {held.fence} {found}",
        fix="nothing more is written by this attempt; clear the task once no other run of the account is going",
    )
