"""Which source feeds which target: one source database and one target account belong to one account, and stay (FMG-02)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, delete, or_, select

from crosswalk.errors import ConfigurationError
from crosswalk.store import run_sequence as snapshots
from crosswalk.store.database import reading, writing
from crosswalk.store.tables import binding, delivered, former
from crosswalk.store.upsert import insert_into

Forget = Callable[[Connection, str, str], None]
"""Forgets what a feature keeps of an account, inside a transaction: (connection, integration, account)."""


@dataclass(frozen=True)
class Binding:
    """One account's two ends."""

    integration: str
    account: str
    source_identity: str
    target_identity: str
    bound_at: datetime


class Bindings:
    """The bindings of every account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def bind(self, integration: str, account: str, source_identity: str, target_identity: str) -> None:
        """Bind both ends to the account; the same again is fine.

        Raises ConfigurationError CONN_ALREADY_BOUND (an end belongs to another account) or CONN_SOURCE_CHANGED
        (the account has other ends).
        """
        wanted = Binding(integration, account, source_identity, target_identity, datetime.now(UTC))
        with writing(self._engine, f"binding {integration}/{account}") as connection:
            connection.execute(insert_into(connection, binding).values(vars(wanted)).on_conflict_do_nothing())
            for found in _overlapping(connection, wanted):
                _compare(wanted, found)

    def get(self, integration: str, account: str) -> Binding | None:
        """Read the account's binding."""
        query = select(binding).where(binding.c.integration == integration, binding.c.account == account)
        with reading(self._engine, f"reading the binding of {integration}/{account}") as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Binding(**row._mapping)

    def release(self, integration: str, account: str, *, forget: Iterable[Forget]) -> bool:
        """Forget the binding and what was delivered through it, so that the next delivery counts as the first.

        forget: what features forget of the account in the same transaction (integrations.releasing names them all).
        Run numbers go on. Returns False when nothing was bound.
        """
        with writing(self._engine, f"releasing the binding of {integration}/{account}") as connection:
            numbers = snapshots.lock(connection, integration, account)
            ours = binding.c.integration == integration, binding.c.account == account
            if not connection.execute(delete(binding).where(*ours)).rowcount:
                return False
            for table in (delivered, former):
                connection.execute(delete(table).where(table.c.integration == integration, table.c.account == account))
            for one in forget:
                one(connection, integration, account)
            snapshots.write(connection, integration, account, released=numbers.handed_out)
        return True


def _overlapping(connection: Connection, wanted: Binding) -> list[Binding]:
    query = select(binding).where(
        binding.c.integration == wanted.integration,
        or_(
            binding.c.account == wanted.account,
            binding.c.source_identity == wanted.source_identity,
            binding.c.target_identity == wanted.target_identity,
        ),
    )
    return [Binding(**row._mapping) for row in connection.execute(query.order_by(binding.c.account))]


def _compare(wanted: Binding, found: Binding) -> None:
    if found.account != wanted.account:
        end = found.source_identity if found.source_identity == wanted.source_identity else found.target_identity
        raise ConfigurationError(
            "CONN_ALREADY_BOUND",
            problem=f"{end} already belongs to the account {found.account}",
            next_step=f"point {wanted.account} at another connection, or take {found.account} out of the accounts and release its binding",
        )
    for end, was, now in (
        ("source", found.source_identity, wanted.source_identity),
        ("target", found.target_identity, wanted.target_identity),
    ):
        if was != now:
            raise ConfigurationError(
                "CONN_SOURCE_CHANGED",
                problem=f"the {end} connection leads to {now}, the account is bound to {was}",
            )
