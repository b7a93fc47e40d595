"""The few calls of Airflow's REST API the demo and the tests need."""

from __future__ import annotations

import time
from typing import Any

import requests

from crosswalk.errors import TransientError
from crosswalk.local.environment import passwords
from crosswalk.local.stack import Stack

PARSE_SECONDS = 120


class AirflowApi:
    """One user signed in to the local Airflow."""

    def __init__(self, stack: Stack, user: str = "engineer") -> None:
        self.url = stack.url
        self._session = requests.Session()
        answer = self._session.post(f"{self.url}/auth/token", json={"username": user, "password": passwords(stack.place)[user]}, timeout=60)
        _require(answer, "signing in")
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def sign_out(self) -> None:
        """Forget who we are."""
        del self._session.headers["Authorization"]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the API below /api/v2. Raises TransientError LOCAL_AIRFLOW."""
        answer = self._session.request(method, f"{self.url}/api/v2/{path}", json=body, timeout=60)
        _require(answer, f"{method} {path.partition('?')[0]}")
        read: dict[str, Any] = answer.json()
        return read

    def get(self, path: str) -> requests.Response:
        """Get anything of the server, whatever the answer."""
        return self._session.get(f"{self.url}/{path}", timeout=60, allow_redirects=False)

    def wait_for_dag(self, dag_id: str) -> dict[str, Any]:
        """Wait until the DAG was parsed; returns its details."""
        deadline = time.monotonic() + PARSE_SECONDS
        while time.monotonic() < deadline:
            answer = self.get(f"api/v2/dags/{dag_id}")
            if answer.ok:
                return dict(answer.json())
            time.sleep(0.5)
        raise TransientError(
            "LOCAL_AIRFLOW",
            doing=f"waiting for DAG {dag_id}",
            found=f"it was not there after {PARSE_SECONDS} s",
            fix="run `airflow dags list-import-errors`, or read .local/logs/dag-processor.log",
        )

    def unpause(self, dag_id: str) -> None:
        self.call("PATCH", f"dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run; returns its id."""
        return str(self.call("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf or {}})["dag_run_id"])

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """The newest runs first."""
        return list(self.call("GET", f"dags/{dag_id}/dagRuns?order_by=-run_after&limit=20")["dag_runs"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """All task instances of a run."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100&offset={len(found)}")
            found += page["task_instances"]
            if len(found) >= page["total_entries"] or not page["task_instances"]:
                return found

    def returned(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Any:
        """What a task handed over; None while it has not ended well."""
        entry = f"taskInstances/{task_id}/xcomEntries/return_value?map_index={map_index}"
        answer = self.get(f"api/v2/dags/{dag_id}/dagRuns/{run_id}/{entry}")
        return answer.json()["value"] if answer.ok else None

    def questions(self, dag_id: str) -> list[dict[str, Any]]:
        """The open questions of a DAG: what its Required Actions show."""
        details = self.call("GET", f"dags/{dag_id}/dagRuns/~/hitlDetails?response_received=false&limit=100")["hitl_details"]
        return [detail for detail in details if detail["task_instance"]["state"] == "awaiting_input"]

    def answer(self, question: dict[str, Any], choice: str) -> None:
        """Answer an open question: "Approve" or "Reject"."""
        one = question["task_instance"]
        path = f"dags/{one['dag_id']}/dagRuns/{one['dag_run_id']}/taskInstances/{one['task_id']}/{one['map_index']}/hitlDetails"
        self.call("PATCH", path, {"chosen_options": [choice], "params_input": {}})


def _require(answer: requests.Response, doing: str) -> None:
    if not answer.ok:
        found = f"Airflow answered {answer.status_code}"
        raise TransientError("LOCAL_AIRFLOW", doing=doing, found=found, fix="read .local/logs/api-server.log")
