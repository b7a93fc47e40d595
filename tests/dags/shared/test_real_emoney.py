"""eMoney's three DAGs in the shared Airflow: two firms in two zones, an export asked about, a linking, and the refresh of a night."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.local.scenarios.emoney import Firm
from dags.night import STEPS, Night, local_time

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

ELM, OAK = Firm("elm", 5, 8), Firm("oak", 6, 8)
CLIENTS, HOLDINGS = "smartoffice_to_emoney", "smartoffice_to_emoney_holdings"
EXPORT, LINKING, REFRESH = "emoney_client_export", "emoney_account_linking", "emoney_weeknight_refresh"
ACCOUNT = '[{name}]\nsource = "smartoffice_{name}"\ntarget = "emoney_{name}"\nfrequency = "weeknights"\nzone = "{zone}"\nat = "{at}"\n'
LINKING_STEPS = ("extract", "validate", "offer", "transform", "approve", "load")


def accounts(night: Night) -> None:
    """The night of elm, in New York, began in the last full hour; that of oak, in Kathmandu, does not for twelve hours."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    last = hour - timedelta(hours=1)
    zones = {"elm": ("America/New_York", last), "oak": ("Asia/Kathmandu", last + timedelta(hours=12))}
    tables = [ACCOUNT.format(name=name, zone=zone, at=local_time(when, zone)) for name, (zone, when) in zones.items()]
    night.accounts_of("emoney", "\n".join(tables))


@pytest.fixture(scope="module")
def night(airflow: Night) -> Night:
    accounts(airflow)
    for dag in (EXPORT, LINKING):
        airflow.api.wait_for_dag(dag)
        airflow.api.unpause(dag)
    return airflow


def run(night: Night, dag: str, account: str, steps: tuple[str, ...] = STEPS, **conf: Any) -> Night:
    return night.run_of([account], night.api.trigger(dag, {"account": account, **conf}), dag, steps)


def clients(night: Night, firm: Firm) -> dict[str, dict[str, Any]]:
    listed = night.control("GET", f"/emoney/firms/{firm.firm}/clients")["clients"]
    return {one["externalId"]: one for one in listed}


def links(night: Night, firm: Firm) -> dict[str, dict[str, Any]]:
    return {one["itemId"]: one for one in night.control("GET", f"/emoney/firms/{firm.firm}/links")["links"]}


def answered(night: Night, account: str, step: str, *choices: str, form: dict[str, Any] | None = None) -> dict[str, Any]:
    """Answer a question as on-call once it stands; gives the question."""
    night.wait(lambda: night.states(account).get(step) == "awaiting_input")
    question = night.question(account)
    night.wait_until_asked(question)
    night.as_user("oncall").answer(question, *choices, form=form)
    night.wait(lambda: night.states(account)[step] != "awaiting_input")
    return question


@pytest.mark.requirement("EMON-03", "CARD-3")
def test_an_export_creates_the_named_clients(night: Night) -> None:
    wanted = [ELM.contact(0), ELM.contact(2)]
    export = run(night, EXPORT, "elm", clients=wanted)
    assert export.settle("elm") == dict.fromkeys(export.steps, "success")
    assert set(clients(night, ELM)) == set(wanted)
    assert clients(night, OAK) == {}


@pytest.mark.requirement("EMON-04", "SAFE-3", "SAFE-9")
@pytest.mark.parametrize("choice", ["No", "Yes"])
def test_a_client_who_exists_is_asked_about(night: Night, choice: str) -> None:
    client = ELM.contact(0)
    night.control("PATCH", f"/smartoffice/offices/{ELM.office}/contacts/{client}", Company=f"Canarina {choice}")
    before = clients(night, ELM)[client]
    export = run(night, EXPORT, "elm", clients=[client])
    question = answered(export, "elm", "approve", choice)

    assert question["options"] == ["Yes", "No"]
    assert question["defaults"] == ["No"]
    assert "update client's information?" in question["subject"]
    assert f"| {client} | employerName |" in question["body"]
    assert "Canarina" not in json.dumps(question)
    assert export.settle("elm") == dict.fromkeys(export.steps, "success"), "No ends well, too"
    row = night.store.runs.latest(CLIENTS, "elm")[0]
    assert (row.status, row.decided_by) == (RunStatus.SUCCESS, "oncall")
    after = clients(night, ELM)[client]
    assert (after == before) == (choice == "No")
    assert (after["employerName"] == "Canarina Yes") == (choice == "Yes")


@pytest.mark.requirement("EMON-06", "SAFE-9")
def test_a_person_chooses_and_classifies_what_is_linked(night: Night) -> None:
    client = ELM.contact(0)
    linking = run(night, LINKING, "elm", LINKING_STEPS, clients=[client])
    linking.wait(lambda: linking.states("elm").get("offer") == "awaiting_input")
    options = linking.question("elm")["options"]
    items = [one.partition(" ")[0] for one in options[1:]]
    form = {f"{item} {client} {word}": value for item in items for word, value in (("assetType", "Other"), ("ownership", "Client"))}
    form |= {f"Investment.5.1 {client} assetType": "Brokerage", f"Investment.5.1 {client} ownership": "Joint"}
    chosen = [one for one in options if one.startswith("Investment.5.1 ")]
    answered(linking, "elm", "offer", *chosen, form=form)

    assert (options[0], len(chosen)) == ("Link nothing", 1)
    assert linking.settle("elm") == dict.fromkeys(LINKING_STEPS, "success")
    (link,) = links(night, ELM).values()
    assert (link["itemId"], link["assetType"], link["ownership"]) == ("Investment.5.1", "Brokerage", "Joint")
    assert night.store.audit.verify() == []


@pytest.mark.requirement("EMON-07", "EMON-08", "CARD-3")
def test_the_schedule_refreshes_the_account_whose_night_began(night: Night) -> None:
    value = night.control("PATCH", f"/smartoffice/offices/{ELM.office}/investments/Investment.5.1", AccountValue="77.7")
    assert value["AccountValue"] == "77.7"
    night.api.wait_for_dag(REFRESH)
    night.wait(lambda: datetime.now(UTC).minute < 59)  # the hour of the schedule is that of the accounts then
    accounts(night)
    night.api.unpause(REFRESH)
    night.wait(lambda: bool(night.api.runs(REFRESH)))
    (scheduled,) = night.api.runs(REFRESH)
    refresh = night.run_of(["elm"], scheduled["dag_run_id"], REFRESH)
    weeknight = _weeknight_of_elm()
    night.wait(lambda: refresh.state() in ("success", "failed"))

    assert scheduled["run_type"] == "scheduled"
    assert night.api.returned(REFRESH, refresh.run_id, "accounts") == (["elm"] if weeknight else [])
    if not weeknight:  # by hand then
        refresh = night.run_of(["elm"], night.api.trigger(REFRESH, {"accounts": ["elm"]}), REFRESH)
    assert refresh.settle("elm") == dict.fromkeys(refresh.steps, "success")
    assert links(night, ELM)["Investment.5.1"]["values"]["holdingsValue"] == "77.70"
    assert links(night, OAK) == {}
    row = night.store.runs.latest(HOLDINGS, "elm")[0]
    assert (row.status, row.run_id) == (RunStatus.SUCCESS, refresh.run_id)
    assert night.store.runs.latest(HOLDINGS, "oak") == []


def _weeknight_of_elm() -> bool:
    from zoneinfo import ZoneInfo

    return (datetime.now(UTC) - timedelta(hours=1)).astimezone(ZoneInfo("America/New_York")).weekday() < 5
