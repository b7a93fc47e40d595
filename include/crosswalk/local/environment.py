"""The embedded Airflow's settings: everything a laptop needs, below `.local/`, on ports nobody else uses. No Airflow import.

SQLite as Airflow's own database works only with care: a 60 s busy time-out, and few tasks at a time.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
import socket
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from crosswalk.errors import ConfigurationError


class WholeTransactions(sqlite3.Connection):
    """Begins a transaction before its first savepoint, as other databases do.

    Without it each savepoint is a transaction of its own, and one that reads before it writes cannot wait for another writer:
    creating a backfill would end in "database is locked", with half of its runs begun.
    """

    def cursor(self, factory: Any = None) -> Any:
        """Return a cursor that sees to it."""
        return super().cursor(factory or _Cursor)


class _Cursor(sqlite3.Cursor):
    def execute(self, sql: str, parameters: Any = ()) -> Self:
        if sql.startswith("SAVEPOINT") and not self.connection.in_transaction:
            super().execute("BEGIN IMMEDIATE")
        return super().execute(sql, parameters)


SQLITE_CONNECT_ARGS: dict[str, Any] = {"timeout": 60, "factory": WholeTransactions}
"""Named by [database] sql_alchemy_connect_args; without it parallel tasks end in "database is locked"."""

USERS = {"analyst": "viewer", "oncall": "user", "engineer": "op", "admin": "admin"}
"""The four log-ins of the embedded Airflow, and the role of each."""

CALLER = "oncall"
"""Whom `crosswalk run` signs in as."""

PARALLELISM = 4


@dataclass(frozen=True)
class Place:
    """Where the local stack lives: the project, and the folder for everything it makes (`.local/` in the project)."""

    root: Path
    local: Path

    @property
    def airflow_home(self) -> Path:
        return self.local / "airflow"

    @property
    def airflow_db(self) -> Path:
        return self.airflow_home / "airflow.db"

    @property
    def passwords(self) -> Path:
        return self.airflow_home / "passwords.json"

    @property
    def store(self) -> Path:
        return self.local / "store" / "crosswalk.db"

    @property
    def landing(self) -> Path:
        return self.local / "landing"

    @property
    def logs(self) -> Path:
        return self.local / "logs"


def find_place(start: Path | None = None) -> Place:
    """Find the project at or above `start` (default: the working directory). Raises ConfigurationError LOCAL_NO_PROJECT."""
    begin = (start or Path.cwd()).resolve()
    for folder in (begin, *begin.parents):
        if (folder / "pyproject.toml").is_file() and (folder / "dags").is_dir():
            return Place(folder, folder / ".local")
    raise ConfigurationError(
        "LOCAL_NO_PROJECT",
        operation="looking for the project folder",
        problem="no folder with pyproject.toml and dags at or above the working directory",
    )


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def kept_secret(place: Place, name: str) -> str:
    """Return this stack's own secret of that name, made once and kept in `.local/secrets.json`."""
    path = place.local / "secrets.json"
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if name not in kept:
        kept[name] = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        write_private(path, json.dumps(kept))
    return kept[name]


def passwords(place: Place) -> dict[str, str]:
    """Return the password of each user, made once; Airflow reads the same file."""
    if not place.passwords.exists():
        write_private(place.passwords, json.dumps({user: secrets.token_urlsafe(12) for user in USERS}))
    loaded: dict[str, str] = json.loads(place.passwords.read_text(encoding="utf-8"))
    return loaded


def airflow_environment(place: Place, *, port: int, connections: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Build the environment of every Airflow process of the local stack.

    Args:
        place: the project.
        port: of the API server.
        connections: connection id → Airflow's JSON form of it.
    """
    settings = {
        **_core(place, port),
        **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in connections.items()},
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))}
    bin_folder = str(Path(sys.executable).parent)
    path = os.pathsep.join([bin_folder, inherited.get("PATH", "")])
    return inherited | settings | {"PATH": path, "PYTHONWARNINGS": "ignore", "PYTHONUNBUFFERED": "1"}


def write_shell_file(place: Place, environment: dict[str, str]) -> Path:
    """Write `.local/env`: a shell that reads it uses the stack's Airflow and connections, and starts runs as on-call."""
    from crosswalk.orchestration.airflow_api import PASSWORD, URL, USER

    ours = {name: value for name, value in environment.items() if name.startswith("AIRFLOW")}
    ours |= {"_AIRFLOW_PROCESS_CONTEXT": "server", URL: environment["AIRFLOW__API__BASE_URL"]}
    ours |= {USER: CALLER, PASSWORD: passwords(place)[CALLER]}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in ours.items()]
    write_private(place.local / "env", "\n".join(lines) + "\n")
    return place.local / "env"


def _core(place: Place, port: int) -> dict[str, str]:
    passwords(place)
    return {
        "AIRFLOW_HOME": str(place.airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(place.root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(place.root / "plugins"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(PARALLELISM),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__FERNET_KEY": kept_secret(place, "fernet"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(place.passwords),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{place.airflow_db}",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS": f"{__name__}.SQLITE_CONNECT_ARGS",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS_ASYNC": f"{__name__}.SQLITE_CONNECT_ARGS",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": kept_secret(place, "api"),
        "AIRFLOW__API__INSTANCE_NAME": "Crosswalk",
        "AIRFLOW__API_AUTH__JWT_SECRET": kept_secret(place, "jwt"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(place.airflow_home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
