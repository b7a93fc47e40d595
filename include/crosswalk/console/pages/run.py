"""One run: what was read, checked, planned and done, with its plan record by record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse

from crosswalk.console.access import Read, acts, may_read, not_found
from crosswalk.console.open_resources import open_landing, open_store
from crosswalk.console.page_links import PageNumber, Paging
from crosswalk.console.pages.report_files import FILES
from crosswalk.console.rendering import page
from crosswalk.console.trend import bars
from crosswalk.core.account_settings import ACCOUNT_NAME
from crosswalk.core.model import RunKey, RunStatus
from crosswalk.features.linking.feature import candidates_of
from crosswalk.reports import plan_search as planned
from crosswalk.reports import wording
from crosswalk.reports.html import entities_of, reject_codes
from crosswalk.reports.plan_search import PlannedRecord, Search
from crosswalk.reports.publish import RULES
from crosswalk.reports.run_report import Report, from_json
from crosswalk.validation.outcomes import RuleResult

if TYPE_CHECKING:
    from crosswalk.landing.folder import Folder
    from crosswalk.landing.zone import LandingZone
    from crosswalk.store.runs import RunRow
    from crosswalk.store.store import Store

PER_PAGE = 50
MAX_SNAPSHOT = 2**31 - 1

router = APIRouter(dependencies=[Depends(may_read)], default_response_class=HTMLResponse)

Snapshot = Annotated[int, Path(ge=1, le=MAX_SNAPSHOT)]
Text = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True)
class RuleLine:
    """One rule of the run and how many records failed it in the runs before, oldest first, this one last; None: it was not there."""

    rule: RuleResult
    before: list[int | None]


@router.get("/runs/{integration}/{account}/{snapshot}")
def run(
    request: Request,
    account: str,
    snapshot: Snapshot,
    spec: Read,
    user: GetUserDep,
    entity: Text = "",
    outcome: Text = "",
    reason: Text = "",
    q: Text = "",
    number: PageNumber = 1,
) -> HTMLResponse:
    """The run's page."""
    store, zone = open_store(), open_landing()
    row = find_run(store, spec.name, account, snapshot)
    folder = zone.report_folder(row.key)
    names = folder.names()
    report = from_json(folder.read_bytes("report.json")) if "report.json" in names else Report(row.key, row.status.value)
    report.status = row.status.value
    earlier = [one for one in store.standings.recent(spec.name, [account])[account] if one.key.snapshot <= snapshot]
    wanted = Search(entity, outcome, reason, q)
    return page(
        request,
        "run.html.j2",
        row=row,
        spec=spec,
        report=report,
        wording=wording.STATUS[row.status],
        next_step=wording.next_step(report),
        delivered=row.status in (RunStatus.SUCCESS, RunStatus.PARTIAL),
        entities=entities_of(report),
        reject_codes=reject_codes(report),
        rules=_rules(zone, report, earlier),
        runs=bars(store.standings.recent(spec.name, [account])[account]),
        plan=_plan(folder, report, wanted, number) if f"{planned.PLAN}.parquet" in names else None,
        wanted=wanted,
        files=[name for name in FILES if name in names],
        reviews=bool(candidates_of(spec)) and acts(request, user, spec),
    )


def find_run(store: Store, integration: str, account: str, snapshot: int) -> RunRow:
    """Read a run; 404 when there is none."""
    row = store.runs.find(RunKey(integration, account, snapshot)) if ACCOUNT_NAME.fullmatch(account) else None
    if row is None:
        raise not_found()
    return row


@dataclass(frozen=True)
class Plan:
    """One page of a run's plan. reasons: records by outcome and reason."""

    records: Sequence[PlannedRecord]
    paging: Paging
    reasons: dict[tuple[str, str], int]


def _plan(folder: Folder, report: Report, wanted: Search, number: int) -> Plan:
    records, total = planned.search(folder, wanted, PER_PAGE, (number - 1) * PER_PAGE)
    paging = Paging(number, PER_PAGE, total)
    if paging.number != number:
        records, total = planned.search(folder, wanted, PER_PAGE, paging.first)
    return Plan([_with_sample(report, one) for one in records], paging, planned.reasons(folder))


def _with_sample(report: Report, record: PlannedRecord) -> PlannedRecord:
    """Show the masked fields of a new or a removed record where the report has them as an example."""
    if record.changes:
        return record
    ids = record.source_id, record.target_id
    found = (one for one in report.samples if (one.source_id, one.target_id) == ids and one.entity == record.entity)
    sample = next(found, None)
    return PlannedRecord(**{**vars(record), "changes": sample.changes}) if sample else record


def _rules(zone: LandingZone, report: Report, runs: Sequence[RunRow]) -> list[RuleLine]:
    before = [one for one in reversed(runs) if one.key != report.key]
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(copy_context().run, lambda row: _failures(zone.report_folder(row.key)), row) for row in before]
        results = [one.result() for one in found]
    lines = [RuleLine(one, [*(past.get(_name(vars(one))) for past in results), one.failed]) for one in report.rules]
    return sorted(lines, key=lambda line: -line.rule.failed)


def _failures(folder: Folder) -> dict[tuple[str, ...], int]:
    if not folder.exists(RULES):
        return {}
    return {_name(rule): int(rule["failed"]) for rule in json.loads(folder.read_bytes(RULES))}


def _name(rule: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(rule[part]) for part in ("entity", "column", "type", "code"))
