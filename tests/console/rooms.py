"""A store, a landing zone and accounts of a test's own, and how the console is led to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crosswalk.core.model import RunKey
from crosswalk.landing.zone import LandingZone
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.store import Store

DAG, INTEGRATION = "fmg_daily_sync", "smartoffice_to_fmg"
SignIn = Callable[..., Any]
"""Opens a browser with the session of a user of this role; "" for nobody."""


def connections(store: Path, landing: Path, accounts: Path) -> dict[str, str]:
    """The environment that leads the console to these."""
    return {
        "AIRFLOW_CONN_CROSSWALK_STORE": json.dumps({"conn_type": "crosswalk_store", "extra": {"sqlite_path": str(store)}}),
        "AIRFLOW_CONN_CROSSWALK_LANDING": json.dumps({"conn_type": "crosswalk_landing", "extra": {"url": str(landing)}}),
        "CROSSWALK_ACCOUNTS": str(accounts),
    }


def accounts_file(folder: Path, *names: str, **settings: str) -> None:
    """Write fmg.toml with these accounts."""
    lines = {"scope": "all", "frequency": "daily", **settings}
    rest = "".join(f'{key} = "{value}"\n' for key, value in lines.items())
    text = "\n".join(f'[{name}]\nsource = "smartoffice_{name}"\ntarget = "fmg_{name}"\n{rest}' for name in names)
    (folder / "fmg.toml").write_text(text, encoding="utf-8")


class Rooms:
    """A store and a landing zone of the test's own, known to the console."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        engine = connect(f"sqlite:///{folder / 'store.db'}")
        migrate(engine)
        self.store, self.zone = Store(engine), LandingZone.open(str(folder / "landing"))

    def environment(self) -> dict[str, str]:
        return connections(self.folder / "store.db", self.folder / "landing", self.folder)


def begin(store: Store, account: str = "summit", **given: object) -> RunKey:
    """Begin a run as the scheduler does; returns its key."""
    usual: dict[str, object] = {"dag_id": DAG, "run_id": "scheduled__1", "map_index": 0, "try_number": 1, "dry_run": False}
    usual |= {"interval_start": None, "interval_end": None, "settings_digest": "d" * 64}
    integration = str(given.pop("integration", INTEGRATION))
    return store.runs.begin(integration, account, **(usual | given))  # type: ignore[arg-type]
