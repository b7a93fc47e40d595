"""The DAGs as Airflow sees them: their shape, their hours across both clock changes, what loading them costs, what each has to have."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from airflow.serialization.serialized_objects import DagSerialization

from crosswalk.integrations.specs import integration_names, load_spec
from crosswalk.orchestration.retries import RETRY_POLICY
from dag_snapshots import DAGS, bag, schedule, shape

NAMES = sorted(path.stem for path in DAGS.glob("*.py"))
TAGS = {
    "crosswalk",
    "smartoffice",
    "fmg",
    "daily",
    "undo",
    "activities",
    "emoney",
    "weeknights",
    "on demand",
    "crm",
    "mindmatrix",
    "flex",
    "hourly",
    "carriers",
    "agent crm",
}
HEAVY = ("pandas", "great_expectations", "requests", "pyarrow", "lxml", "phonenumbers", "alembic", "crosswalk.store", "crosswalk.wire")
SPRING, AUTUMN = datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)


def same(path: Path, text: str, golden: bool) -> None:
    if golden:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_file_is_one_dag_of_its_name() -> None:
    assert bag().import_errors == {}
    assert sorted(bag().dags) == NAMES


@pytest.mark.parametrize("dag_id", NAMES)
@pytest.mark.requirement("CARD-4")
def test_the_shape_is_as_agreed(dag_id: str, golden: bool) -> None:
    same(Path(__file__).parent / f"{dag_id}.shape.txt", shape(dag_id), golden)


@pytest.mark.parametrize("dag_id", NAMES)
@pytest.mark.requirement("CARD-3")
def test_the_hours_are_as_agreed_across_both_clock_changes(dag_id: str, golden: bool) -> None:
    text = "Spring forward, 2026-03-08\n" + schedule(dag_id, SPRING, 5) + "\nFall back, 2026-11-01\n" + schedule(dag_id, AUTUMN, 5)
    same(Path(__file__).parent / f"{dag_id}.schedule.txt", text, golden)


@pytest.mark.parametrize("dag_id", NAMES)
def test_every_dag_is_documented_owned_tagged_and_tried_again(dag_id: str) -> None:
    dag = bag().dags[dag_id]
    assert len((DAGS / f"{dag_id}.py").read_text(encoding="utf-8").splitlines()) <= 60
    assert all(word in (dag.doc_md or "") for word in ("**What.**", "**When.**", "**When it fails.**", "**Owner.**"))
    assert set(dag.tags) <= TAGS
    assert "crosswalk" in dag.tags
    assert dag.catchup is False
    for task in dag.tasks:
        assert task.owner != "airflow"
        assert task.retries == 3
        assert task.retry_policy is RETRY_POLICY
        assert task.on_failure_callback
        assert task.pool == "default_pool", "a plain Airflow has no other pool"


@pytest.mark.requirement("SAFE-10")
@pytest.mark.parametrize("integration", integration_names())
def test_a_retry_is_offered_where_the_form_has_one(integration: str) -> None:
    spec = load_spec(integration)
    form = bag().dags[spec.dag].params
    assert ("accounts" in form and "rejected_only" in form and "records" in form) == spec.retry


@pytest.mark.parametrize("dag_id", NAMES)
def test_every_dag_can_be_stored(dag_id: str) -> None:
    stored = DagSerialization.to_dict(bag().dags[dag_id])
    again = DagSerialization.from_dict(stored)
    assert again.task_dict.keys() == bag().dags[dag_id].task_dict.keys()


def test_loading_all_files_is_cheap_and_reads_nothing() -> None:
    """In a process of its own: no heavy import, no variable, connection or file of ours, no environment of ours."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE, str(DAGS)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "heavy: [] read: []"


PROBE = f"""
import builtins, os, sys
from pathlib import Path
import airflow.sdk, airflow.dag_processing.dagbag
from airflow.sdk import BaseHook, Variable

before, read = set(sys.modules), []
BaseHook.get_connection = lambda *a, **k: read.append("connection")
Variable.get = lambda *a, **k: read.append("variable")
names = [name for name in {HEAVY!r} if name in sys.modules]
for name in names:
    del sys.modules[name]

def audit(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and arguments[0].endswith((".csv", ".toml", ".json")):
        read.append(Path(arguments[0]).name)

sys.addaudithook(audit)
folder = Path(sys.argv[1])
for path in sorted(folder.glob("*.py")):
    exec(compile(path.read_text(), str(path), "exec"), {{"__name__": path.stem}})
print("heavy:", [name for name in {HEAVY!r} if name in sys.modules], "read:", read)
"""
