"""The catalog of errors, where every code on another page leads."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from crosswalk.console.access import readable
from crosswalk.console.rendering import page
from crosswalk.errors.catalog import RECOVERY, catalog

router = APIRouter(dependencies=[Depends(readable)], default_response_class=HTMLResponse)


@router.get("/errors")
def errors(request: Request) -> HTMLResponse:
    """Every code with its kind, meaning and next step; each row has its code as anchor."""
    return page(request, "errors.html.j2", recovery=RECOVERY, entries=catalog().values())
