"""What people do in FMG, back in SmartOffice, in the shared Airflow: one note each, and nothing the second time."""

from __future__ import annotations

import pytest

from crosswalk.features.optouts.suppressions import Suppressions
from dags.night import ACCOUNT, DAG, INTEGRATION, STEPS, Night

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

WRITEBACK, WRITEBACK_STEPS = "fmg_activity_writeback", ("collect", "write")
WHEN = "2026-01-04T17:00:00Z"


@pytest.fixture(scope="module")
def night(airflow: Night) -> Night:
    """The contacts of hazel are delivered, and what people do there becomes notes."""
    chosen = 'activities = ["form_completed", "email_sent", "opted_out"]\n'
    airflow.accounts_of("fmg", ACCOUNT.format(name="hazel", frequency="manual") + chosen)
    for dag in (DAG, WRITEBACK):
        airflow.api.wait_for_dag(dag)
        airflow.api.unpause(dag)
    assert airflow.trigger("hazel").settle("hazel") == dict.fromkeys(STEPS, "success")
    return airflow


def notes(night: Night) -> dict[str, str]:
    listed = night.control("GET", f"/smartoffice/offices/{night.office('hazel').office}/notes?limit=1000")["notes"]
    assert len({one["Contact"] for one in listed}) == len(listed)
    return {one["Contact"]: one["Text"] for one in listed}


def write_back(night: Night) -> int:
    """One run by hand, and how many notes all runs wrote so far: the schedule's run of the quarter of an hour may be quicker."""
    run = night.run_of(["hazel"], night.api.trigger(WRITEBACK, {"accounts": ["hazel"]}), WRITEBACK, WRITEBACK_STEPS)
    assert run.settle("hazel") == dict.fromkeys(WRITEBACK_STEPS, "success")
    counted = [night.api.returned(WRITEBACK, one["dag_run_id"], "account.write", map_index=0) for one in night.api.runs(WRITEBACK)]
    return sum(one["written"] for one in counted if one)


@pytest.mark.requirement("FMG-05", "SAFE-9")
def test_three_activities_become_three_notes_once(night: Night) -> None:
    fmg_account = night.office("hazel").fmg_account
    people = night.control("GET", f"/fmg/accounts/{fmg_account}/contacts?limit=1000")["contacts"]
    one, two, three = [person for person in people if person["email"]][:3]
    activities = [
        {"type": "form_completed", "contact": one["contact_id"], "title": "Retirement checklist", "occurred_at": WHEN},
        {"type": "email_sent", "contact": two["source_id"], "title": "Birthday card", "occurred_at": WHEN},
        {"type": "opted_out", "contact": three["email"], "occurred_at": WHEN},
    ]
    night.control("POST", f"/fmg/accounts/{fmg_account}/activities", activities=activities)

    assert write_back(night) == 3
    assert {who: text.split(" (")[0] for who, text in notes(night).items()} == {
        one["source_id"]: "Website form completed: Retirement checklist",
        two["source_id"]: "E-mail sent: Birthday card",
        three["source_id"]: "Opted out of e-mail",
    }
    assert Suppressions(night.store.engine).read(INTEGRATION, "hazel")

    before = notes(night)
    assert write_back(night) == 3, "nothing more"
    assert notes(night) == before
