"""The fate of one record over an account's last runs, for the command line and the console alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosswalk.reports import plan_search as planned
from crosswalk.reports.plan_search import PlannedRecord

if TYPE_CHECKING:
    from crosswalk.landing.zone import LandingZone
    from crosswalk.store.runs import RunRow
    from crosswalk.store.store import Store

RUNS = 30
"""Runs looked at unless told otherwise."""

_AT_ONCE = 8
"""Reports read at the same time; of use where each read is a request to object storage."""


@dataclass(frozen=True)
class Fate:
    """What one run planned for a record."""

    run: RunRow
    record: PlannedRecord


def fates(store: Store, zone: LandingZone, integration: str, account: str, source_id: str, runs: int = RUNS) -> list[Fate]:
    """Find what became of a source record in each of the account's last runs that made a plan, newest first."""
    rows = [row for row in store.runs.latest(integration, account, limit=runs) if row.plan_hash]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [pool.submit(copy_context().run, _of_run, zone, source_id, row) for row in rows]
        return [Fate(row, record) for row, records in zip(rows, found, strict=True) for record in records.result()]


def _of_run(zone: LandingZone, source_id: str, row: RunRow) -> list[PlannedRecord]:
    folder = zone.report_folder(row.key)
    return planned.find(folder, source_id) if folder.exists(f"{planned.PLAN}.parquet") else []
