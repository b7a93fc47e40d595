"""CRM → Mindmatrix in the shared Airflow: two CRMs in one run, one of them in trouble, a question about deletes, an undo, and a night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.local.scenarios.mindmatrix import CUSTOMERS
from dags.night import STEPS, Night, local_time

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

SYNC, UNDO, INTEGRATION = "mindmatrix_contact_sync", "mindmatrix_undo", "crm_to_mindmatrix"
NAMES = [one.account for one in CUSTOMERS]
AUTOTASK, CONNECTWISE = "/autotask/databases/NORTHWIND", "/connectwise/companies/contoso"
ACCOUNT = """[{one.account}]
system = "{one.system}"
source = "{one.system}_{one.account}"
target = "mindmatrix_{one.account}"
filter_values = ["Customer", "Prospect"]
delete_inactive = true
frequency = "daily"
zone = "{zone}"
at = "{at}"
"""
DONE = dict.fromkeys(STEPS, "success")


def accounts(night: Night) -> None:
    """The night of northwind, in Chicago, began in the last full hour; that of contoso, in Kathmandu, does not for twelve hours."""
    last = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    nights = zip(CUSTOMERS, (("America/Chicago", last), ("Asia/Kathmandu", last + timedelta(hours=12))), strict=True)
    tables = [ACCOUNT.format(one=one, zone=zone, at=local_time(when, zone)) for one, (zone, when) in nights]
    night.accounts_of("mindmatrix", "\n".join(tables))


@pytest.fixture(scope="module")
def night(airflow: Night) -> Night:
    accounts(airflow)
    for dag in (SYNC, UNDO):
        airflow.api.wait_for_dag(dag)
    airflow.api.unpause(UNDO)
    return airflow


@pytest.fixture(scope="module")
def scheduled(night: Night) -> Night:
    """The run the schedule made when the DAG was switched on."""
    night.wait(lambda: datetime.now(UTC).minute < 59)  # the hour of the schedule is that of the accounts then
    accounts(night)
    night.api.unpause(SYNC)
    night.wait(lambda: bool(night.api.runs(SYNC)))
    (made,) = night.api.runs(SYNC)
    assert made["run_type"] == "scheduled"
    run = night.run_of(["northwind"], made["dag_run_id"], SYNC)
    run.wait(lambda: run.state() in ("success", "failed"))
    return run


def run(night: Night, *names: str, dag: str = SYNC, steps: tuple[str, ...] = STEPS) -> Night:
    return night.run_of(names, night.api.trigger(dag, {"accounts": list(names)}), dag, steps)


def organization(account: str) -> str:
    return next(f"/mindmatrix/organizations/{one.organization}" for one in CUSTOMERS if one.account == account)


def held(night: Night, account: str) -> set[str]:
    return {one["source_id"] for one in night.control("GET", f"{organization(account)}/contacts?limit=99999")["contacts"]}


def active(night: Night, account: str) -> set[str]:
    """Ids of the CRM's own active contacts that have a company."""
    base, flag = (AUTOTASK, "isActive") if account == "northwind" else (CONNECTWISE, "inactiveFlag")
    contacts = night.control("GET", f"{base}/contacts?limit=99999")["contacts"]
    return {str(one["id"]) for one in contacts if bool(one[flag]) == (flag == "isActive") and (one.get("companyID") or one.get("company"))}


def status(night: Night, account: str) -> RunStatus:
    return night.store.runs.latest(INTEGRATION, account)[0].status


@pytest.mark.requirement("MIND-01", "CARD-3")
def test_the_schedule_runs_the_account_whose_night_began(night: Night, scheduled: Night) -> None:
    assert night.api.returned(SYNC, scheduled.run_id, "accounts") == ["northwind"]
    assert scheduled.settle("northwind") == DONE
    assert len(held(night, "northwind")) > 20
    assert held(night, "northwind") < active(night, "northwind")
    assert night.store.runs.latest(INTEGRATION, "contoso") == []


@pytest.mark.requirement("MIND-03", "CARD-4")
def test_a_label_that_is_gone_stops_its_account_alone_and_clearing_goes_on(night: Night, scheduled: Night) -> None:
    before = night.world.sandbox.writes("mindmatrix", CUSTOMERS[0].organization)
    labels = night.control("GET", "/autotask/databases")["NORTHWIND"]["picklists"]
    renamed = [[value, "Client" if label == "Customer" else label, on] for value, label, on in labels["companyType"]]
    night.control("PATCH", AUTOTASK, picklists={"companyType": renamed})
    both = run(night, *NAMES)
    states = both.settle("northwind")

    assert (states["extract"], states["load"]) == ("failed", "upstream_failed")
    log = both.log("northwind", "extract")
    assert "FILTER_LABEL_UNKNOWN" in log
    assert "Client" in log.partition("FILTER_LABEL_UNKNOWN")[2], "it names the labels there are"
    assert both.settle("contoso") == DONE
    assert len(held(night, "contoso")) > 20
    assert held(night, "contoso") < active(night, "contoso")

    night.control("PATCH", AUTOTASK, picklists={"companyType": labels["companyType"]})
    both.clear("northwind", "extract")
    assert both.settle("northwind") == DONE
    assert status(night, "northwind") is RunStatus.SUCCESS
    assert night.world.sandbox.writes("mindmatrix", CUSTOMERS[0].organization) == before, "nothing had changed"


@pytest.mark.requirement("MIND-05", "SAFE-3")
def test_many_deletes_wait_for_a_person_and_an_undo_puts_them_back(night: Night, scheduled: Night) -> None:
    if not held(night, "contoso"):
        run(night, "contoso").settle("contoso")
    before = held(night, "contoso")
    left = sorted(before, key=int)[:12]
    night.control("POST", f"{CONNECTWISE}/contacts/bulk", ids=[int(one) for one in left], set={"inactiveFlag": True})
    asked = run(night, "contoso")
    asked.settle("contoso")
    question = asked.question("contoso")
    assert "MASS_DELETE" in [hold["code"] for hold in night.store.runs.latest(INTEGRATION, "contoso")[0].holds]
    assert held(night, "contoso") == before
    asked.answer("contoso", question, "Approve")
    assert asked.settle("contoso") == DONE
    assert held(night, "contoso") == before - set(left)

    undo = run(night, "contoso", dag=UNDO, steps=("undo", "load"))
    assert set(undo.settle("contoso").values()) == {"success"}
    assert held(night, "contoso") == before
