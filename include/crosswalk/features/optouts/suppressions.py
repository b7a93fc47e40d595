"""Who opted out of mail, for good: by person and by address."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, select

from crosswalk.features.optouts.suppression_list import SuppressionList
from crosswalk.store.database import reading, writing
from crosswalk.store.tables import suppression
from crosswalk.store.upsert import insert_into


class Suppressions:
    """The suppression lists of every account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self, integration: str, account: str) -> SuppressionList:
        """Read an account's list."""
        query = select(suppression.c.key).where(suppression.c.integration == integration, suppression.c.account == account)
        with reading(self._engine, f"reading the suppression list of {integration}/{account}") as connection:
            return SuppressionList(integration, account, frozenset(connection.execute(query).scalars()))

    def add(self, keys: SuppressionList, origin: str, since: datetime) -> None:
        """Add keys; those on the list already stay as they are."""
        with writing(self._engine, f"adding to the suppression list of {keys.integration}/{keys.account}") as connection:
            add(connection, keys.integration, keys.account, ((key, since) for key in sorted(keys.keys)), origin)

    def remove(self, keys: SuppressionList) -> None:
        """Take keys off."""
        ours = suppression.c.integration == keys.integration, suppression.c.account == keys.account, suppression.c.key.in_(keys.keys)
        with writing(self._engine, f"taking off the suppression list of {keys.integration}/{keys.account}") as connection:
            connection.execute(delete(suppression).where(*ours))


def add(connection: Connection, integration: str, account: str, keys: Iterable[tuple[str, datetime]], origin: str) -> None:
    """Add keys, each with its instant, inside a transaction."""
    rows = [{"integration": integration, "account": account, "key": key, "since": since, "origin": origin} for key, since in keys]
    if rows:
        connection.execute(insert_into(connection, suppression).on_conflict_do_nothing(), rows)


def forget_people(connection: Connection, integration: str, account: str) -> None:
    """Take ids off an account's list inside a transaction; addresses stay. After a new binding an id may be another person's."""
    people = suppression.c.key.startswith("source:") | suppression.c.key.startswith("target:")
    connection.execute(delete(suppression).where(suppression.c.integration == integration, suppression.c.account == account, people))
