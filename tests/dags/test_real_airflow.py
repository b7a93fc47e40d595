"""The DAG in a real Airflow: scheduler, REST API, people who answer, on-call who clears. One stack for the whole file."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from canary import PERSON, REJECTED, assert_clean
from crosswalk.core.model import RunStatus
from crosswalk.landing.zone import LandingZone
from crosswalk.local.airflow_api import AirflowApi
from crosswalk.local.environment import Place
from crosswalk.local.stack import Stack, bring_up, take_down
from crosswalk.local.world import Office, World, call
from crosswalk.store.engine import connect
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
DAG, INTEGRATION = "fmg_daily_sync", "smartoffice_to_fmg"
STEPS = ("extract", "validate", "transform", "approve", "load")
OVER = {"success", "failed", "upstream_failed", "skipped", "awaiting_input"}
OFFICES = (
    Office("alder", 1, 60, 6, 0, "delivered"),
    Office("birch", 2, 40, 4, 5, "held"),
    Office("cedar", 3, 40, 4, 0, "RIGHT_MISSING"),
    Office("dogwood", 4, 40, 4, 5, "held"),
)
ACCOUNT = '[{name}]\nsource = "smartoffice_{name}"\ntarget = "fmg_{name}"\nscope = "all"\nfrequency = "daily"\n'


class Night:
    """One run over all accounts, and what the tests ask about it."""

    def __init__(self, place: Place, world: World, stack: Stack) -> None:
        self.place, self.world, self.stack = place, world, stack
        self.api = AirflowApi(stack)
        self.store = Store(connect(f"sqlite:///{place.store}"))
        self.run_id = ""

    def as_user(self, user: str) -> AirflowApi:
        return AirflowApi(self.stack, user)

    def states(self, account: str) -> dict[str, str]:
        number = [office.account for office in OFFICES].index(account)
        tasks = self.api.tasks(DAG, self.run_id)
        return {task["task_id"].rpartition(".")[2]: task["state"] or "" for task in tasks if task["map_index"] == number}

    def wait(self, done: Callable[[], bool], seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, {office.account: self.states(office.account) for office in OFFICES}
            time.sleep(0.5)

    def settle(self, account: str) -> dict[str, str]:
        """Wait until nothing of the account moves; and, when nothing at all does, until the scheduler has closed the run."""
        settled: dict[str, str] = {}

        def still() -> bool:
            settled.clear()
            settled.update(self.states(account))
            waits = "awaiting_input" in settled.values()
            return (
                len(settled) == len(STEPS) and all(state in OVER or (waits and not state) for state in settled.values()) and self._closed()
            )

        self.wait(still)
        return dict(settled)

    def _closed(self) -> bool:
        states = {task["state"] for task in self.api.tasks(DAG, self.run_id)}
        run = self.api.call("GET", f"dags/{DAG}/dagRuns/{self.run_id}")["state"]
        return run in ("success", "failed") or bool(states - OVER) or "awaiting_input" in states

    def clear(self, account: str, step: str) -> None:
        number = [office.account for office in OFFICES].index(account)
        body = {
            "dry_run": False,
            "dag_run_id": self.run_id,
            "task_ids": [[f"account.{step}", number]],
            "include_downstream": True,
            "only_failed": False,
        }
        self.api.call("POST", f"dags/{DAG}/clearTaskInstances", body)

    def tries_of_others(self, account: str) -> dict[str, int]:
        number = [office.account for office in OFFICES].index(account)
        tasks = [task for task in self.api.tasks(DAG, self.run_id) if task["map_index"] not in (-1, number)]
        return {f"{task['task_id']} {task['map_index']}": task["try_number"] for task in tasks}

    def row(self, account: str) -> RunRow:
        return self.store.runs.latest(INTEGRATION, account)[0]

    def question(self, account: str) -> dict[str, Any]:
        return next(one for one in self.api.questions(DAG) if one["task_instance"]["rendered_map_index"] == account)

    def answer(self, account: str, question: dict[str, Any], choice: str) -> None:
        """Answer as on-call, and wait until the task has heard it.

        Not at once: an answer that overtakes the scheduler's note that the asking process ended makes Airflow try the task again.
        """
        time.sleep(8)
        self.as_user("oncall").answer(question, choice)
        self.wait(lambda: self.states(account)["approve"] != "awaiting_input")

    def fmg(self, account: str) -> dict[str, Any]:
        """What the account's FMG list is, and how often it was written to."""
        office = next(office for office in OFFICES if office.account == account)
        state = call("GET", f"{self.world.url}/_sandbox/")["fmg"]["accounts"][office.fmg_account]
        return {"writes": self.world.writes()[account], **{name: state[name] for name in ("revision", "generation", "contacts", "groups")}}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("night")
    (folder / "fmg.toml").write_text("\n".join(ACCOUNT.format(name=office.account) for office in OFFICES))
    place = Place(ROOT, folder / "local")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSWALK_ACCOUNTS", str(folder))
        try:
            world, stack, _ = bring_up(place, lambda _: None, OFFICES)
            call("PATCH", f"{world.url}/_sandbox/smartoffice/offices/CEDAR/users/integration", {"rights": []})
            for person in (PERSON, REJECTED):
                call("POST", f"{world.url}/_sandbox/smartoffice/offices/ALDER/contacts", person)
            night = Night(place, world, stack)
            night.api.wait_for_dag(DAG)
            night.api.unpause(DAG)
            night.wait(lambda: bool(night.api.runs(DAG)))
            night.run_id = night.api.runs(DAG)[0]["dag_run_id"]
            for office in OFFICES:
                night.settle(office.account)
            yield night
        finally:
            take_down(place)


@pytest.mark.requirement("CARD-4", "FMG-01")
def test_every_account_ends_as_it_should_and_none_holds_up_another(night: Night) -> None:
    row = night.store.runs.latest(INTEGRATION, "alder")[-1]
    assert row.status in (RunStatus.SUCCESS, RunStatus.PARTIAL)
    assert (row.dag_id, row.run_id, row.map_index) == (DAG, night.run_id, 0)
    assert night.store.runs.latest(INTEGRATION, "cedar")[-1].error_code == "RIGHT_MISSING"
    assert night.fmg("alder")["contacts"] > 50


@pytest.mark.requirement("SAFE-3", "FMG-06")
def test_approve_delivers_what_was_seen(night: Night) -> None:
    question = night.question("birch")
    held = night.row("birch")
    assert (held.status, night.fmg("birch")["writes"]) == (RunStatus.HELD, 0)
    assert held.plan_hash in question["body"]
    assert question["options"] == ["Approve", "Reject"]
    links = night.api.call("GET", f"dags/{DAG}/dagRuns/{night.run_id}/taskInstances/account.approve/links?map_index=1")
    assert links["extra_links"]["Run report"] == f"/crosswalk/reports/{INTEGRATION}/birch/{held.key.snapshot}/report.html"
    night.answer("birch", question, "Approve")
    assert night.settle("birch") == dict.fromkeys(STEPS, "success")
    row = night.row("birch")
    assert (row.approved_hash, row.decided_by) == (held.plan_hash, "oncall")
    assert row.status in (RunStatus.SUCCESS, RunStatus.PARTIAL)
    assert night.fmg("birch")["writes"] > 0


@pytest.mark.requirement("SAFE-3")
def test_reject_ends_red_and_writes_nothing(night: Night) -> None:
    before = night.fmg("dogwood")
    night.answer("dogwood", night.question("dogwood"), "Reject")
    states = night.settle("dogwood")
    assert (states["approve"], states["load"]) == ("failed", "upstream_failed")
    assert night.row("dogwood").status is RunStatus.REJECTED
    assert night.fmg("dogwood") == before
    assert before["writes"] == 0


@pytest.mark.requirement("CARD-8")
@pytest.mark.parametrize("step", STEPS)
def test_clearing_a_task_that_succeeded_changes_nothing(night: Night, step: str) -> None:
    before, others = night.fmg("alder"), night.tries_of_others("alder")
    night.clear("alder", step)
    assert night.settle("alder") == dict.fromkeys(STEPS, "success")
    assert night.fmg("alder") == before
    assert night.tries_of_others("alder") == others


@pytest.mark.requirement("CARD-8")
def test_clearing_the_failed_task_finishes_the_run(night: Night) -> None:
    assert night.settle("cedar") == dict(zip(STEPS, ["failed"] + ["upstream_failed"] * 4, strict=True))
    call("PATCH", f"{night.world.url}/_sandbox/smartoffice/offices/CEDAR/users/integration", {"rights": ["FMG"]})
    night.clear("cedar", "extract")
    assert night.settle("cedar") == dict.fromkeys(STEPS, "success")
    assert night.row("cedar").status in (RunStatus.SUCCESS, RunStatus.PARTIAL)
    assert night.fmg("cedar")["contacts"] > 30


@pytest.mark.requirement("CARD-7", "SAFE-9")
def test_the_report_is_one_click_from_the_task_and_behind_the_login(night: Night) -> None:
    links = night.api.call("GET", f"dags/{DAG}/dagRuns/{night.run_id}/taskInstances/account.extract/links?map_index=2")
    url = links["extra_links"]["Run report"]
    assert url.startswith(f"/crosswalk/reports/{INTEGRATION}/cedar/")
    analyst = night.as_user("analyst")
    page = analyst.get(url.lstrip("/"))
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    analyst.sign_out()
    assert analyst.get(url.lstrip("/")).status_code == 401


@pytest.mark.requirement("SAFE-9")
def test_between_tasks_only_handles_and_counts_travel(night: Night) -> None:
    entries = night.api.call("GET", f"dags/{DAG}/dagRuns/{night.run_id}/taskInstances/~/xcomEntries?limit=100")["xcom_entries"]
    assert {entry["key"] for entry in entries} <= {"return_value", "_link_RunReportLink"}
    assert night.api.returned(DAG, night.run_id, "accounts") == [office.account for office in OFFICES]
    for step in STEPS:
        handed = night.api.returned(DAG, night.run_id, f"account.{step}", map_index=0)
        assert (handed.pop("integration"), handed.pop("account"), handed.pop("snapshot") > 0) == (INTEGRATION, "alder", True)
        handed.pop("plan_hash", None)
        assert re.fullmatch(r"[\s\d{}:,.]*", re.sub(r'"\w+"|true|false', "", json.dumps(handed)))


@pytest.mark.requirement("FMG-04")
@pytest.mark.parametrize("conf", [{"snapshot": 1}, {"max_deletes": 9999}, {"acounts": ["alder"]}, {"accounts": ["alders"]}])
def test_what_may_not_be_asked_fails_before_anything_is_read(night: Night, conf: dict[str, Any]) -> None:
    before = {office.account: night.row(office.account).key for office in OFFICES}
    run_id = night.api.trigger(DAG, conf)
    night.wait(lambda: {task["state"] for task in night.api.tasks(DAG, run_id) if task["task_id"] == "accounts"} == {"failed"})
    assert {office.account: night.row(office.account).key for office in OFFICES} == before


@pytest.mark.requirement("CARD-5")
def test_test_connection_works_in_the_ui(night: Night) -> None:
    body = {
        "connection_id": "tried",
        "conn_type": "fmg",
        "host": "127.0.0.1",
        "port": int(night.world.url.rpartition(":")[2]),
        "schema": "http",
        "password": "not-the-right-key",
        "extra": '{"account": "FMG-2001", "path": "/fmg", "allow_private_network": true}',
    }
    answer = night.api.call("POST", "connections/test", body)
    assert answer["status"] is False
    assert "not-the-right-key" not in answer["message"]
    own = night.api.call("POST", "connections/test", {"connection_id": "smartoffice_alder", "conn_type": "smartoffice"})
    assert own["status"] is True, own["message"]
    assert "right FMG held" in own["message"]


@pytest.mark.requirement("SAFE-9")
def test_a_person_leaves_no_trace_in_airflow(night: Night) -> None:
    """Last of the file: the metadata database (XCom, rendered fields), every log, the store and the reports are searched."""
    data = night.place.landing / "data"
    paths = [path for path in night.place.local.rglob("*") if path.is_file() and data not in path.parents]
    assert {"airflow.db", "crosswalk.db", "report.html"} <= {path.name for path in paths}
    assert any(path.suffix == ".log" for path in paths)
    for path in paths:
        assert_clean(path.read_bytes(), str(path.relative_to(night.place.local)))
    landed = night.store.runs.latest(INTEGRATION, "alder")[-1]
    assert "Canarina" in set(LandingZone.open(str(night.place.landing)).folder(landed.key).read_frame("desired_contact")["first_name"])
