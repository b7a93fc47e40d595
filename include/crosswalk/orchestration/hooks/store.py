"""Crosswalk's own database behind an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow.sdk import BaseHook

from crosswalk.errors import ConfigurationError, CrosswalkError, Problem
from crosswalk.orchestration.connections import read_connection, read_extra

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from crosswalk.store.store import Store

STORE_CONNECTION = "crosswalk_store"


class StoreHook(BaseHook):
    """Crosswalk's own database."""

    conn_name_attr = "conn_id"
    default_conn_name = STORE_CONNECTION
    conn_type = "crosswalk_store"
    hook_name = "Crosswalk store"

    def __init__(self, conn_id: str = STORE_CONNECTION) -> None:
        super().__init__()
        self.conn_id = conn_id

    def url(self) -> str:
        """Return the database's SQLAlchemy address. Raises ConfigurationError CONN_HOST, CONN_EXTRA."""
        connection = read_connection(self.conn_id)
        extra, problems = read_extra(connection)
        if not extra.get("sqlite_path") and not connection.host:
            place = f"connection {self.conn_id}, Host"
            problems.append(Problem("CONN_HOST", place, "it is blank", "name the PostgreSQL server, or a SQLite file"))
        if problems:
            raise ConfigurationError.from_problems(f"checking connection {self.conn_id}", problems)
        if extra.get("sqlite_path"):
            return f"sqlite:///{extra['sqlite_path']}"
        login = quote(connection.login or "", safe="") + ":" + quote(connection.password or "", safe="")
        return f"postgresql+psycopg://{login}@{connection.host}:{connection.port or 5432}/{connection.schema or 'crosswalk'}"

    def engine(self) -> Engine:
        """Connect to the database, migrated or not."""
        from crosswalk.store.database import connect

        return connect(self.url())

    def store(self) -> Store:
        """Open the store. Raises ConfigurationError STORE_NOT_MIGRATED."""
        from crosswalk.store.migrate import require_current
        from crosswalk.store.store import Store

        engine = self.engine()
        require_current(engine)
        return Store(engine)

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the database can be reached and is at the version this code needs."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            self.store()
        except CrosswalkError as error:
            return False, str(error)
        except SQLAlchemyError as error:
            return False, f"the database cannot be reached ({type(error).__name__})"
        return True, "The store is reachable and at the current version."
