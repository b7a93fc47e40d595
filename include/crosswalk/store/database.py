"""Connections to the store, and the one place where database errors become ours.

`reading` and `writing` are the only doors: a SQLAlchemy exception never gets past them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crosswalk.errors import ConfigurationError, CrosswalkError, PermanentError, TransientError, operation

_WRITES = "crosswalk_writes"
_UNDEFINED_TABLE_OR_COLUMN = frozenset({"42P01", "42703"})
_WRONG_SETTING = (
    "unable to open database file",
    "readonly database",
    "not a database",
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "permission denied",
)


def connect(url: str | URL, *, busy_seconds: float = 60) -> Engine:
    """Open the store: `sqlite:////folder/file.db` or `postgresql+psycopg://…`. No statement is sent yet.

    Raises ConfigurationError STORE_URL or STORE_REFUSED.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _wrong_url("the address cannot be read") from None
    if parsed.get_backend_name() == "sqlite":
        return _connect_sqlite(parsed, busy_seconds)
    if parsed.drivername == "postgresql+psycopg":
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True, connect_args={"connect_timeout": 10})
    raise _wrong_url(f"the driver is {parsed.drivername}")


@contextmanager
def reading(engine: Engine, what: str) -> Iterator[Connection]:
    """Give a connection inside one read transaction; `what` names the operation. Raises as `translated`."""
    with operation(what), translated(engine), engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine, what: str) -> Iterator[Connection]:
    """Give a connection inside one write transaction, committed at the end, rolled back on any error; `what` names the operation.

    Raises as `translated`.
    """
    with operation(what), translated(engine), engine.execution_options(**{_WRITES: True}).begin() as connection:
        yield connection


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turn database errors into ours: TransientError STORE_UNAVAILABLE, ConfigurationError or PermanentError.

    The driver's own text stays behind: it may quote rows and addresses.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise _translate(error, place(engine)) from None


def place(engine: Engine) -> str:
    """Name the database without user, password or options."""
    url = engine.url
    return f"{url.get_backend_name()} store {url.host or ''}/{(url.database or '').lstrip('/')}"


def _translate(error: SQLAlchemyError, where: str) -> CrosswalkError:
    text = str(getattr(error, "orig", ""))
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
    kind = " ".join(filter(None, (type(getattr(error, "orig", None) or error).__name__, state)))
    if state in _UNDEFINED_TABLE_OR_COLUMN or "no such table" in text or "no such column" in text:
        return not_migrated(where, "lacks tables or columns of this version")
    if any(phrase in text for phrase in _WRONG_SETTING):
        return ConfigurationError("STORE_REFUSED", problem=f"the {where} refused the connection or the write ({kind})")
    if isinstance(error, OperationalError | PoolTimeout) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return TransientError("STORE_UNAVAILABLE", problem=f"the {where} is locked, full or out of reach ({kind})")
    return PermanentError("STORE_STATEMENT_REFUSED", problem=f"the {where} refused a statement ({kind})")


def not_migrated(where: str, found: str) -> ConfigurationError:
    """Build the error for a database whose tables are not those of this version."""
    return ConfigurationError("STORE_NOT_MIGRATED", problem=f"the {where} {found}")


def _wrong_url(found: str) -> ConfigurationError:
    return ConfigurationError("STORE_URL", operation="opening the store", problem=found)


def _connect_sqlite(url: URL, busy_seconds: float) -> Engine:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise _wrong_url("SQLite without a file does not outlive a task")
    _prepare_file(Path(url.database))
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": busy_seconds})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_file(path: Path) -> None:
    """Make the file for us alone. One that is there is not opened: to close it again would drop this process's locks on it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists():
            path.chmod(0o600)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return  # another process made it meanwhile, in the same way
    except OSError as error:
        raise ConfigurationError(
            "STORE_REFUSED",
            operation="opening the store",
            problem=f"the SQLite file cannot be created or opened ({error.strerror})",
            next_step="set the connection crosswalk_store to a path this user may write to",
        ) from None


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's recipe: the driver must not begin transactions of its own
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that starts as a reader and then writes fails at once when another writer is active; IMMEDIATE waits.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
