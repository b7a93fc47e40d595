from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from crosswalk.errors import ConfigurationError
from crosswalk.store.database import connect, writing
from crosswalk.store.migrate import HEAD, VERSION_TABLE, alembic_config, current_revision, migrate, require_current
from crosswalk.store.schema_docs import render
from crosswalk.store.tables import metadata


def test_the_revisions_build_the_tables_of_this_version(url: str) -> None:
    engine = connect(url)
    migrate(engine)
    with engine.connect() as connection:
        if engine.dialect.supports_comments:
            assert inspect(connection).get_table_comment("lease")["text"] == metadata.tables["lease"].comment
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_head_is_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    assert migrate(engine) == HEAD
    require_current(engine)


def test_migrations_may_race(url: str, at_once: Callable[..., list[Any]]) -> None:
    assert at_once(4, lambda _: migrate(connect(url))) == [HEAD] * 4
    require_current(connect(url))


def test_an_empty_database_is_not_current(url: str) -> None:
    engine = connect(url)
    assert current_revision(engine) is None
    with pytest.raises(ConfigurationError, match="has no tables") as raised:
        require_current(engine)
    assert raised.value.code == "STORE_NOT_MIGRATED"


@pytest.mark.parametrize("work", [migrate, require_current])
def test_a_newer_database_is_left_alone(engine: Engine, work: Callable[[Engine], object]) -> None:
    with writing(engine, "coming from the future") as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(ConfigurationError) as raised:
        work(engine)
    assert raised.value.code == "STORE_NOT_MIGRATED"
    assert current_revision(engine) == "9999"


def test_every_table_and_column_is_explained() -> None:
    assert all(table.comment and all(column.comment for column in table.columns) for table in metadata.tables.values())


def test_the_page_about_the_store_is_current() -> None:
    page = Path(__file__).parents[3] / "docs" / "store.md"
    assert page.read_text("utf-8") == render(), "run: python -m crosswalk.store.schema_docs > docs/store.md"
