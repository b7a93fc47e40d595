"""Carrier files in the shared Airflow: taken once, an hour without news skipped, a person asked about a file to be looked at."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.local.scenarios.fmo import FMOS, HEADER
from dags.night import STEPS, Night

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

DAG, INTEGRATION, FMO = "fmo_carrier_ingest", "carriers_to_fmo", FMOS[0]
WITHOUT_NEWS = {"extract": "skipped", **dict.fromkeys(STEPS[1:], "skipped")}


@pytest.fixture(scope="module")
def night(airflow: Night) -> Night:
    """The account is left alone by the schedule, so that only the tests begin runs."""
    connections = f'source = "carriers_{FMO.account}"\ntarget = "agent_crm_{FMO.account}"\n'
    airflow.accounts_of("fmo", f'[{FMO.account}]\n{connections}frequency = "manual"\n')
    airflow.api.wait_for_dag(DAG)
    airflow.api.unpause(DAG)
    return airflow


def run(night: Night) -> Night:
    return night.run_of([FMO.account], night.api.trigger(DAG, {"accounts": [FMO.account]}), DAG)


def drop(night: Night, *rows: tuple[str, ...]) -> str:
    """Leave a later book of harborlight."""
    name, text = f"harborlight_book_{datetime.now(UTC):%Y%m%d}.csv", io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    (night.place.local / "drop" / FMO.account / "harborlight" / name).write_text(text.getvalue())
    return name


def policies(night: Night) -> dict[str, Any]:
    listed = night.control("GET", f"/agent_crm/businesses/{FMO.business}/records/policies?limit=10000")["records"]
    return {one["policy_number"]: one for one in listed}


@pytest.mark.requirement("ACRM-01", "CARD-3", "CARD-4")
def test_files_are_taken_once_and_a_person_decides_about_a_suspicious_one(night: Night) -> None:
    first = run(night)
    assert first.settle(FMO.account) == dict.fromkeys(STEPS, "success")
    assert len(policies(night)) == FMO.policies + 21
    written = night.world.sandbox.writes("agent_crm", FMO.business)

    quiet = run(night)
    assert quiet.settle(FMO.account) == WITHOUT_NEWS
    assert quiet.state() == "success"
    assert "no new file has arrived" in quiet.log(FMO.account, "extract")
    assert night.world.sandbox.writes("agent_crm", FMO.business) == written

    name = drop(night, ("H00000001", "4477101", "Agent 1", "Ann1", "Quill", "02/02/1936", "new@example.test"))
    Path(night.place.local / "drop" / FMO.account / "harborlight" / "notes.pdf").write_bytes(b"%PDF-1.7")
    held = run(night)
    held.wait(lambda: held.states(FMO.account).get("approve") == "awaiting_input")
    question = held.question(FMO.account)
    assert "FILE_SLICE_DROP" in question["body"]
    assert name in question["body"]
    assert "FILES_REFUSED" in held.log(FMO.account, "extract")
    held.answer(FMO.account, question, "Approve")
    assert held.settle(FMO.account) == dict.fromkeys(STEPS, "success")
    row = night.store.runs.latest(INTEGRATION, FMO.account)[0]
    assert row.status is RunStatus.PARTIAL
    assert row.counts["load"]["accepted"] == 2, "the member's address, and the agent's name, which the last file before left blank"
    assert len(policies(night)) == FMO.policies + 21, "what a file does not mention stays"
