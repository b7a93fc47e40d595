"""One source record: what became of it in each of the last runs, why it was rejected, and what the target last acknowledged."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from crosswalk.console.access import Readable, not_found, readable
from crosswalk.console.configured import accounts_of
from crosswalk.console.open_resources import open_landing, open_store
from crosswalk.console.rendering import page
from crosswalk.core.account_settings import ACCOUNT_NAME
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.reports.record_history import RUNS, fates

router = APIRouter(dependencies=[Depends(readable)], default_response_class=HTMLResponse)

MOST_OFFERED = 200
"""Account names the form proposes while typing; any other can be typed."""


@router.get("/record")
def record(
    request: Request,
    specs: Readable,
    integration: Annotated[str, Query(max_length=63)] = "",
    account: Annotated[str, Query(max_length=63)] = "",
    source_id: Annotated[str, Query(alias="id", max_length=200)] = "",
) -> HTMLResponse:
    """The form, and below it the record asked for."""
    asked = {"integration": integration, "account": account.strip(), "id": source_id.strip()}
    spec = next((one for one in specs if one.name == integration), None)
    if integration and spec is None:
        raise not_found()
    names = [name for one in specs for name in accounts_of(one.name).accounts][:MOST_OFFERED]
    found = _found(spec, asked["account"], asked["id"]) if spec and asked["id"] and ACCOUNT_NAME.fullmatch(asked["account"]) else None
    return page(request, "record.html.j2", specs=specs, names=names, asked=asked, found=found, runs=RUNS)


def _found(spec: IntegrationSpec, account: str, source_id: str) -> dict[str, object]:
    store = open_store()
    return {
        "fates": fates(store, open_landing(), spec.name, account, source_id),
        "rejections": store.rejected.of_record(spec.name, account, source_id),
        "acknowledged": store.ledger.acknowledged(spec.name, account, source_id, [entity.name for entity in spec.entities]),
    }
