"""Who may see what: a report belongs to the DAG of its integration, and Airflow decides who may read that DAG."""

from __future__ import annotations

from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import HTTPException, Request, status

from crosswalk.core.spec import integration_names, load_spec


def may_read(request: Request, integration: str, user: GetUserDep) -> None:
    """Let only signed-in users pass who may read the integration's DAG: 401, 403, and 404 for an unknown integration."""
    if integration not in integration_names():
        raise not_found()
    requires_access_dag("GET", param_dag_id=load_spec(integration).dag)(request, user)


def not_found() -> HTTPException:
    """The one answer for what is not there, is misspelt, or was never a name."""
    return HTTPException(status.HTTP_404_NOT_FOUND, "There is no such report")
