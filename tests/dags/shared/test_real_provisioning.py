"""An agent provisioned in the shared Airflow: only by an administrator, then filled, disabled, and filled again when asked."""

from __future__ import annotations

from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.features.tenancy.business_log import BusinessLog
from crosswalk.local.scenarios.fmo import FMOS
from dags.night import STEPS, Night

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

PROVISION, CONTROL, INTEGRATION, FMO = "fmo_policy_provisioning", "fmo_policy_sync_control", "fmo_to_agent_crm", FMOS[0]
ANN, BEN = "7700123", "07700123"
ACCOUNT = f"{FMO.account}-{ANN}"
PERSON = {"first_name": "Kim", "last_name": "Quill", "email": "kim@example.test"}
FORM = {"fmo": FMO.account, "kind": "agent", "name": "Kim Quill", "npn": ANN, **PERSON, "policy_sync": True}
RECORDS = f"/agent_crm/businesses/{FMO.business}/records"


def administrators(night: Night, *names: str) -> None:
    connections = f'source = "carriers_{FMO.account}"\ntarget = "agent_crm_{FMO.account}"\nfrequency = "manual"\n'
    night.accounts_of("fmo", f"[{FMO.account}]\n{connections}administrators = {list(names)}\n")


@pytest.fixture(scope="module")
def night(airflow: Night) -> Night:
    for number, npn in enumerate((ANN, ANN, BEN), 1):
        policy = {"sync_key": f"real-{number}", "carrier": "harborlight", "policy_number": f"R{number}", "writing_agent_npn": npn}
        airflow.control("POST", f"{RECORDS}/policies", **policy)
        member = {"sync_key": f"real-m{number}", "policy": f"real-{number}", "first_name": "Ann", "last_name": f"Real{npn}"}
        airflow.control("POST", f"{RECORDS}/members", **member, role="subscriber", birth_date="1951-04-09", writing_agent_npn=npn)
    for dag in (PROVISION, CONTROL):
        airflow.api.wait_for_dag(dag)
        airflow.api.unpause(dag)
    return airflow


def run(night: Night, dag: str, conf: dict[str, Any]) -> Night:
    return night.run_of([ACCOUNT], night.api.trigger(dag, conf), dag)


def held(night: Night) -> tuple[list[str], int]:
    """Policies and contacts of the agent's business."""
    businesses = night.control("GET", "/agent_crm/businesses")
    one = next(one for one, about in businesses.items() if about["external_key"] == ANN)
    policies = night.control("GET", f"/agent_crm/businesses/{one}/records/policies?limit=1000")["records"]
    return sorted(row["sync_key"] for row in policies), businesses[one]["counts"]["contacts"]


@pytest.mark.requirement("ACRM-02", "ACRM-04", "ACRM-05", "ACRM-09")
def test_an_administrator_provisions_and_nobody_else(night: Night) -> None:
    administrators(night, "somebody else")
    refused = run(night, PROVISION, FORM)
    refused.wait(lambda: refused.state() == "failed")
    assert BusinessLog(night.store.engine).all(INTEGRATION) == []

    administrators(night, "engineer")
    made = run(night, PROVISION, FORM)
    assert made.settle(ACCOUNT) == dict.fromkeys(STEPS, "success")
    assert held(night) == (["real-1", "real-2"], 1)
    assert night.store.runs.latest(INTEGRATION, ACCOUNT)[0].status is RunStatus.SUCCESS

    off = run(night, CONTROL, {"accounts": [ACCOUNT], "action": "disable"})
    off.wait(lambda: off.state() == "success")
    again = run(night, CONTROL, {"accounts": [ACCOUNT]})
    assert again.settle(ACCOUNT)["extract"] == "failed"
    assert "SYNC_DISABLED" in again.log(ACCOUNT, "extract")
    on = run(night, CONTROL, {"accounts": [ACCOUNT], "action": "enable"})
    assert on.settle(ACCOUNT) == dict.fromkeys(STEPS, "success")
    assert held(night) == (["real-1", "real-2"], 1)
    assert night.store.audit.verify() == []
