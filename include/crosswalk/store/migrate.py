"""Bring the store's tables to this version, or refuse to work with others. Alembic is imported only to migrate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.schema import SetColumnComment, SetTableComment

from crosswalk.errors import operation
from crosswalk.store.database import not_migrated, place, reading, writing
from crosswalk.store.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "crosswalk_version"
HEAD = "0009"
_LOCK = 5_270_153_001
"""Advisory lock, any number that is ours: two migrations of one PostgreSQL database wait for each other."""


def migrate(engine: Engine) -> str:
    """Create or upgrade every table in one transaction; return the revision reached. Safe to repeat and to race.

    Raises ConfigurationError STORE_NOT_MIGRATED when the database is newer than this version of Crosswalk.
    """
    from alembic import command
    from alembic.util import CommandError

    config = alembic_config()
    with writing(engine, "migrating the store") as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise not_migrated(place(engine), "is at a revision this version does not know; install the newer Crosswalk") from None
        _comment(connection)
    return HEAD


def require_current(engine: Engine) -> None:
    """Raise ConfigurationError STORE_NOT_MIGRATED unless the tables are those of this version."""
    found = current_revision(engine)
    if found != HEAD:
        stands = f"is at revision {found}" if found else "has no tables"
        with operation("opening the store"):
            raise not_migrated(place(engine), f"{stands}, this version needs {HEAD}")


def current_revision(engine: Engine) -> str | None:
    """Read the revision of the database, None before the first migration."""
    with reading(engine, "reading the store's revision") as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608  # a constant
        return None if found is None else str(found)


def _comment(connection: Connection) -> None:
    """Write the comments of tables.py into the database, where it keeps comments; they need no revision."""
    if not connection.dialect.supports_comments:
        return
    for table in metadata.sorted_tables:
        connection.execute(SetTableComment(table))
        for column in table.columns:
            connection.execute(SetColumnComment(column))


def alembic_config() -> Config:
    """Build Alembic's configuration of the packaged migrations; no ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
