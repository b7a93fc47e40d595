"""A store on every database at hand: SQLite always, PostgreSQL when it is reachable, and in CI without excuse."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from crosswalk.core.model import RunKey
from crosswalk.store.database import connect
from crosswalk.store.migrate import VERSION_TABLE, migrate
from crosswalk.store.store import Store
from crosswalk.store.tables import metadata

POSTGRES = make_url(os.environ.get("CROSSWALK_TEST_POSTGRES", "postgresql+psycopg://root@127.0.0.1:5432/test"))


ADMIN = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2})


def _postgres_reachable() -> bool:
    try:
        with ADMIN.connect():
            return True
    except OperationalError:
        return False


def _databases() -> list[Any]:
    if os.environ.get("CI") == "true" or _postgres_reachable():
        return ["sqlite", "postgresql"]
    return [pytest.param("sqlite", id="sqlite_only_no_postgresql_reachable")]


def _run_as_admin(*statements: str) -> None:
    with ADMIN.connect() as connection:
        connection.exec_driver_sql("; ".join(statements))


@contextmanager
def _new_schema() -> Iterator[str]:
    schema = f"crosswalk_{uuid.uuid4().hex}"
    _run_as_admin(f"CREATE SCHEMA {schema}")
    yield POSTGRES.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    _run_as_admin(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(params=_databases())
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of the test's own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    with _new_schema() as address:
        yield address


@pytest.fixture(scope="session")
def copy_migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], None]]:
    """Fill an empty database with the tables of one that was migrated; much faster than to migrate each."""
    with ExitStack() as stack:
        address = cache(lambda kind: stack.enter_context(_migrated(kind, tmp_path_factory.mktemp("template"))))
        yield lambda url: _copy(address(make_url(url).get_backend_name()), url)


@contextmanager
def _migrated(kind: str, folder: Path) -> Iterator[str]:
    with nullcontext(f"sqlite:///{folder / 'store.db'}") if kind == "sqlite" else _new_schema() as address:
        engine = connect(address)
        migrate(engine)
        engine.dispose()
        yield address


def _copy(template: str, url: str) -> None:
    if template.startswith("sqlite"):
        shutil.copy(make_url(template).database or "", make_url(url).database or "")
        return
    old, new = (re.findall(r"crosswalk_[0-9a-f]{32}", address)[0] for address in (template, url))
    tables = [*metadata.tables, VERSION_TABLE]
    copies = [f"CREATE TABLE {new}.{table} (LIKE {old}.{table} INCLUDING ALL)" for table in tables]
    _run_as_admin(*copies, *(f"INSERT INTO {new}.{table} SELECT * FROM {old}.{table}" for table in ("audit_head", VERSION_TABLE)))


@pytest.fixture
def engine(url: str, copy_migrated: Callable[[str], None]) -> Iterator[Engine]:
    """A database with the tables of this version."""
    copy_migrated(url)
    engine = connect(url)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine)


@pytest.fixture
def sqlite_engine(tmp_path: Path, copy_migrated: Callable[[str], None]) -> Iterator[Engine]:
    """For properties over many orders of events, where the kind of database adds nothing but time."""
    url = f"sqlite:///{tmp_path / 'orders.db'}"
    copy_migrated(url)
    engine = connect(url)
    yield engine
    engine.dispose()


@pytest.fixture
def begin(store: Store) -> Callable[..., RunKey]:
    """Begin a run of the account; any argument of `Runs.begin` may be given."""

    def begin(account: str = "summit", **arguments: Any) -> RunKey:
        usual: dict[str, Any] = {"dag_id": "fmg_daily_sync", "run_id": "manual", "map_index": 0, "try_number": 1}
        usual |= {"interval_start": None, "interval_end": None, "dry_run": False, "settings_digest": "d" * 64}
        return store.runs.begin("smartoffice_to_fmg", account, **usual | arguments)

    return begin


@pytest.fixture
def at_once() -> Callable[[int, Callable[[int], Any]], list[Any]]:
    """Run work(number) in that many processes at once; return what they returned, an exception as its text."""

    def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
        context = multiprocessing.get_context("fork")
        barrier, answers = context.Barrier(count), context.SimpleQueue()

        def child(number: int) -> None:
            barrier.wait()
            try:
                answers.put(work(number))
            except BaseException as error:  # noqa: BLE001  # the parent looks at it
                answers.put(repr(error))

        processes = [context.Process(target=child, args=(number,)) for number in range(count)]
        for process in processes:
            process.start()
        found = [answers.get() for _ in processes]
        for process in processes:
            process.join()
        return found

    return at_once
