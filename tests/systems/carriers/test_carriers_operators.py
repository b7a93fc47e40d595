"""The tasks of the DAG over the demo's drop folder: a first hour, an hour without news, and one by hand; as Airflow executes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from crosswalk.features.inbound_files.file_log import FileLog
from crosswalk.local.control import Sandbox
from crosswalk.local.environment import Place
from crosswalk.local.scenarios.fmo import FMOS, FmoScenario
from crosswalk.orchestration.operators.agent_crm import AgentCrmLoadOperator
from crosswalk.orchestration.operators.carriers import CarriersExtractOperator
from crosswalk.orchestration.operators.steps import TransformOperator, ValidateOperator
from crosswalk.orchestration.resources import open_store
from crosswalk.store.migrate import migrate
from files_world import NAME, files_box

ACCOUNT = FMOS[0].account


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with files_box() as box:
        yield Sandbox(Place(Path(__file__).parents[3], tmp_path_factory.mktemp("local")), box.url)


@pytest.fixture
def connected(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The scenario's files and business, and its connections as the demo gives them to Airflow."""
    scenario = FmoScenario()
    scenario.open(sandbox)
    ours: dict[str, Any] = {
        "crosswalk_store": {"conn_type": "crosswalk_store", "extra": {"sqlite_path": str(tmp_path / "store.db")}},
        "crosswalk_landing": {"conn_type": "crosswalk_landing", "extra": {"url": f"file://{tmp_path / 'landing'}"}},
    }
    for name, value in {**ours, **scenario.connections(sandbox)}.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(value))
    from crosswalk.orchestration.resources import store_engine

    migrate(store_engine())
    return sandbox


def extract(run_type: str, **params: Any) -> dict[str, Any]:
    run = SimpleNamespace(run_type=run_type, conf={}, triggering_user_name=None)
    task = SimpleNamespace(dag_id="fmo_carrier_ingest", run_id=run_type, map_index=0, try_number=1)
    context: Any = {"dag_run": run, "ti": task, "params": {"dry_run": False, **params}}
    return CarriersExtractOperator(task_id="extract", integration=NAME, account=ACCOUNT).execute(context)


def deliver(handle: dict[str, Any]) -> dict[str, Any]:
    nothing: Any = {}
    for step in (ValidateOperator, TransformOperator, AgentCrmLoadOperator):
        handle = step(task_id="step", handle=handle).execute(nothing)
    return handle


@pytest.mark.requirement("ACRM-01", "CARD-4")
def test_files_are_taken_once_whoever_starts_the_run(connected: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    (connected.place.local / "drop" / ACCOUNT / "harborlight" / "notes.pdf").write_bytes(b"%PDF-1.7")
    handle = extract("scheduled")
    assert handle["files"] == {"taken": 3, "refused": 1}
    assert "FILES_REFUSED" in caplog.text
    assert deliver(handle)["accepted"] == 524
    written = FmoScenario().writes(connected)[ACCOUNT]
    for run_type in ("scheduled", "manual"):
        with pytest.raises(AirflowSkipException, match="no new file has arrived"):
            extract(run_type)
    assert FmoScenario().writes(connected)[ACCOUNT] == written
    assert [one.snapshot for one in FileLog(open_store().engine).log(NAME, ACCOUNT)] == [1, 1, 1, 1], "an hour without news takes no number"
