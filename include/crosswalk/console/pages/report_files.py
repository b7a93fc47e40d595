"""Files: those of a run's report, and the console's own style sheet and script."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from crosswalk.console.access import Read, may_read, not_found, signed_in
from crosswalk.console.open_resources import open_landing
from crosswalk.console.rendering import STATIC, static_file
from crosswalk.core.account_settings import ACCOUNT_NAME
from crosswalk.core.model import RunKey

FILES = {
    "report.html": "text/html; charset=utf-8",
    "report.json": "application/json",
    "rejected.csv": "text/csv; charset=utf-8",
    "plan.csv": "text/csv; charset=utf-8",
}
"""What of a report can be read, and as what."""

REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
"""Of a report's files, whose one page carries its own style: nothing of it may run, load or be guessed at."""

_STATIC_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
_MAX_SNAPSHOT = 2**31

reports = APIRouter(prefix="/reports/{integration}/{account}/{snapshot:int}", dependencies=[Depends(may_read)])
static = APIRouter(prefix="/static", dependencies=[Depends(signed_in)])


@reports.get("/{name}")
def report_file(spec: Read, account: str, snapshot: int, name: str) -> Response:
    """One file of a run's report: the page people read, the others as downloads."""
    if name not in FILES or not ACCOUNT_NAME.fullmatch(account) or not 0 < snapshot < _MAX_SNAPSHOT:
        raise not_found()
    folder = open_landing().report_folder(RunKey(spec.name, account, snapshot))
    if not folder.exists(name):
        raise not_found()
    headers = {"Content-Security-Policy": REPORT_POLICY}
    if name != "report.html":
        headers["Content-Disposition"] = f'attachment; filename="{spec.name}-{account}-{snapshot}-{name}"'
    return Response(folder.read_bytes(name), media_type=FILES[name], headers=headers)


@static.get("/{name}")
def static_content(name: str) -> Response:
    """The console's style sheet or its script; its address changes with its content."""
    if name not in STATIC:
        raise not_found()
    headers = {"Cache-Control": "private, max-age=86400"}
    return Response(static_file(name), media_type=_STATIC_TYPES[name.rpartition(".")[2]], headers=headers)
