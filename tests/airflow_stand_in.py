"""What `crosswalk run` needs of Airflow's REST API, and of the reports beside it: a stand-in written from Airflow's API reference."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.core.model import Hold, RunKey
from crosswalk.reports.run_report import Failure, Limit, Report, to_json

STEPS = ("extract", "validate", "transform", "approve", "load")
USER, PASSWORD, TOKEN = "oncall", "a-pass-word-nobody-prints", "a-token-nobody-prints"
HELD = [Hold("MASS_DELETE", "60 of 60 contacts would be deleted (100.0%)", "at most 5% once more than 10 would go")]
_ENDS = {
    "delivered": ("success", "success"),
    "partial": ("success", "success"),
    "dry run": ("success", "success"),
    "held": ("awaiting_input", None),
    "refused": ("upstream_failed", "upstream_failed"),
    "no report": ("upstream_failed", "upstream_failed"),
}
_STATUS = {"delivered": "success", "partial": "partial", "dry run": "dry_run", "held": "held", "refused": "failed"}


@dataclass
class AirflowStandIn:
    """One DAG. ends: how each account ends; polls: how often the run is looked at before it does.

    instead: answers given in place of the true ones to what follows a run, one a request. runs: those begun, by id, with their conf.
    """

    ends: dict[str, str]
    polls: int = 2
    paused: bool = False
    known: bool = True
    may_start: bool = True
    tokens: list[str] = field(default_factory=lambda: [TOKEN])
    lose_answers: int = 0
    instead: list[Reply] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, seen: Seen) -> Reply:
        self.seen.append(f"{seen.method} {seen.path}")
        if seen.path == "/auth/token":
            given = json.loads(seen.body)
            return _json({"access_token": self.tokens[-1]}, 201) if given == {"username": USER, "password": PASSWORD} else _json({}, 401)
        if seen.headers.get("authorization") != f"Bearer {self.tokens[-1]}":
            return _json({"detail": "Invalid JWT token"}, 401)
        if seen.path.startswith("/crosswalk/reports/"):
            return Reply(self._report(seen.path.split("/")[4]), headers={"Content-Type": "application/json"})
        return self._api(seen, seen.path.removeprefix("/api/v2/dags/fmg_daily_sync"))

    def _api(self, seen: Seen, path: str) -> Reply:
        if path == "":
            return _json({"dag_id": "fmg_daily_sync", "is_paused": self.paused}) if self.known else _json({"detail": "not found"}, 404)
        if seen.method == "POST" and path == "/dagRuns":
            return self._begin(json.loads(seen.body))
        if self.instead:
            return self.instead.pop(0)
        if path.endswith("/taskInstances"):
            self.polls -= 1
            return _json(self._tasks())
        if "/xcomEntries/" in path:
            return _json({"value": list(self.ends)}) if "/accounts/" in path else _json({}, 404)
        if path.endswith("/links"):
            account = list(self.ends)[int(seen.query["map_index"])]
            there = self.ends[account] != "no report"
            return _json({"extra_links": {"Run report": f"/crosswalk/runs/smartoffice_to_fmg/{account}/7" if there else ""}})
        return _json({"state": "running"}) if re.fullmatch(r"/dagRuns/[^/]+", path) else _json({}, 404)

    def _begin(self, body: dict[str, Any]) -> Reply:
        if not self.may_start:
            return _json({"detail": "Forbidden"}, 403)
        if body["dag_run_id"] in self.runs:
            return _json({"detail": "there already"}, 409)
        self.runs[body["dag_run_id"]] = body["conf"]
        if self.lose_answers:
            self.lose_answers -= 1
            return Reply(drop=True)
        return _json({"dag_run_id": body["dag_run_id"]})

    def _tasks(self) -> dict[str, Any]:
        found = [{"task_id": "accounts", "map_index": -1, "state": "success", "start_date": "2026-01-05T10:00:00Z"}]
        for index, end in enumerate(self.ends.values()):
            approve, load = _ENDS[end]
            first = "failed" if approve == "upstream_failed" else "success"
            rest = "upstream_failed" if first == "failed" else "success"
            states = [first, rest, rest, approve, load] if self.polls <= 0 else ["running", None, None, None, None]
            for step, state in zip(STEPS, states, strict=True):
                began = "2026-01-05T10:00:01Z" if step == "extract" else None
                found.append({"task_id": f"account.{step}", "map_index": index, "state": state, "start_date": began})
        return {"task_instances": found, "total_entries": len(found)}

    def _report(self, account: str) -> bytes:
        status = _STATUS[self.ends[account]]
        error = Failure("RIGHT_MISSING", "[RIGHT_MISSING] While checking: it is missing. Next: check FMG.") if status == "failed" else None
        return to_json(
            Report(
                RunKey("smartoffice_to_fmg", account, 7),
                status=status,
                error=error,
                holds=HELD if status == "held" else [],
                limits=[Limit("contacts", 60, 30000), Limit("groups", 4, 1000)],
                plan={} if error else {"contact": {"create": 3, "rejected": 1}, "group": {"create": 2}},
                durations={"extract": 1.5, "load": 2.0},
            )
        )


@contextmanager
def airflow(**how: Any) -> Iterator[AirflowStandIn]:
    """Serve a stand-in until the with-block ends."""
    stand_in = AirflowStandIn(**how)
    with LocalServer(stand_in.answer) as server:
        stand_in.url = server.url.replace("localhost", "127.0.0.1")
        yield stand_in


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status, {"Content-Type": "application/json"})
