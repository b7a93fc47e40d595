"""A real Airflow over a sandbox: one DAG run, what became of it, and the people who answer and clear."""

from __future__ import annotations

import copy
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crosswalk.local import stack
from crosswalk.local.airflow_api import LocalApi
from crosswalk.local.environment import Place, airflow_environment
from crosswalk.local.sandbox_world import World
from crosswalk.local.scenario import Scenario
from crosswalk.local.scenarios.fmg import FmgScenario, Office
from crosswalk.local.stack import Stack
from crosswalk.store.database import connect
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store
from world import TEXTS

ROOT = Path(__file__).parents[2]
DAG, INTEGRATION = "fmg_daily_sync", "smartoffice_to_fmg"
STEPS: tuple[str, ...] = ("extract", "validate", "transform", "approve", "load")
OVER = {"success", "failed", "upstream_failed", "skipped", "awaiting_input"}
WARM = Path(__file__).with_name("warm")
SETTINGS = {
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",  # no DAG file changes meanwhile; a look at all of them costs CPU seconds
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",  # seconds for which a worker may miss that its task ended; 5 where nobody waits for it
}
POLL_SECONDS = 1
"""Each look costs the API server as much CPU time as a task's heartbeat."""

ACCOUNT = '[{name}]\nsource = "smartoffice_{name}"\ntarget = "fmg_{name}"\nscope = "all"\nfrequency = "{frequency}"\n'


class Night:
    """One DAG run, and what the tests ask about it. At first it is one over all accounts, whose run_id is not known yet."""

    def __init__(self, place: Place, world: World, stack: Stack, offices: tuple[Office, ...]) -> None:
        self.place, self.world, self.stack, self.offices = place, world, stack, offices
        self.api = LocalApi(stack)
        self.store = Store(connect(f"sqlite:///{place.store}"))
        self.dag, self.run_id, self.steps = DAG, "", STEPS
        self.accounts = [office.account for office in offices]

    def run_of(self, accounts: Iterable[str], run_id: str, dag: str = DAG, steps: tuple[str, ...] = STEPS) -> Night:
        """Another run in the same Airflow, of these accounts."""
        other = copy.copy(self)
        other.dag, other.run_id, other.steps, other.accounts = dag, run_id, steps, list(accounts)
        return other

    def trigger(self, *accounts: str, **conf: Any) -> Night:
        """Start a run of these accounts by hand."""
        return self.run_of(accounts, self.api.trigger(DAG, {"accounts": list(accounts), **conf}))

    def accounts_of(self, short: str, tables: str) -> None:
        """Write an integration's accounts file; every task that begins from now on reads it."""
        (self.place.local.parent / f"{short}.toml").write_text(tables)

    def as_user(self, user: str) -> LocalApi:
        return LocalApi(self.stack, user)

    def state(self) -> str:
        return str(self.api.call("GET", f"dags/{self.dag}/dagRuns/{self.run_id}")["state"])

    def states(self, account: str) -> dict[str, str]:
        number = self.accounts.index(account)
        tasks = self.api.tasks(self.dag, self.run_id)
        return {task["task_id"].rpartition(".")[2]: task["state"] or "" for task in tasks if task["map_index"] == number}

    def tries(self, account: str, step: str) -> int:
        """How often a task began."""
        tasks = [task for task in self.api.tasks(self.dag, self.run_id) if task["map_index"] == self.accounts.index(account)]
        return max(int(task["try_number"]) for task in tasks if task["task_id"] == f"account.{step}")

    def wait(self, done: Callable[[], bool], seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, {account: self.states(account) for account in self.accounts}
            time.sleep(POLL_SECONDS)

    def settle(self, account: str) -> dict[str, str]:
        """Wait until nothing of the account moves; and, when nothing at all does, until the scheduler has closed the run."""
        settled: dict[str, str] = {}

        def still() -> bool:
            settled.clear()
            settled.update(self.states(account))
            waits = "awaiting_input" in settled.values()
            return (
                len(settled) == len(self.steps)
                and all(state in OVER or (waits and not state) for state in settled.values())
                and self._closed()
            )

        self.wait(still)
        return dict(settled)

    def _closed(self) -> bool:
        states = {task["state"] for task in self.api.tasks(self.dag, self.run_id)}
        return self.state() in ("success", "failed") or bool(states - OVER) or "awaiting_input" in states

    def clear(self, account: str, step: str) -> None:
        body = {
            "dry_run": False,
            "dag_run_id": self.run_id,
            "task_ids": [[f"account.{step}", self.accounts.index(account)]],
            "include_downstream": True,
            "only_failed": False,
        }
        self.api.call("POST", f"dags/{self.dag}/clearTaskInstances", body)

    def tries_of_others(self, account: str) -> dict[str, int]:
        tasks = [task for task in self.api.tasks(self.dag, self.run_id) if task["map_index"] not in (-1, self.accounts.index(account))]
        return {f"{task['task_id']} {task['map_index']}": task["try_number"] for task in tasks}

    def log(self, account: str, step: str, number: int = 1) -> str:
        """What the task wrote at its first or a later try."""
        path = f"dags/{self.dag}/dagRuns/{self.run_id}/taskInstances/account.{step}/logs/{number}"
        return str(self.api.call("GET", f"{path}?map_index={self.accounts.index(account)}&full_content=true")["content"])

    def row(self, account: str) -> RunRow:
        """The account's newest run, whatever began it; what a backfill looked at again is not among them."""
        return self.store.runs.latest(INTEGRATION, account)[0]

    def rows(self, account: str) -> list[RunRow]:
        """What this DAG run began for the account, newest first."""
        return self.store.runs.of_trigger(INTEGRATION, account, self.dag, self.run_id)

    def link(self, account: str, step: str) -> str:
        """Where the task's button leads."""
        path = f"dags/{self.dag}/dagRuns/{self.run_id}/taskInstances/account.{step}/links?map_index={self.accounts.index(account)}"
        return str(self.api.call("GET", path)["extra_links"]["Run report"])

    def question(self, account: str) -> dict[str, Any]:
        open_questions = [one for one in self.api.questions(self.dag) if one["task_instance"]["dag_run_id"] == self.run_id]
        return next(one for one in open_questions if one["task_instance"]["rendered_map_index"] == account)

    def answer(self, account: str, question: dict[str, Any], choice: str) -> None:
        """Answer as on-call, and wait until the task has heard it."""
        self.wait_until_asked(question)
        self.as_user("oncall").answer(question, choice)
        self.wait(lambda: self.states(account)["approve"] != "awaiting_input")

    def wait_until_asked(self, question: dict[str, Any]) -> None:
        """Wait until the scheduler has noted that the asking process ended.

        An answer that overtakes its note makes Airflow try the task again.
        """
        noted = f"ti_id={question['task_instance']['id']},"
        self.wait(lambda: noted in (self.place.logs / "scheduler.log").read_text(errors="replace"))

    def office(self, account: str) -> Office:
        return next(office for office in self.offices if office.account == account)

    def control(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Call the sandbox's control interface."""
        return self.world.sandbox.call(method, path, body or None)

    def fmg(self, account: str) -> dict[str, Any]:
        """What the account's FMG list is, and how often it was written to."""
        state = self.control("GET", "/")["fmg"]["accounts"][self.office(account).fmg_account]
        writes = self.world.sandbox.writes("fmg", self.office(account).fmg_account)
        return {"writes": writes, **{name: state[name] for name in ("revision", "generation", "contacts", "groups")}}

    def written(self, account: str) -> list[str]:
        """What FMG was told to do for the account so far, call by call."""
        owner, asked = self.office(account).fmg_account, self.control("GET", "/requests?system=fmg")["requests"]
        return [one["operation"] for one in asked if one["owner"] == owner and one["method"] != "GET"]

    def held(self, account: str) -> dict[str, dict[str, Any]]:
        """FMG's list by source id: the fourteen fields and the groups."""
        listed = self.control("GET", f"/fmg/accounts/{self.office(account).fmg_account}/contacts?limit=100000")["contacts"]
        return {one["source_id"]: {**{name: one[name] for name in TEXTS}, "groups": sorted(one["groups"])} for one in listed}

    def source(self, account: str) -> list[dict[str, Any]]:
        """The office's contacts."""
        return list(self.control("GET", f"/smartoffice/offices/{self.office(account).office}/contacts?limit=100000")["contacts"])

    def change(self, account: str, contact: str, **fields: str) -> None:
        """Change one contact of the office."""
        self.control("PATCH", f"/smartoffice/offices/{self.office(account).office}/contacts/{contact}", **fields)

    def process(self, account: str, step: str) -> int:
        """The process that carries out a task now: the child of the worker that Airflow's command line names the task on."""
        number = self.accounts.index(account)
        task = next(t for t in self.api.tasks(DAG, self.run_id) if (t["task_id"], t["map_index"]) == (f"account.{step}", number))
        lines = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        rows = [(int(pid), int(parent), args) for pid, parent, args in (line.split(None, 2) for line in lines if len(line.split()) > 2)]
        workers = {pid for pid, _, args in rows if task["id"] in args}
        return next(pid for pid, parent, _ in rows if parent in workers)


def local_time(moment: datetime, zone: str) -> str:
    """What a clock there shows, as an accounts file has it."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%H:%M")


@contextmanager
def real_airflow(
    folder: Path, offices: tuple[Office, ...], by_hand: tuple[str, ...] = (), scenarios: tuple[Scenario, ...] = ()
) -> Iterator[Night]:
    """Start sandbox and Airflow for these offices and further scenarios; no DAG is on yet. Both end with the context.

    by_hand: what the schedule leaves out.
    """
    frequency = {office.account: "manual" if office.account in by_hand else "daily" for office in offices}
    (folder / "fmg.toml").write_text("\n".join(ACCOUNT.format(name=name, frequency=often) for name, often in frequency.items()))
    place = Place(ROOT, folder / "local")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSWALK_ACCOUNTS", str(folder))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(WARM), *filter(None, [os.environ.get("PYTHONPATH")])]))
        patch.setattr(stack, "airflow_environment", lambda *place, **facts: airflow_environment(*place, **facts) | SETTINGS)
        try:
            world, airflow, _ = stack.bring_up(place, lambda _: None, (FmgScenario(offices), *scenarios))
            yield Night(place, world, airflow, offices)
        finally:
            stack.take_down(place)
