"""`crosswalk run` against a stand-in for Airflow: what is asked for, what is shown, exit codes, and an Airflow that is away."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_stand_in import PASSWORD, TOKEN, USER, AirflowStandIn, airflow
from crosswalk.cli import main, running
from crosswalk.conformance.local_server import Reply

Made = Callable[..., AirflowStandIn]
ACCOUNT = '[{name}]\nsource = "so_{name}"\ntarget = "fmg_{name}"\nscope = "all"\nfrequency = "{often}"\n'


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Made]:
    """Serve an Airflow, and let the environment lead to it. Accounts: summit and harbor daily, lakeside by hand."""
    often = {"summit": "daily", "harbor": "daily", "lakeside": "manual"}
    (tmp_path / "fmg.toml").write_text("".join(ACCOUNT.format(name=name, often=one) for name, one in often.items()), encoding="utf-8")
    monkeypatch.setenv("CROSSWALK_ACCOUNTS", str(tmp_path))
    monkeypatch.setattr(running, "ASK_EVERY", 0.01)
    with ExitStack() as stack:

        def make(**how: Any) -> AirflowStandIn:
            stand_in = stack.enter_context(airflow(**how))
            for name, value in {"URL": stand_in.url, "USER": USER, "PASSWORD": PASSWORD}.items():
                monkeypatch.setenv(f"CROSSWALK_AIRFLOW_{name}", value)
            monkeypatch.delenv("CROSSWALK_AIRFLOW_TOKEN", raising=False)
            return stand_in

        yield make


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["run", "fmg", *arguments])
    shown = capsys.readouterr()
    assert PASSWORD not in shown.out + shown.err
    assert TOKEN not in shown.out + shown.err
    return code, shown.out, shown.err


@pytest.mark.requirement("FMG-04")
def test_named_accounts_are_run_and_followed_manual_ones_too(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    there = made(ends={"summit": "delivered", "lakeside": "partial"})
    code, out, _ = run(capsys, "lakeside", "summit")
    assert code == 0
    assert list(there.runs.values()) == [{"accounts": ["summit", "lakeside"]}]
    assert "summit       extract    running" in out
    table = out.partition("Accounts")[2].splitlines()
    assert [line.split()[:4] for line in table if line.split()[:1] in (["summit"], ["lakeside"])] == [
        ["summit", "delivered", "60", "4"],
        ["lakeside", "delivered", "60", "4"],
    ]
    assert f"summit: report: {there.url}/crosswalk/runs/smartoffice_to_fmg/summit/7" in out


@pytest.mark.requirement("FMG-04", "SAFE-8")
@pytest.mark.parametrize(("flags", "asked"), [(["--dry-run"], {"dry_run": True}), (["--full-resync"], {"full_resync": True})])
def test_what_is_asked_for_reaches_the_dag(
    made: Made, capsys: pytest.CaptureFixture[str], flags: list[str], asked: dict[str, bool]
) -> None:
    there = made(ends={"summit": "dry run" if asked.get("dry_run") else "delivered"}, polls=0)
    assert run(capsys, "summit", *flags)[0] == 0
    assert list(there.runs.values()) == [{"accounts": ["summit"], **asked}]


@pytest.mark.requirement("FMG-04", "SAFE-3")
@pytest.mark.parametrize(
    ("end", "ended", "said"),
    [
        ("held", "held", "/required_actions?response_received=false"),
        ("refused", "RIGHT_MISSING", "Next: check FMG."),
        ("no report", "did not run", "log of its first task"),
    ],
)
def test_one_account_that_did_not_end_as_asked_is_exit_code_1(
    made: Made, capsys: pytest.CaptureFixture[str], end: str, ended: str, said: str
) -> None:
    made(ends={"summit": "delivered", "harbor": end})
    code, out, _ = run(capsys, "summit", "harbor", "--json")
    answer = json.loads(out)
    assert (code, answer["ok"]) == (1, False)
    assert [(one["account"], one["ended"], one["ok"]) for one in answer["accounts"]] == [
        ("summit", "delivered", True),
        ("harbor", ended, False),
    ]
    assert said in answer["accounts"][1]["say"]


@pytest.mark.requirement("SAFE-3")
def test_what_is_held_says_why_and_where_to_answer(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    there = made(ends={"summit": "held"})
    code, out, _ = run(capsys, "summit")
    assert code == 1
    assert "summit: MASS_DELETE: 60 of 60 contacts would be deleted" in out
    assert f"summit: a person has to decide: {there.url}/required_actions?response_received=false" in out


@pytest.mark.requirement("FMG-04")
def test_an_unknown_account_is_refused_before_anything_is_asked_of_airflow(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    there = made(ends={"summit": "delivered"})
    code, _, err = run(capsys, "summit", "nowhere")
    assert (code, "ACCOUNT_UNKNOWN" in err, there.seen) == (2, True, [])


@pytest.mark.requirement("FMG-04")
@pytest.mark.parametrize(
    ("how", "code_named"),
    [
        ({"paused": True}, "AIRFLOW_DAG_PAUSED"),
        ({"known": False}, "AIRFLOW_NO_DAG"),
        ({"may_start": False}, "AIRFLOW_FORBIDDEN"),
    ],
)
def test_a_run_that_could_not_begin_is_exit_code_2(
    made: Made, capsys: pytest.CaptureFixture[str], how: dict[str, Any], code_named: str
) -> None:
    there = made(ends={"summit": "delivered"}, **how)
    code, _, err = run(capsys, "summit")
    assert (code, code_named in err, there.runs) == (2, True, {})


def test_who_asks_comes_from_the_environment(made: Made, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    there = made(ends={"summit": "delivered"}, polls=0)
    monkeypatch.setenv("CROSSWALK_AIRFLOW_PASSWORD", "another")
    code, _, err = run(capsys, "summit")
    assert (code, "AIRFLOW_SIGN_IN" in err, "another" in err) == (2, True, False)
    monkeypatch.delenv("CROSSWALK_AIRFLOW_PASSWORD")
    code, _, err = run(capsys, "summit")
    assert (code, "AIRFLOW_NOT_SET" in err, "CROSSWALK_AIRFLOW_PASSWORD" in err) == (2, True, True)
    monkeypatch.setenv("CROSSWALK_AIRFLOW_TOKEN", TOKEN)
    assert run(capsys, "summit")[0] == 0
    there.tokens.append("newer")
    code, _, err = run(capsys, "summit")
    assert (code, "the token was refused" in err) == (2, True)


def test_a_token_that_runs_out_meanwhile_is_asked_for_again(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    there = made(ends={"summit": "delivered"}, polls=3)
    there.instead = [Reply(b"{}", 401, {"Content-Type": "application/json"})]
    assert run(capsys, "summit")[0] == 0
    assert there.seen.count("POST /auth/token") == 2


@pytest.mark.requirement("CARD-8")
def test_an_answer_lost_while_starting_starts_no_second_run(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    there = made(ends={"summit": "delivered"}, lose_answers=1)
    assert run(capsys, "summit")[0] == 0
    assert len(there.runs) == 1
    assert there.seen.count("POST /api/v2/dags/fmg_daily_sync/dagRuns") == 2


@pytest.mark.requirement("CARD-8")
def test_a_network_hiccup_does_not_end_the_following(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    there = made(ends={"summit": "delivered"})
    there.instead = [Reply(status=502), Reply(drop=True), Reply(b"cut", cut=1), Reply(status=503), Reply(drop=True)]
    code, out, _ = run(capsys, "summit")
    assert (code, there.instead) == (0, [])
    assert "the run goes on, asking again" in out


def test_an_airflow_that_stays_silent_is_exit_code_3(
    made: Made, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = made(ends={"summit": "delivered"})
    there.instead = [Reply(status=502)] * 50
    monkeypatch.setattr(running, "GIVE_UP_AFTER", 0.0)
    code, _, err = run(capsys, "summit")
    assert (code, "AIRFLOW_SILENT" in err, "the run goes on" in err) == (3, True, True)
    monkeypatch.setenv("CROSSWALK_AIRFLOW_URL", "http://127.0.0.1:1025")
    assert run(capsys, "summit")[0] == 3


@pytest.mark.requirement("FMG-04")
def test_without_waiting_the_run_is_only_named(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    there = made(ends={"summit": "held"})
    code, out, _ = run(capsys, "summit", "--no-wait", "--json")
    assert (code, json.loads(out)["run_id"]) == (0, next(iter(there.runs)))
    assert not any("taskInstances" in one for one in there.seen)


def test_ctrl_c_leaves_the_run_running_and_says_so(made: Made, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    there = made(ends={"summit": "delivered"})
    monkeypatch.setattr(running, "time", SimpleNamespace(monotonic=time.monotonic, sleep=interrupted))
    code, out, _ = run(capsys, "summit")
    assert (code, "The run goes on" in out, next(iter(there.runs)) in out) == (130, True, True)
    assert not any(one.startswith(("PATCH", "DELETE")) for one in there.seen)
