"""How long the console takes to answer, on the server, with everything Airflow puts around it: middleware, login, permission.

    python benchmarks/console.py [--accounts 10000] [--records 30000] [--rejected 3000] [--review 100000] [--times 7] [--serve PORT]

Makes its world in a temporary folder, builds the API server in this process and asks each page. One JSON line a page. --serve keeps
that server up instead, to look at (log in as engineer, password engineer).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import review_world
from console_world import INTEGRATION, LARGE, LARGE_RUNS, make

from crosswalk.landing.zone import LandingZone
from crosswalk.store.database import connect
from crosswalk.store.store import Store

REVIEW = f"/review/{review_world.INTEGRATION}/{review_world.ACCOUNT}/contact"

PAGES = {
    "overview": "/",
    "overview, a status": "/?status=failed",
    "overview, text, by name": "/?q=office-0123&sort=account",
    "overview, last page": "/?page=200",
    "tab of the DAG": "/dags/fmg_daily_sync",
    "run": f"/runs/{INTEGRATION}/{LARGE}/{LARGE_RUNS}",
    "run, plan narrowed, page 20": f"/runs/{INTEGRATION}/{LARGE}/{LARGE_RUNS}?outcome=update&page=20",
    "run, one record of the plan": f"/runs/{INTEGRATION}/{LARGE}/{LARGE_RUNS}?q=Contact.7.29999",
    "rejected": f"/rejected/{INTEGRATION}/{LARGE}",
    "rejected, page 25": f"/rejected/{INTEGRATION}/{LARGE}?page=25",
    "rejected as CSV": f"/rejected/{INTEGRATION}/{LARGE}/rejected.csv",
    "rejected as XLSX": f"/rejected/{INTEGRATION}/{LARGE}/rejected.xlsx",
    "record, 30 runs": f"/record?integration={INTEGRATION}&account={LARGE}&id=Contact.7.25000",
    "record, changed in each": f"/record?integration={INTEGRATION}&account={LARGE}&id=Contact.7.13500",
    "approvals": "/approvals",
    "review, candidates found": f"{REVIEW}?tab=match",
    "review, last page": f"{REVIEW}?tab=match&page=1200",
    "review, 500 on a page": f"{REVIEW}?tab=new&size=500",
    "review, one record": f"{REVIEW}/record?id=10005&tab=match",
    "review, decisions": f"{REVIEW}/history",
    "report.json": f"/reports/{INTEGRATION}/{LARGE}/{LARGE_RUNS}/report.json",
}


def main() -> None:
    """Make the world, then measure or serve."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, number in (
        ("accounts", 10_000),
        ("records", 30_000),
        ("rejected", 3_000),
        ("review", 100_000),
        ("decided", 20_000),
        ("times", 7),
        ("serve", 0),
    ):
        parser.add_argument(f"--{name}", type=int, default=number)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crosswalk-console-") as folder:
        os.environ.update(_airflow(Path(folder)) | make(Path(folder), chosen.accounts, chosen.records, chosen.rejected))
        _review(Path(folder), chosen.review, chosen.decided)
        app = _application()
        if chosen.serve:
            import uvicorn

            uvicorn.run(app, host="127.0.0.1", port=chosen.serve, log_level="warning")
        else:
            _measure(app, chosen.times)


def _review(folder: Path, records: int, decided: int) -> None:
    """One more account in the same store and landing zone."""
    store = Store(connect(f"sqlite:///{folder / 'store.db'}"))
    review_world.make(folder, store, LandingZone.open(str(folder / "landing")), records, decided)


def _airflow(folder: Path) -> dict[str, str]:
    root = Path(__file__).parents[1]
    (folder / "passwords.json").write_text(json.dumps({"engineer": "engineer", "analyst": "analyst"}))
    return {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "engineer:op,analyst:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "AIRFLOW__API__SECRET_KEY": "only-for-this-measurement-0123456789",
        "AIRFLOW__API_AUTH__JWT_SECRET": "only-for-this-measurement-0123456789-0123456789-0123456789-0123456",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "_AIRFLOW_PROCESS_CONTEXT": "server",
    }


def _application() -> Any:
    """Airflow's API server with its database, its DAGs and our plugin, in this process."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    from airflow.api_fastapi.app import create_app
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.utils.db import initdb

    initdb()
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]), "dags-folder", None)
    return create_app(apps="core")


def _measure(app: Any, times: int) -> None:
    from fastapi.testclient import TestClient

    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        token = client.post("/auth/token", json={"username": "engineer", "password": "engineer"}).json()["access_token"]
        client.cookies["_token"] = token
        for name, path in PAGES.items():
            taken, worked, size = [], [], 0
            for _ in range(times + 1):
                started, busy = time.perf_counter(), time.process_time()
                answer = client.get(f"/crosswalk{path}")
                taken.append(1000 * (time.perf_counter() - started))
                worked.append(1000 * (time.process_time() - busy))
                size = len(answer.content)
                if answer.status_code != 200:
                    raise SystemExit(f"{path} answered {answer.status_code}: {answer.text[:2000]}")
            first, *again = taken
            figures = {
                "first_ms": first,
                "median_ms": statistics.median(again),
                "most_ms": max(again),
                "cpu_ms": statistics.median(worked),
                "kb": size / 1024,
            }
            print(json.dumps({"page": name, **{key: round(value, 1) for key, value in figures.items()}}), flush=True)


if __name__ == "__main__":
    main()
