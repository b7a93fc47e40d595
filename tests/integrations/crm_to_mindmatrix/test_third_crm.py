"""Through Airflow's connections: the two CRMs of the local world, and a third that is one folder in systems/ and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import crosswalk
from crosswalk.local.control import Sandbox
from crosswalk.local.environment import Place
from crosswalk.local.scenarios.mindmatrix import MindmatrixScenario
from crosswalk.sandbox.server import SandboxServer

HERE = Path(__file__).parent
THIRD = '\n[third]\nsystem = "thirdcrm"\nsource = "third"\ntarget = "mindmatrix_third"\nfilter_values = ["Client"]\nfrequency = "manual"\n'


def person(number: int, **fields: str) -> dict[str, str]:
    base = {"mail": f"p{number}@example.test", "surname": f"P{number}", "enabled": "true", "firm": "1", "firm.closed": "false"}
    return {"source_id": str(number), **base, "firm.kind": "7", **fields}


@pytest.mark.requirement("MIND-01")
def test_a_third_crm_is_a_folder_and_nothing_else(crm_box: SandboxServer, tmp_path: Path) -> None:
    sandbox, scenario = Sandbox(Place(tmp_path, tmp_path / "local"), crm_box.url), MindmatrixScenario()
    scenario.open(sandbox)
    sandbox.call("POST", "/mindmatrix/organizations", {"organization": "MM-3003", "api_key": sandbox.secret("mindmatrix")})
    connections = scenario.connections(sandbox)
    connections["mindmatrix_third"] = json.loads(json.dumps(connections["mindmatrix_northwind"]))
    connections["mindmatrix_third"]["extra"]["organization"] = "MM-3003"
    people = [person(1), person(2, enabled="false"), person(3, **{"firm.kind": "8"}), person(4, **{"firm.closed": "true"}), person(5)]
    (tmp_path / "people.json").write_text(json.dumps({"contacts": people, "kinds": {"7": "Client", "8": "Other"}}), encoding="utf-8")
    connections["third"] = {"conn_type": "thirdcrm", "extra": {"file": str(tmp_path / "people.json")}}
    connections["crosswalk_store"] = {"conn_type": "crosswalk_store", "extra": {"sqlite_path": str(tmp_path / "store.db")}}
    connections["crosswalk_landing"] = {"conn_type": "crosswalk_landing", "extra": {"url": (tmp_path / "landing").as_uri()}}

    package = Path(crosswalk.__file__).parent
    shutil.copytree(package, tmp_path / "lib" / "crosswalk", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HERE / "thirdcrm", tmp_path / "lib" / "crosswalk" / "systems" / "thirdcrm")
    (tmp_path / "accounts").mkdir()
    packaged = (package.parent / "accounts" / "mindmatrix.toml").read_text(encoding="utf-8")
    (tmp_path / "accounts" / "mindmatrix.toml").write_text(packaged + THIRD, encoding="utf-8")

    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_CONN")}
    environment |= {f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in connections.items()}
    environment |= {"PYTHONPATH": str(tmp_path / "lib"), "CROSSWALK_ACCOUNTS": str(tmp_path / "accounts")}
    command = [sys.executable, str(HERE / "third_crm.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    came = json.loads(done.stdout.splitlines()[-1])
    assert came["third"] == ["success", {"create": 2, "excluded": 3}]
    form = came.pop("form")
    assert form[:4] == ["thirdcrm", "Third CRM", ["file"], True]
    assert "5 contacts" in form[4]
    assert all(came[name][0] == "success" and came[name][1]["create"] > 200 for name in ("northwind", "contoso")), came
