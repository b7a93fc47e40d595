"""What the operators do besides the steps: they keep what they are given, hand over only handles and counts, and name their run."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import RetryAction
from airflow.sdk.api.datamodels._generated import DagRunType
from airflow.sdk.definitions.param import ParamsDict

from crosswalk import errors
from crosswalk.core.model import RunKey
from crosswalk.errors import ConfigurationError, CrosswalkError, DataError, RateLimited, RecordRejected, TransientError
from crosswalk.errors.catalog import catalog
from crosswalk.orchestration.alerts import log_failure, notice
from crosswalk.orchestration.defaults import sync_params, writeback_params
from crosswalk.orchestration.links import RunReportLink
from crosswalk.orchestration.operators.approval import ApprovePlanOperator
from crosswalk.orchestration.operators.fmg import FmgCollectActivitiesOperator, FmgLoadOperator
from crosswalk.orchestration.operators.smartoffice import SmartOfficeExtractOperator, SmartOfficeWriteNotesOperator
from crosswalk.orchestration.operators.steps import SelectAccountsOperator, ValidateOperator
from crosswalk.orchestration.retries import RETRY_POLICY
from crosswalk.orchestration.task_runs import handle_and_counts

KEY = RunKey("smartoffice_to_fmg", "summit", 12)
HANDLE = {**KEY.as_dict(), "held": False}


def leaves(kind: type[CrosswalkError]) -> list[type[CrosswalkError]]:
    return [kind, *(leaf for child in kind.__subclasses__() for leaf in leaves(child))]


@pytest.mark.parametrize("kind", leaves(CrosswalkError)[1:])
def test_only_what_may_pass_is_tried_again(kind: type[CrosswalkError]) -> None:
    name = "rejection" if kind is RecordRejected else kind.__name__
    code = next(row.code for row in catalog().values() if name in row.kinds)
    error = kind(code, operation="reading", problem="nothing", next_step="wait")
    decision = RETRY_POLICY.evaluate(error, try_number=1, max_tries=3)
    assert decision.action is (RetryAction.RETRY if issubclass(kind, TransientError) else RetryAction.FAIL)


def test_what_is_not_ours_is_left_to_airflow() -> None:
    assert RETRY_POLICY.evaluate(KeyError("x"), try_number=1, max_tries=3).action is RetryAction.DEFAULT


def test_the_policy_can_be_stored_with_the_dag() -> None:
    json.dumps(RETRY_POLICY.serialize())
    assert issubclass(RateLimited, errors.TransientError)


@pytest.mark.requirement("FMG-04")
@pytest.mark.parametrize(("kind", "chosen"), [(DagRunType.SCHEDULED, ["summit"]), (DagRunType.MANUAL, ["summit", "harbor"])])
def test_accounts_that_run_by_hand_only_are_no_part_of_a_schedule(
    kind: DagRunType, chosen: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the type of run as Airflow hands it to a task."""
    row = '[{0}]\nsource = "smartoffice_{0}"\ntarget = "fmg_{0}"\nscope = "all"\nfrequency = "{1}"\n'
    (tmp_path / "fmg.toml").write_text(row.format("summit", "daily") + row.format("harbor", "manual"))
    monkeypatch.setenv("CROSSWALK_ACCOUNTS", str(tmp_path))
    dag, dag_run = SimpleNamespace(params=ParamsDict(sync_params())), SimpleNamespace(conf={}, run_type=kind)
    task = SelectAccountsOperator(task_id="accounts", integration="smartoffice_to_fmg")
    assert task.execute({"dag": dag, "dag_run": dag_run, "params": {}}) == chosen  # type: ignore[typeddict-item]


@pytest.mark.requirement("SAFE-9")
@pytest.mark.parametrize(
    "counts",
    [
        {"rejected": [1, 2]},
        {"first": "Quinn"},
        {"summary": {"contact": {"create": "many"}}},
        {"none": None},
        {f"n{number}": number for number in range(1000)},
    ],
)
def test_nothing_but_counts_travels(counts: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="XCOM_REFUSED") as caught:
        handle_and_counts(KEY, counts)
    assert "Quinn" not in str(caught.value)


def test_a_handle_with_counts_travels() -> None:
    counts = {"held": True, "plan_hash": "ab" * 32, "summary": {"contact": {"create": 30_000}, "group": {"create": 1_000}}, "share": 0.5}
    assert handle_and_counts(KEY, counts) == {**KEY.as_dict(), **counts}


def operators() -> list[Any]:
    return [
        SmartOfficeExtractOperator(task_id="extract", integration="smartoffice_to_fmg", account="summit"),
        ValidateOperator(task_id="validate", handle=HANDLE),
        ApprovePlanOperator(task_id="approve", handle=HANDLE),
        FmgLoadOperator(task_id="load", handle=HANDLE),
    ]


@pytest.mark.parametrize("operator", operators(), ids=lambda operator: operator.task_id)
def test_every_step_names_its_account_and_links_to_the_report(operator: Any) -> None:
    assert operator.account == "summit"
    operator.key or setattr(operator, "key", KEY)
    (link,) = operator.operator_extra_links
    assert link.name == "Run report"
    assert link.get_link(operator, ti_key=SimpleNamespace()) == "/crosswalk/runs/smartoffice_to_fmg/summit/12"


def test_there_is_no_link_before_there_is_a_run() -> None:
    extract = SmartOfficeExtractOperator(task_id="extract", integration="smartoffice_to_fmg", account="summit")
    assert RunReportLink().get_link(extract, ti_key=SimpleNamespace()) == ""  # type: ignore[arg-type]


@pytest.mark.requirement("SAFE-3")
def test_approval_defaults_to_reject_and_ends_red() -> None:
    approve = ApprovePlanOperator(task_id="approve", handle=HANDLE)
    assert approve.defaults == ["Reject"]
    assert approve.fail_on_reject is True
    assert approve.response_timeout is not None
    assert approve.response_timeout.total_seconds() == 24 * 3600


@pytest.mark.parametrize(
    ("error", "code", "following"),
    [
        (ConfigurationError("CONN_HOST", operation="checking", problem="it is blank", next_step="fill it in"), "CONN_HOST", "fill it in"),
        (KeyError("quinn@example.test"), "KeyError", "read the task's log"),
    ],
)
@pytest.mark.requirement("SAFE-9")
def test_a_failure_is_told_in_one_line(error: Exception, code: str, following: str, caplog: pytest.LogCaptureFixture) -> None:
    instance = SimpleNamespace(dag_id="fmg_daily_sync", run_id="r1", task_id="account.load", map_index=2)
    with caplog.at_level(logging.ERROR):
        log_failure({"exception": error, "ti": instance, "task": FmgLoadOperator(task_id="load", handle=HANDLE)})  # type: ignore[typeddict-item]
    (record,) = caplog.records
    told = json.loads(record.getMessage().partition("crosswalk failure ")[2])
    assert (told["code"], told["next"], told["account"], told["map_index"]) == (code, following, "summit", 2)
    assert told["report"] == "/crosswalk/runs/smartoffice_to_fmg/summit/12"
    assert "quinn" not in record.getMessage()


@pytest.mark.requirement("FMG-05")
def test_a_write_back_is_for_accounts_that_chose_something_whatever_their_frequency(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = '[{0}]\nsource = "smartoffice_{0}"\ntarget = "fmg_{0}"\nscope = "all"\nfrequency = "{1}"\nactivities = {2}\n'
    text = (
        row.format("summit", "daily", '["email_sent"]')
        + row.format("harbor", "manual", '["opted_out"]')
        + row.format("silent", "daily", "[]")
    )
    (tmp_path / "fmg.toml").write_text(text)
    monkeypatch.setenv("CROSSWALK_ACCOUNTS", str(tmp_path))
    dag, dag_run = SimpleNamespace(params=ParamsDict(writeback_params())), SimpleNamespace(conf={}, run_type="scheduled")
    task = SelectAccountsOperator(task_id="accounts", integration="smartoffice_to_fmg", setting="activities")
    assert task.execute({"dag": dag, "dag_run": dag_run, "params": {}}) == ["summit", "harbor"]  # type: ignore[typeddict-item]
    assert task.execute({"dag": dag, "dag_run": dag_run, "params": {"accounts": ["silent"]}}) == []  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    "operator",
    [
        FmgCollectActivitiesOperator(task_id="collect", integration="smartoffice_to_fmg", account="summit"),
        SmartOfficeWriteNotesOperator(task_id="write", handle={"integration": "smartoffice_to_fmg", "account": "summit", "read": 3}),
    ],
    ids=lambda operator: operator.task_id,
)
def test_a_step_of_a_write_back_names_its_account_in_the_notice(operator: Any) -> None:
    told = notice({"task": operator, "ti": SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=0), "exception": ValueError()})  # type: ignore[typeddict-item]
    assert (told["account"], told["report"]) == ("summit", None)
