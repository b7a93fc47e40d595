"""Who may see and who may do what: everything belongs to the DAG of its integration, and Airflow decides about that DAG.

Reading asks for Airflow's permission to read the DAG, acting for its permission to trigger it. A route without one of these guards
does not exist: a test asks each of them without a login.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, HTTPException, Request, status

from crosswalk.console.configured import known_account, spec_of
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.features.linking.feature import candidates_of
from crosswalk.integrations.specs import integration_names

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod


def signed_in(user: GetUserDep) -> None:
    """Let any signed-in user pass: for what belongs to no integration, such as the style sheet. 401."""


def readable(request: Request, user: GetUserDep) -> tuple[IntegrationSpec, ...]:
    """Give the integrations whose DAG the user may read. 401, and 403 when there is none."""
    specs = tuple(spec for spec in map(spec_of, integration_names()) if _passes("GET", None, spec, request, user))
    if not specs:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Forbidden")
    return specs


def may_read(request: Request, integration: str, user: GetUserDep) -> IntegrationSpec:
    """Let only users pass who may read the integration's DAG: 401, 403, and 404 for an unknown integration."""
    if integration not in integration_names():
        raise not_found()
    spec = spec_of(integration)
    requires_access_dag("GET", param_dag_id=spec.dag)(request, user)
    return spec


def may_read_account(account: str, spec: Annotated[IntegrationSpec, Depends(may_read)]) -> IntegrationSpec:
    """Let only users pass who may read the integration's DAG, and only to an account there is or was; 404."""
    if not known_account(spec.name, account):
        raise not_found()
    return spec


def may_act(request: Request, integration: str, account: str, user: GetUserDep) -> IntegrationSpec:
    """Let only users pass who may trigger the integration's DAG, which includes that they may read it. As `may_read_account`."""
    spec = may_read_account(account, may_read(request, integration, user))
    requires_access_dag("POST", DagAccessEntity.RUN, param_dag_id=spec.dag)(request, user)
    return spec


def may_review(request: Request, integration: str, account: str, entity: str, user: GetUserDep) -> IntegrationSpec:
    """Let only users pass who may act, to records people link: those pages show personal data. As `may_act`; 404 for anything else."""
    spec = may_act(request, integration, account, user)
    if entity not in candidates_of(spec):
        raise not_found()
    return spec


def reviewing(
    request: Request, specs: Annotated[tuple[IntegrationSpec, ...], Depends(readable)], user: GetUserDep
) -> list[IntegrationSpec]:
    """Give the integrations whose records the user may link. 401, and 403 when there is none."""
    found = [spec for spec in specs if candidates_of(spec) and acts(request, user, spec)]
    if not found:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Forbidden")
    return found


def acts(request: Request, user: BaseUser, spec: IntegrationSpec) -> bool:
    """Tell whether to offer the user what `may_act` guards."""
    return _passes("POST", DagAccessEntity.RUN, spec, request, user)


def not_found() -> HTTPException:
    """The one answer for what is not there, is misspelt, or was never a name."""
    return HTTPException(status.HTTP_404_NOT_FOUND, "There is no such page")


def _passes(method: ResourceMethod, entity: DagAccessEntity | None, spec: IntegrationSpec, request: Request, user: BaseUser) -> bool:
    try:
        requires_access_dag(method, entity, param_dag_id=spec.dag)(request, user)
    except HTTPException as refusal:
        if refusal.status_code == status.HTTP_403_FORBIDDEN:
            return False
        raise
    return True


Readable = Annotated[tuple[IntegrationSpec, ...], Depends(readable)]
Read = Annotated[IntegrationSpec, Depends(may_read)]
ReadAccount = Annotated[IntegrationSpec, Depends(may_read_account)]
Act = Annotated[IntegrationSpec, Depends(may_act)]
Review = Annotated[IntegrationSpec, Depends(may_review)]
Reviewing = Annotated[list[IntegrationSpec], Depends(reviewing)]
