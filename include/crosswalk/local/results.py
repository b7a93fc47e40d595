"""How each account of a demo ended, and whether that was expected."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crosswalk.core.model import RunStatus
from crosswalk.local.environment import Place
from crosswalk.local.scenario import Job

if TYPE_CHECKING:
    from crosswalk.store.runs import RunRow
    from crosswalk.store.store import Store

MAIN = "smartoffice_to_fmg"
NOTHING_NEW = "nothing new"
"""How an account ended that was skipped: there was nothing to do."""

_DELIVERED = {RunStatus.SUCCESS, RunStatus.PARTIAL}


@dataclass(frozen=True)
class Result:
    """How one account ended. contacts, groups: the whole source database; writes: write requests the target received."""

    account: str
    ended: str
    expected: str
    contacts: int = 0
    groups: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    rejected: int = 0
    writes: int = 0
    seconds: float = 0.0
    report: str = ""
    run_id: str = ""

    @property
    def changes(self) -> int:
        return self.created + self.updated + self.deleted

    @property
    def ok(self) -> bool:
        """Ended as expected, and nothing was written where nothing was to be."""
        quiet = self.ended != "delivered" or self.changes == 0
        return self.ended == self.expected and (self.writes == 0) == quiet

    def row(self) -> dict[str, object]:
        """What the table at the end shows."""
        shown = {name: value for name, value in asdict(self).items() if name not in ("expected", "report", "run_id")}
        return {**shown, "as expected": "yes" if self.ok else f"NO ({self.expected})"}


def shown(job: Job, account: str) -> str:
    """Name an account's row in the demo's table: the main job's by account, the others' with what is filled."""
    filled = "" if job.integration == MAIN else job.integration.partition("_to_")[2]
    return " ".join(filter(None, (account, filled, job.title)))


def read_result(place: Place, store: Store, job: Job, account: str, run_id: str, expected: str, writes: int) -> Result:
    """Read from the store how an account of an Airflow run ended."""
    row = next((row for row in store.runs.latest(job.integration, account) if row.run_id == run_id), None)
    name = shown(job, account)
    if row is None:
        return Result(name, "did not run", expected, writes=writes, run_id=run_id)
    plan = {name: sum(counts.get(name, 0) for counts in row.counts.get("plan", {}).values()) for name in _OUTCOMES}
    totals = row.counts.get("source_totals", {})
    return Result(
        name,
        _ended(row),
        expected,
        contacts=totals.get("contact", 0),
        groups=totals.get("group", 0),
        created=plan["create"],
        updated=plan["update"],
        deleted=plan["delete"],
        unchanged=plan["unchanged"],
        rejected=plan["rejected"],
        writes=writes,
        seconds=round(sum(row.durations.values()), 1),
        report=_report(place, row),
        run_id=run_id,
    )


def write_summary(place: Place, results: list[Result], seconds: float) -> Path:
    """Write `.local/demo/summary.json` for other programs; returns its path."""
    summary = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "ok": all(result.ok for result in results),
        "accounts": {result.account: {**asdict(result), "ok": result.ok} for result in results},
    }
    path = place.local / "demo" / "summary.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return path


_OUTCOMES = ("create", "update", "delete", "unchanged", "rejected")


def _ended(row: RunRow) -> str:
    if row.status in _DELIVERED:
        return "delivered"
    return row.error_code or row.status.value


def _report(place: Place, row: RunRow) -> str:
    from crosswalk.landing.zone import LandingZone

    return LandingZone.open(place.landing.as_uri()).report_folder(row.key).uri("report.html")
