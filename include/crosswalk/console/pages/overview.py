"""Every account at one look: those that wait for a person first. Also as a tab of a DAG, for its accounts alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from crosswalk.console.access import Readable, acts, readable
from crosswalk.console.account_overview import ORDERS, Standing, chosen, standings, tally
from crosswalk.console.configured import Configured, accounts_of
from crosswalk.console.open_resources import open_store
from crosswalk.console.page_links import PageNumber, Paging
from crosswalk.console.rendering import page
from crosswalk.console.trend import Bar, bars
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.features.linking.feature import candidates_of
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store

PER_PAGE = 50

router = APIRouter(dependencies=[Depends(readable)], default_response_class=HTMLResponse)

Text = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True)
class Line:
    """One account as the page shows it. counts: of the integration's main entity, by outcome."""

    standing: Standing
    short: str
    newest: RunRow | None
    read: int | None
    counts: dict[str, int]
    trend: list[Bar]


@router.get("/")
def overview(
    request: Request,
    specs: Readable,
    user: GetUserDep,
    integration: Text = "",
    status: Text = "",
    q: Text = "",
    sort: Text = "",
    number: PageNumber = 1,
) -> HTMLResponse:
    """All accounts of the integrations the user may read."""
    return _page(request, user, specs, integration=integration, status=status, q=q, sort=sort, number=number, dag="")


@router.get("/dags/{dag}")
def of_dag(
    request: Request,
    dag: str,
    specs: Readable,
    user: GetUserDep,
    status: Text = "",
    q: Text = "",
    sort: Text = "",
    number: PageNumber = 1,
) -> HTMLResponse:
    """The accounts a DAG works on: those of its integration. A DAG begins with its integration's short name."""
    ours = tuple(spec for spec in specs if dag == spec.dag or dag.startswith(f"{spec.short}_"))
    return _page(request, user, ours, integration="", status=status, q=q, sort=sort, number=number, dag=dag)


def _page(request: Request, user: BaseUser, specs: Sequence[IntegrationSpec], *, dag: str, number: int, **asked: str) -> HTMLResponse:
    store = open_store()
    configured = {spec.name: accounts_of(spec.name) for spec in specs}
    everyone = _standings(store, configured)
    found = chosen(everyone, integration=asked["integration"], status=asked["status"], text=asked["q"])
    found.sort(key=ORDERS.get(asked["sort"], ORDERS["attention"]))
    paging = Paging(number, PER_PAGE, len(found))
    return page(
        request,
        "overview.html.j2",
        lines=_lines(store, {spec.name: spec for spec in specs}, found[paging.first : paging.last]),
        paging=paging,
        asked=asked,
        dag=dag,
        specs=specs,
        reviewed={spec.name for spec in specs if candidates_of(spec) and acts(request, user, spec)},
        tally=tally(everyone),
        problems={name: one.problem for name, one in configured.items() if one.problem},
    )


def _standings(store: Store, configured: dict[str, Configured]) -> list[Standing]:
    newest, now = store.standings.newest(list(configured)), datetime.now(UTC)
    return [one for name, tables in configured.items() for one in standings(name, tables.accounts, newest, now)]


def _lines(store: Store, specs: dict[str, IntegrationSpec], shown: Sequence[Standing]) -> list[Line]:
    recent = {
        name: store.standings.recent(name, accounts)
        for name in specs
        if (accounts := [one.account for one in shown if one.integration == name])
    }
    return [_line(specs[one.integration], one, recent[one.integration][one.account]) for one in shown]


def _line(spec: IntegrationSpec, one: Standing, runs: list[RunRow]) -> Line:
    number = one.newest.snapshot if one.newest else None
    newest = next((row for row in runs if row.key.snapshot == number), None)
    counts: dict[str, Any] = newest.counts if newest else {}
    main = next(entity.name for entity in spec.entities if entity.main)
    return Line(one, spec.short, newest, counts.get("source_totals", {}).get(main), counts.get("plan", {}).get(main, {}), bars(runs))
