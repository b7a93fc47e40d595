"""The DAG in a real Airflow: scheduler, REST API, people who answer, on-call who clears. One stack for the whole file."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from canary import PERSON, REJECTED, assert_clean
from crosswalk.core.model import RunStatus
from crosswalk.landing.zone import LandingZone
from crosswalk.local.environment import passwords
from crosswalk.local.scenarios.fmg import Office
from dags.night import DAG, INTEGRATION, STEPS, Night, real_airflow

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

OFFICES = (
    Office("alder", 1, 60, 6, 0, "delivered"),
    Office("birch", 2, 40, 4, 5, "held"),
    Office("cedar", 3, 40, 4, 0, "RIGHT_MISSING"),
    Office("dogwood", 4, 40, 4, 5, "held"),
)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with real_airflow(tmp_path_factory.mktemp("night"), OFFICES) as night:
        night.control("PATCH", "/smartoffice/offices/CEDAR/users/integration", rights=[])
        for person in (PERSON, REJECTED):
            night.control("POST", "/smartoffice/offices/ALDER/contacts", **person)
        night.api.wait_for_dag(DAG)
        night.api.unpause(DAG)
        night.wait(lambda: bool(night.api.runs(DAG)))
        night.run_id = night.api.runs(DAG)[0]["dag_run_id"]
        for office in OFFICES:
            night.settle(office.account)
        yield night


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
    assert night.link("birch", "approve") == f"/crosswalk/runs/{INTEGRATION}/birch/{held.key.snapshot}"
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
    night.control("PATCH", "/smartoffice/offices/CEDAR/users/integration", rights=["FMG"])
    night.clear("cedar", "extract")
    assert night.settle("cedar") == dict.fromkeys(STEPS, "success")
    assert night.row("cedar").status in (RunStatus.SUCCESS, RunStatus.PARTIAL)
    assert night.fmg("cedar")["contacts"] > 30


@pytest.mark.requirement("CARD-7", "SAFE-9")
def test_the_report_is_one_click_from_the_task_and_behind_the_login(night: Night) -> None:
    url = night.link("cedar", "extract")
    assert url.startswith(f"/crosswalk/runs/{INTEGRATION}/cedar/")
    file = url.replace("/runs/", "/reports/") + "/report.html"
    analyst = night.as_user("analyst")
    for path in (url, file):
        page = analyst.get(path.lstrip("/"))
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
    analyst.sign_out()
    assert analyst.get(url.lstrip("/")).headers["location"].startswith("/api/v2/auth/login?next=")
    assert analyst.get(file.lstrip("/")).status_code == 401


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


def crosswalk(night: Night, *arguments: str, **environment: str) -> tuple[int, str]:
    """The command as somebody types it who has read `.local/env`: its exit code, and what it printed."""
    sets = "".join(f"export {name}={shlex.quote(value)}; " for name, value in environment.items())
    typed = shlex.join([sys.executable, "-W", "ignore", "-m", "crosswalk.cli", *arguments])
    script = f". {shlex.quote(str(night.place.local / 'env'))}; {sets}exec {typed}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.requirement("FMG-04", "SAFE-8")
def test_a_dry_run_of_two_accounts_from_the_command_line(night: Night) -> None:
    before = {account: night.fmg(account) for account in ("alder", "cedar")}
    code, shown = crosswalk(night, "run", "fmg", "cedar", "alder", "--dry-run")
    assert code == 0, shown
    ended = {words[0]: words[1:3] for words in map(str.split, shown.partition("Accounts")[2].splitlines()) if words}
    assert (ended["alder"], ended["cedar"]) == (["dry", "run"], ["dry", "run"])
    assert {account: night.fmg(account) for account in before} == before
    assert night.row("alder").status is RunStatus.DRY_RUN
    assert f"/crosswalk/runs/{INTEGRATION}/alder/{night.row('alder').key.snapshot}" in shown


@pytest.mark.requirement("FMG-04", "SAFE-3")
def test_a_run_from_the_command_line_that_is_held_says_where_to_answer(night: Night) -> None:
    night.change("alder", night.source("alder")[0]["id"], Greeting="On demand")
    code, shown = crosswalk(night, "run", "fmg", "alder", "dogwood", "--full-resync", "--json")
    answer = json.loads(shown[shown.index("{") : shown.rindex("}") + 1])
    assert (code, answer["ok"]) == (1, False)
    ended = {one["account"]: one for one in answer["accounts"]}
    assert (ended["alder"]["ended"], ended["dogwood"]["ended"]) == ("delivered", "held")
    assert ended["dogwood"]["say"].endswith(f"{night.stack.url}/required_actions?response_received=false")
    assert night.row("alder").mode == "full"
    run = night.run_of(["alder", "dogwood"], answer["run_id"])
    run.answer("dogwood", run.question("dogwood"), "Reject")
    assert run.settle("dogwood")["load"] == "upstream_failed"


@pytest.mark.requirement("FMG-04", "SAFE-9")
def test_who_may_not_start_runs_is_told_so_and_nobody_sees_a_password(night: Night) -> None:
    secret = passwords(night.place)["analyst"]
    code, shown = crosswalk(night, "run", "fmg", "alder", CROSSWALK_AIRFLOW_USER="analyst", CROSSWALK_AIRFLOW_PASSWORD=secret)
    assert (code, "AIRFLOW_FORBIDDEN" in shown, secret in shown) == (2, True, False)
    code, shown = crosswalk(night, "run", "fmg", "nowhere")
    assert (code, "ACCOUNT_UNKNOWN" in shown) == (2, True)


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
