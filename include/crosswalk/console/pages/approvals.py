"""Runs that wait for a person, with what holds them and the way to the question in Airflow."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from crosswalk.console.access import Readable, readable
from crosswalk.console.open_resources import open_store
from crosswalk.console.page_links import PageNumber, Paging
from crosswalk.console.rendering import page

PER_PAGE = 25

router = APIRouter(dependencies=[Depends(readable)], default_response_class=HTMLResponse)


@router.get("/approvals")
def approvals(request: Request, specs: Readable, number: PageNumber = 1) -> HTMLResponse:
    """All held runs of the integrations the user may read, the one that waits longest first."""
    store, names = open_store(), [spec.name for spec in specs]
    paging = Paging(number, PER_PAGE, store.standings.count_held(names))
    return page(request, "approvals.html.j2", held=store.standings.held(names, PER_PAGE, paging.first), paging=paging)
