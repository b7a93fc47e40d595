"""The pages Crosswalk adds to the Airflow UI, under /crosswalk. Every route is behind Airflow's own login and permissions."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import cache

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from crosswalk.console.access import may_read, not_found
from crosswalk.core.model import RunKey
from crosswalk.errors import CrosswalkError

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""On every answer: nothing of a report may run, load or be guessed at."""

FILES = {
    "report.html": "text/html; charset=utf-8",
    "report.json": "application/json",
    "rejected.csv": "text/csv; charset=utf-8",
    "plan.csv": "text/csv; charset=utf-8",
}
"""What of a report can be read, and as what."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_MAX_SNAPSHOT = 2**31

reports = APIRouter(prefix="/reports/{integration}/{account}/{snapshot:int}", dependencies=[Depends(may_read)])


@reports.get("/{name}")
def report_file(integration: str, account: str, snapshot: int, name: str) -> Response:
    """One file of a run's report: the page people read, the others as downloads."""
    from crosswalk.orchestration.resources import open_landing

    if name not in FILES or not _NAME.fullmatch(account) or not 0 < snapshot < _MAX_SNAPSHOT:
        raise not_found()
    folder = open_landing().report_folder(RunKey(integration, account, snapshot))
    if not folder.exists(name):
        raise not_found()
    download = f'attachment; filename="{integration}-{account}-{snapshot}-{name}"'
    headers = {} if name == "report.html" else {"Content-Disposition": download}
    return Response(folder.read_bytes(name), media_type=FILES[name], headers=headers)


async def _with_headers(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    answer = await call(request)
    answer.headers.update(HEADERS)
    return answer


async def _unavailable(_: Request, error: Exception) -> Response:
    code = error.code if isinstance(error, CrosswalkError) else ""
    return JSONResponse({"code": code, "detail": str(error)}, status_code=503)


@cache
def application() -> FastAPI:
    """Build the console. It describes itself to nobody: no docs, no openapi."""
    app = FastAPI(title="Crosswalk", docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(_with_headers)
    app.add_exception_handler(CrosswalkError, _unavailable)
    app.include_router(reports)
    return app
