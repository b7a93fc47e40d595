"""Nights before today: which there were, what was landed in them, and the backfills that look at them again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.engine.context import Run, Trigger
from crosswalk.engine.extract import extract
from crosswalk.engine.load import load
from crosswalk.engine.transform import transform
from crosswalk.engine.validate import validate
from crosswalk.errors import PermanentError
from crosswalk.local.sandbox_world import connections
from crosswalk.local.scenarios.fmg import Office
from crosswalk.orchestration import resources
from crosswalk.orchestration.task_runs import open_account
from crosswalk.store.runs import RunRow
from dags.accidents import delivered_contact, fault
from dags.night import DAG, INTEGRATION, STEPS, Night, real_airflow

UNDO = "fmg_undo"
NEW_YORK = ZoneInfo("America/New_York")

OFFICES = (
    Office("alder", 1, 60, 6, 0, "delivered"),
    Office("birch", 2, 40, 4, 0, "delivered"),
    Office("cedar", 3, 40, 4, 0, "delivered"),
    Office("dogwood", 4, 40, 4, 0, "delivered"),
)
NEWCOMER = {"LastName": "Quill", "FirstName": "Ada", "PreferredEmail.Address": "ada.quill@@example.test"}
LANDED = [(0, "alder"), (0, "cedar"), (0, "dogwood"), (5, "alder"), (5, "birch"), (9, "alder")]
"""Which of the last 14 nights were landed, and for whom."""


@dataclass(frozen=True, order=True)
class Past:
    """A past night: the 23, 24 or 25 hours from 5:00 to 5:00 in New York, as instants in UTC."""

    start: datetime
    end: datetime

    @classmethod
    def before(cls, day: date) -> Past:
        """The night whose run begins on this day."""
        start, end = (datetime.combine(one, time(5), NEW_YORK).astimezone(UTC) for one in (day - timedelta(days=1), day))
        return cls(start, end)


SHORT_NIGHT = Past.before(date(2026, 3, 8))
"""23 hours: the clocks go forward in it."""


def last_nights(count: int) -> list[Past]:
    """The newest nights that are over, the oldest first."""
    now = datetime.now(NEW_YORK)
    last = now.date() if now.time() >= time(5) else now.date() - timedelta(days=1)
    return [Past.before(last - timedelta(days=ago)) for ago in reversed(range(count))]


def land(night: Night, account: str, past: Past) -> RunRow:
    """Deliver the account in this process, as the DAG's run of that night did."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in connections(night.world).items():
            patch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(value))
        patch.setattr(resources, "open_store", lambda: night.store)
        whole = open_account(INTEGRATION, account)
    trigger = Trigger(DAG, f"scheduled__{past.start.isoformat()}", interval_start=past.start, interval_end=past.end)
    run = Run.begin(whole.settings, whole.spec, whole.store, whole.zone, trigger)
    extract(run, whole.source, whole.target)
    validate(run)
    transform(run)
    load(run, whole.target, lambda: whole.source)
    return whole.store.runs.get(run.key)


@dataclass
class Nights:
    """The past nights, and what was landed in some of them."""

    night: Night
    last: list[Past]
    landed: dict[tuple[str, Past], RunRow]
    failed: Night

    def landed_of(self, account: str) -> dict[Past, RunRow]:
        return {past: row for (name, past), row in self.landed.items() if name == account}


@contextmanager
def after_a_failed_night(folder: Path) -> Iterator[Nights]:
    """Some nights are landed; then the schedule's run of last night, of alder and birch, fails for alder in its load."""
    with real_airflow(folder, OFFICES, by_hand=("cedar", "dogwood")) as night:
        last = last_nights(14)
        landed = {}
        night.control("POST", "/smartoffice/offices/DOGWOOD/contacts", **NEWCOMER)
        for account, past in [("alder", SHORT_NIGHT), *((name, last[number]) for number, name in LANDED)]:
            night.change(account, delivered_contact(night, account), Greeting=f"Night {past.end:%d}")
            landed[account, past] = land(night, account, past)
        night.change("alder", delivered_contact(night, "alder"), Greeting="Not delivered")
        fault(night, "alder", kind="status", status=403)
        for dag in (DAG, UNDO):
            night.api.wait_for_dag(dag)
            night.api.unpause(dag)
        night.wait(lambda: bool(night.api.runs(DAG)))
        scheduled = night.run_of(["alder", "birch"], night.api.runs(DAG)[0]["dag_run_id"])
        for account in scheduled.accounts:
            scheduled.settle(account)
            landed[account, last[-1]] = scheduled.rows(account)[0]
        yield Nights(night, last, landed, scheduled)


class Backfill:
    """A backfill through Airflow's REST API."""

    def __init__(self, night: Night, nights: list[Past], accounts: list[str], **how: Any) -> None:
        self.night, self.nights, self.accounts = night, nights, accounts
        body = {
            "dag_id": DAG,
            "from_date": nights[0].start.isoformat(),
            "to_date": nights[-1].start.isoformat(),
            "dag_run_conf": {"accounts": accounts},
            "max_active_runs": 3,
            **how,
        }
        night.wait(lambda: self._begun(body))

    def _begun(self, body: dict[str, Any]) -> bool:
        """Create it, once Airflow has noted that the one before is complete, which it looks for now and then."""
        try:
            self.night.api.call("POST", "backfills", body)
        except PermanentError as error:
            if "answered 409" not in str(error):
                raise
            return False
        return True

    def finish(self) -> dict[Past, Night]:
        """Wait until its DAG runs are over; returns them by night."""
        self.night.wait(lambda: {run["state"] for run in self._runs().values()} <= {"success", "failed"})
        return {past: self.night.run_of(self.accounts, run["dag_run_id"]) for past, run in self._runs().items()}

    def _runs(self) -> dict[Past, dict[str, Any]]:
        """What Airflow tells of the DAG runs of backfills in these nights."""
        listed = self.night.api.call("GET", f"dags/{DAG}/dagRuns?limit=100")["dag_runs"]
        found = {}
        for one in listed:
            if one["run_type"] == "backfill":
                found[Past(*(datetime.fromisoformat(one[f"data_interval_{side}"]) for side in ("start", "end")))] = one
        return {past: found[past] for past in self.nights if past in found}


def assert_looked_at_again(run: Night, account: str, landed: RunRow) -> None:
    """A night with a snapshot: five green tasks, and a report of that night's numbers."""
    assert run.states(account) == dict.fromkeys(STEPS, "success")
    row = run.rows(account)[0]
    assert (row.status, row.replays) == (RunStatus.REPLAYED, landed.key.snapshot)
    assert (row.interval_start, row.interval_end) == (landed.interval_start, landed.interval_end)
    assert {name: row.counts[name] for name in ("plan", "source_totals")} == {
        name: landed.counts[name] for name in ("plan", "source_totals")
    }
    assert (row.delivered_at, row.generation) == (None, None)
    report = run.api.get(run.link(account, "load").lstrip("/").replace("/runs/", "/reports/", 1) + "/report.json").json()
    assert (report["status"], report["plan"]) == ("replayed", landed.counts["plan"])


def assert_left_out(run: Night, account: str) -> None:
    """A night without a snapshot: nothing is done, and the log says why."""
    assert run.states(account) == dict.fromkeys(STEPS, "skipped")
    assert "no snapshot is in the landing zone" in run.log(account, "extract")
    assert run.rows(account) == []
