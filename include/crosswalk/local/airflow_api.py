"""The local Airflow's API, as one of its users; with what only the demo and the tests need."""

from __future__ import annotations

import time
from typing import Any

import requests

from crosswalk.errors import TransientError
from crosswalk.local.environment import passwords
from crosswalk.local.stack import Stack
from crosswalk.orchestration.airflow_api import AirflowApi, SignIn

PARSE_SECONDS = 120


class LocalApi(AirflowApi):
    """One user of the local Airflow."""

    def __init__(self, stack: Stack, user: str = "engineer") -> None:
        super().__init__(SignIn(stack.url, user=user, password=passwords(stack.place)[user]))
        self._signed_out = False

    def sign_out(self) -> None:
        """Forget who we are."""
        self._signed_out = True

    def get(self, path: str) -> requests.Response:
        """Get anything of the server, whatever the answer."""
        headers = {} if self._signed_out else dict(self._signed_in().settings.headers)
        return requests.get(f"{self.url}/{path}", headers=headers, timeout=60, allow_redirects=False)

    def wait_for_dag(self, dag_id: str) -> dict[str, Any]:
        """Wait until the DAG was parsed; returns its details."""
        deadline = time.monotonic() + PARSE_SECONDS
        while time.monotonic() < deadline:
            if found := self.dag(dag_id):
                return found
            time.sleep(0.5)
        raise TransientError(
            "LOCAL_AIRFLOW",
            operation=f"waiting for DAG {dag_id}",
            problem=f"it was not there after {PARSE_SECONDS} s",
        )

    def unpause(self, dag_id: str) -> None:
        self.call("PATCH", f"dags/{dag_id}", {"is_paused": False})

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """The newest runs first."""
        return list(self.call("GET", f"dags/{dag_id}/dagRuns?order_by=-run_after&limit=20")["dag_runs"])

    def questions(self, dag_id: str) -> list[dict[str, Any]]:
        """The open questions of a DAG: what its Required Actions show."""
        details = self.call("GET", f"dags/{dag_id}/dagRuns/~/hitlDetails?response_received=false&limit=100")["hitl_details"]
        return [detail for detail in details if detail["task_instance"]["state"] == "awaiting_input"]

    def answer(self, question: dict[str, Any], *choices: str, form: dict[str, Any] | None = None) -> None:
        """Answer an open question, with its form filled in where it has one."""
        one = question["task_instance"]
        path = f"dags/{one['dag_id']}/dagRuns/{one['dag_run_id']}/taskInstances/{one['task_id']}/{one['map_index']}/hitlDetails"
        self.call("PATCH", path, {"chosen_options": list(choices), "params_input": form or {}})
