"""The way back into Airflow: addresses of its pages, and its own REST API called as the user who is signed in.

To trigger a DAG the console asks Airflow's API in the same process, with the credentials of the request it answers: Airflow checks the
permission, writes its audit log and notes the user, exactly as if they had pressed Trigger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import HTTPException, Request
from httpx import ASGITransport, AsyncClient

from crosswalk.store.runs import RunRow

if TYPE_CHECKING:
    from starlette.applications import Starlette

HOST = "crosswalk.airflow"
"""Key of the ASGI scope under which the plugin hands on the Airflow application the console is mounted in."""

TASK_GROUP = "account"
"""The task group every DAG maps over its accounts."""

_CREDENTIALS = ("authorization", "cookie", "referer")


def host(request: Request) -> Starlette:
    """Return the Airflow application the console is mounted in."""
    airflow: Starlette = request.scope[HOST]
    return airflow


def in_airflow(row: RunRow) -> bool:
    """Tell whether a run was begun by Airflow, not by the command line."""
    return row.map_index >= 0


def run_path(row: RunRow) -> str:
    """Address of the DAG run, below Airflow's root."""
    return f"/dags/{_part(row.dag_id)}/runs/{_part(row.run_id)}"


def task_path(row: RunRow, step: str) -> str:
    """Address of the task instance that did a step for the run's account."""
    return f"{run_path(row)}/tasks/{TASK_GROUP}.{step}/mapped/{row.map_index}"


def question_path(row: RunRow) -> str:
    """Address of the Required Action a held run waits for."""
    return f"{task_path(row, 'approve')}/required_actions"


async def trigger(request: Request, dag: str, conf: dict[str, Any]) -> str:
    """Trigger a DAG as the user of the request; returns the run's id. Raises HTTPException with Airflow's own status."""
    headers = {name: request.headers[name] for name in _CREDENTIALS if name in request.headers}
    async with AsyncClient(
        transport=ASGITransport(host(request)), base_url=str(request.base_url.replace(path="")), headers=headers
    ) as client:
        answer = await client.post(f"/api/v2/dags/{_part(dag)}/dagRuns", json={"logical_date": None, "conf": conf})
    if not answer.is_success:
        raise HTTPException(answer.status_code, f"Airflow did not start the run (it answered {answer.status_code})")
    return str(answer.json()["dag_run_id"])


def _part(text: str) -> str:
    return quote(text, safe="")
