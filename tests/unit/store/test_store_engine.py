from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from crosswalk.errors import ConfigurationError, PermanentError, TransientError
from crosswalk.store.database import connect, place, reading, writing
from crosswalk.store.migrate import migrate
from crosswalk.store.store import Store


@pytest.fixture
def free_umask() -> Any:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_sqlite_files_are_private_whatever_the_umask(tmp_path: Path, free_umask: None) -> None:
    engine = connect(f"sqlite:///{tmp_path}/new/store.db")
    migrate(engine)
    files = sorted((tmp_path / "new").iterdir())
    assert [file.name for file in files] == ["store.db", "store.db-shm", "store.db-wal"]
    assert {mode(file) for file in files} == {0o600}
    assert mode(tmp_path / "new") == 0o700


def test_an_open_sqlite_file_is_made_private(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch(mode=0o644)
    connect(f"sqlite:///{path}")
    assert mode(path) == 0o600


def test_sqlite_waits_for_writers_and_keeps_foreign_keys(tmp_path: Path) -> None:
    with reading(connect(f"sqlite:///{tmp_path}/store.db"), "looking") as connection:
        found = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "busy_timeout", "foreign_keys")]
    assert found == ["wal", 60_000, 1]


def test_a_lock_that_stays_is_transient(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/store.db", busy_seconds=0.05)
    migrate(engine)
    with writing(engine, "holding the lock"), pytest.raises(TransientError) as raised:
        Store(engine).audit.append("login", "", "", "ann", {})
    assert raised.value.code == "STORE_UNAVAILABLE"
    assert "recording the audit event login" in str(raised.value)


def test_readers_are_not_held_up_by_a_writer(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/store.db", busy_seconds=0.05)
    migrate(engine)
    with writing(engine, "holding the lock") as connection:
        connection.execute(text("UPDATE audit_head SET position = 7"))
        assert Store(engine).audit.verify() == []


def test_a_full_disk_is_transient_and_leaves_nothing(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    with pytest.raises(TransientError) as raised, writing(engine, "filling the disk") as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        row = {"details": "x" * 2**20}
        connection.execute(text("INSERT INTO audit VALUES (1, '', '', '', '', '', :details, '', '')"), row)
    assert raised.value.code == "STORE_UNAVAILABLE"
    assert Store(engine).audit.verify() == []


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_text("no database at all, just text" * 9)])
def test_a_path_that_is_no_database_is_refused(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "store.db"
    make(path)
    with pytest.raises(ConfigurationError) as raised, reading(connect(f"sqlite:///{path}"), "looking") as connection:
        connection.execute(text("SELECT * FROM run"))
    assert raised.value.code == "STORE_REFUSED"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://ann:s3cret@db/x", "postgresql://ann:s3cret@db/x", "s3cret"])
def test_only_a_sqlite_file_or_psycopg_will_do(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        connect(url)
    assert raised.value.code == "STORE_URL"
    assert "s3cret" not in str(raised.value)


def test_a_server_out_of_reach_is_transient_and_no_password_shows() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        engine = connect(f"postgresql+psycopg://ann:s3cret@127.0.0.1:{taken.getsockname()[1]}/crm?application_name=s3cret")
        with pytest.raises(TransientError) as raised:
            Store(engine).runs.latest("smartoffice_to_fmg", "summit")
    assert raised.value.code == "STORE_UNAVAILABLE"
    assert "postgresql store 127.0.0.1/crm" in str(raised.value)
    assert "s3cret" not in str(raised.value) + repr(raised.value.__cause__) + place(engine)
    assert "ann" not in str(raised.value)


def test_a_database_without_tables_says_how_to_get_them(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Store(connect(url)).runs.latest("smartoffice_to_fmg", "summit")
    assert raised.value.code == "STORE_NOT_MIGRATED"
    assert "crosswalk store migrate" in str(raised.value)


def test_a_column_of_another_version_says_so(engine: Engine) -> None:
    with pytest.raises(ConfigurationError) as raised, writing(engine, "looking back") as connection:
        connection.execute(text("SELECT column_of_tomorrow FROM run"))
    assert raised.value.code == "STORE_NOT_MIGRATED"


@pytest.mark.requirement("SAFE-9")
def test_a_refused_statement_shows_no_value(engine: Engine) -> None:
    row = {"secret": "Quentin Canary"}
    with pytest.raises(PermanentError) as raised, writing(engine, "storing twice") as connection:
        for _ in range(2):
            connection.execute(text("INSERT INTO audit_head VALUES (2, 0, :secret)"), row)
    assert raised.value.code == "STORE_STATEMENT_REFUSED"
    assert raised.value.__cause__ is None
    assert "Canary" not in str(raised.value)


def test_a_failed_transaction_leaves_nothing(store: Store, engine: Engine) -> None:
    with pytest.raises(PermanentError), writing(engine, "half a change") as connection:
        connection.execute(text("UPDATE audit_head SET position = 7"))
        connection.execute(text("INSERT INTO audit_head VALUES (1, 7, '')"))
    assert store.audit.append("first", "", "", "ann", {}) == 1


HOLDER = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
store.execute("INSERT INTO seen VALUES (1)")
store.commit()
print("in", flush=True)
sys.stdin.read()
"""


@pytest.mark.requirement("SAFE-5")
def test_opening_a_store_again_does_not_lose_what_others_write(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    first = connect(f"sqlite:///{path}")
    with writing(first, "making a table") as connection:
        connection.execute(text("CREATE TABLE seen (number)"))
    connect(f"sqlite:///{path}")
    others = []
    for stays in (False, True):
        other = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert other.stdout
        assert other.stdout.readline() == b"in\n"
        others.append(other)
        if not stays:
            other.communicate()
    with reading(first, "counting") as connection:
        assert connection.execute(text("SELECT count(*) FROM seen")).scalar() == 2
    others[-1].communicate()
