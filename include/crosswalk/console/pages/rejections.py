"""What does not travel: by reason, record by record, as a download, and tried again."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from crosswalk.console.access import Act, ReadAccount, acts, may_act, may_read_account
from crosswalk.console.airflow import trigger
from crosswalk.console.forms import require_token
from crosswalk.console.open_resources import open_store
from crosswalk.console.page_links import PageNumber, Paging
from crosswalk.console.rendering import page, query
from crosswalk.reports.spreadsheets import rejected_rows_csv, rejected_rows_xlsx
from crosswalk.store.rejected import RejectedRow, Wanted

PER_PAGE = 100
MAX_RECORDS = 1000
"""Records one retry can name; the trigger form's own limit."""

_PATH = "/rejected/{integration}/{account}"

router = APIRouter()
pages = APIRouter(prefix=_PATH, dependencies=[Depends(may_read_account)], default_response_class=HTMLResponse)
files = APIRouter(prefix=_PATH, dependencies=[Depends(may_read_account)])
actions = APIRouter(prefix=_PATH, dependencies=[Depends(may_act), Depends(require_token)])

Text = Annotated[str, Query(max_length=200)]


def asked(code: Text = "", field: Text = "", q: Text = "") -> Wanted:
    """Read from the address which rejections are looked at."""
    return Wanted(code, field, q)


Asked = Annotated[Wanted, Depends(asked)]


@pages.get("")
def rejected(
    request: Request,
    account: str,
    spec: ReadAccount,
    user: GetUserDep,
    wanted: Asked,
    number: PageNumber = 1,
    started: Text = "",
) -> HTMLResponse:
    """The records of an account that are rejected now."""
    store = open_store()
    paging = Paging(number, PER_PAGE, store.rejected.count(spec.name, account, wanted))
    return page(
        request,
        "rejected.html.j2",
        user=user,
        spec=spec,
        account=account,
        wanted=wanted,
        reasons=store.rejected.reasons(spec.name, account),
        rows=store.rejected.search(spec.name, account, wanted, PER_PAGE, paging.first),
        paging=paging,
        may_retry=spec.retry and acts(request, user, spec),
        started=started,
    )


@files.get("/rejected.csv")
def as_csv(account: str, spec: ReadAccount, wanted: Asked) -> Response:
    """The same records as a table for a spreadsheet."""
    return _download(rejected_rows_csv(_rows(spec.name, account, wanted)), "text/csv; charset=utf-8", f"{spec.name}-{account}-rejected.csv")


@files.get("/rejected.xlsx")
def as_xlsx(account: str, spec: ReadAccount, wanted: Asked) -> Response:
    """The same records as a workbook."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _download(rejected_rows_xlsx(_rows(spec.name, account, wanted)), kind, f"{spec.name}-{account}-rejected.xlsx")


@actions.post("/retry")
async def retry(request: Request, account: str, spec: Act) -> RedirectResponse:
    """Start a run of the account for its rejected records alone: those named, or all."""
    if not spec.retry:
        raise HTTPException(400, f"{spec.dag} delivers no records alone because they were rejected")
    form = await request.form()
    named = [str(form["one"])] if "one" in form else list(dict.fromkeys(map(str, form.getlist("record"))))
    conf: dict[str, Any] = {"accounts": [account], "rejected_only": True}
    if "all" not in form:
        if not 0 < len(named) <= MAX_RECORDS:
            raise HTTPException(400, "No record was chosen: tick some, or retry all")
        conf["records"] = named
    started = await trigger(request, spec.dag, conf)
    address = f"{request.scope['root_path']}/rejected/{spec.name}/{account}"
    return RedirectResponse(f"{address}{query(started=started)}", status_code=303)


def _rows(integration: str, account: str, wanted: Wanted) -> list[RejectedRow]:
    return open_store().rejected.search(integration, account, wanted)


def _download(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


for _part in (pages, files, actions):
    router.include_router(_part)
