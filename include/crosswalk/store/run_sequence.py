"""The order of the world: an account's row of snapshot numbers, which also serialises its writers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from crosswalk.core.model import RunKey
from crosswalk.errors import Fenced
from crosswalk.store.tables import snapshot
from crosswalk.store.upsert import insert_into


@dataclass(frozen=True)
class Numbers:
    """How far an account has come; see the table's comments."""

    handed_out: int = 0
    fenced: int = 0
    delivered: int = 0
    released: int = 0

    @property
    def newest(self) -> int:
        """The lowest snapshot that may still write."""
        return max(self.fenced, self.delivered)


def read(connection: Connection, integration: str, account: str) -> Numbers:
    """Read the numbers; zeros for an account never seen."""
    return _select(connection, integration, account, lock=False) or Numbers()


def lock(connection: Connection, integration: str, account: str) -> Numbers:
    """Read the numbers and hold the account's row until the transaction ends. Creates the row."""
    values = {"integration": integration, "account": account, "handed_out": 0, "fenced": 0, "delivered": 0, "released": 0}
    connection.execute(insert_into(connection, snapshot).values(values).on_conflict_do_nothing())
    return _select(connection, integration, account, lock=True) or Numbers()


def write(connection: Connection, integration: str, account: str, **numbers: int) -> None:
    """Set some of the numbers of a locked row."""
    connection.execute(
        update(snapshot).where(snapshot.c.integration == integration, snapshot.c.account == account).values(**numbers),
    )


def refuse_stale(numbers: Numbers, key: RunKey) -> None:
    """Raise Fenced STALE_SNAPSHOT when a newer snapshot was fenced or delivered."""
    if key.snapshot < numbers.newest:
        raise Fenced(
            "STALE_SNAPSHOT",
            problem=f"snapshot {numbers.newest} of {key.integration}/{key.account} is newer than {key.snapshot}",
        )


def _select(connection: Connection, integration: str, account: str, *, lock: bool) -> Numbers | None:
    columns = (snapshot.c.handed_out, snapshot.c.fenced, snapshot.c.delivered, snapshot.c.released)
    query = select(*columns).where(snapshot.c.integration == integration, snapshot.c.account == account)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else Numbers(**row._mapping)
