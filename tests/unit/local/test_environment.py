"""The embedded Airflow's settings, and the deployment files."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from sqlalchemy import create_engine, text

from crosswalk.errors import ConfigurationError
from crosswalk.local import environment
from crosswalk.local.environment import Place, airflow_environment, find_place, kept_secret, passwords, write_shell_file
from crosswalk.local.results import Result

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(ROOT, tmp_path / "local")


def test_the_project_is_found_from_inside() -> None:
    assert find_place(ROOT / "include" / "crosswalk").root == ROOT
    with pytest.raises(ConfigurationError, match="LOCAL_NO_PROJECT"):
        find_place(Path("/"))


def test_sqlite_waits_and_few_tasks_run_at_a_time(place: Place) -> None:
    built = airflow_environment(place, port=1234, connections={})
    assert built["AIRFLOW__CORE__PARALLELISM"] == "4"
    module, _, name = built["AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS"].rpartition(".")
    assert module == environment.__name__
    assert getattr(environment, name)["timeout"] == 60


def test_nothing_of_another_airflow_leaks_in(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_FMG_SUMMIT", "fmg://production")
    built = airflow_environment(place, port=1234, connections={"crosswalk_store": {"conn_type": "crosswalk_store"}})
    assert built["AIRFLOW_HOME"] == str(place.airflow_home)
    assert built["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "AIRFLOW_CONN_FMG_SUMMIT" not in built
    assert json.loads(built["AIRFLOW_CONN_CROSSWALK_STORE"]) == {"conn_type": "crosswalk_store"}


@pytest.mark.requirement("SAFE-9")
def test_secrets_are_made_once_and_private(place: Place) -> None:
    names = ("fernet", "jwt", "fmg")
    first = {name: kept_secret(place, name) for name in names}, passwords(place)
    assert ({name: kept_secret(place, name) for name in names}, passwords(place)) == first
    shell = write_shell_file(place, airflow_environment(place, port=1, connections={}))
    for path in (place.local / "secrets.json", place.passwords, shell):
        assert path.stat().st_mode & 0o077 == 0
    assert len({*first[0].values(), *first[1].values()}) == len(first[0]) + len(first[1])


def test_a_shell_can_read_what_is_kept_for_it(place: Place) -> None:
    odd = {"AIRFLOW_CONN_X": json.dumps({"password": 'it\'s $HOME `id` "x"'})}
    shell = write_shell_file(place, {**odd, "AIRFLOW__API__BASE_URL": "http://127.0.0.1:1"})
    read = subprocess.run(["/bin/sh", "-c", f'. {shell}; printf %s "$AIRFLOW_CONN_X"'], capture_output=True, text=True, check=True)
    assert read.stdout == odd["AIRFLOW_CONN_X"]


@pytest.mark.parametrize(
    ("result", "ok"),
    [
        (Result("a", "delivered", "delivered", created=3, writes=2), True),
        (Result("a", "delivered", "delivered", unchanged=3, writes=0), True),
        (Result("a", "delivered", "delivered", unchanged=3, writes=1), False),
        (Result("a", "delivered", "delivered", created=3, writes=0), False),
        (Result("a", "held", "held", created=3, deleted=37, writes=0), True),
        (Result("a", "held", "held", created=3, writes=1), False),
        (Result("a", "held", "delivered"), False),
        (Result("a", "LIMIT_CONTACTS", "LIMIT_CONTACTS", writes=0), True),
    ],
)
def test_the_demo_is_honest_about_writes(result: Result, ok: bool) -> None:
    assert result.ok is ok


def test_compose_has_no_default_for_a_secret_and_checks_what_runs() -> None:
    text = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
    secrets = set(re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|KEY)\w*)", text))
    assert secrets == set(re.findall(r"\$\{(\w+):\?", text))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert all(re.search(rf"^{name}=$", example, re.MULTILINE) for name in secrets)
    running = {name: one for name, one in COMPOSE["services"].items() if name not in ("init", "sandbox")}
    assert all("healthcheck" in one for one in running.values())
    assert not any(str(port).startswith("0.0.0.0") for one in running.values() for port in one.get("ports", []))


@pytest.mark.requirement("CARD-2")
def test_the_image_installs_the_package_for_every_service() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert "FROM apache/airflow:3.3.2-python3.11" in lines
    assert any(line.startswith("RUN pip install") and line.endswith("-e .") for line in lines)
    services = [COMPOSE["services"][name] for name in ("init", "api-server", "scheduler", "dag-processor", "sandbox")]
    assert {service["image"] for service in services} == {"crosswalk:local"}


def test_a_savepoint_in_airflows_database_is_part_of_a_transaction(tmp_path: Path) -> None:
    """As Airflow creates a backfill: a read and a write in each of many savepoints, while others write."""
    engine = create_engine(f"sqlite:///{tmp_path / 'airflow.db'}", connect_args=environment.SQLITE_CONNECT_ARGS)
    with engine.begin() as setup:
        setup.execute(text("PRAGMA journal_mode=WAL"))
        setup.execute(text("CREATE TABLE dag_run (id)"))
    with engine.connect() as connection:
        with connection.begin():
            with connection.begin_nested():
                connection.execute(text("SELECT count(*) FROM dag_run"))
                with (
                    closing(sqlite3.connect(tmp_path / "airflow.db", timeout=0)) as other,
                    pytest.raises(sqlite3.OperationalError, match="locked"),
                ):
                    other.execute("INSERT INTO dag_run VALUES (2)")
                connection.execute(text("INSERT INTO dag_run VALUES (1)"))
            with closing(sqlite3.connect(tmp_path / "airflow.db")) as other:
                assert other.execute("SELECT count(*) FROM dag_run").fetchone() == (0,), "nobody sees half of it"
        assert connection.execute(text("SELECT count(*) FROM dag_run")).scalar() == 1
    engine.dispose()
