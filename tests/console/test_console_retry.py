"""Retry: on-call's form starts a run through Airflow's own API, as that user, with Airflow's permission check and audit log."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.utils.session import create_session
from sqlalchemy import delete, select

from console.rooms import DAG, INTEGRATION, Rooms, SignIn, begin
from console.test_console_access import FORM
from crosswalk.core.model import Rejection, RunKey

PAGE = f"/crosswalk/rejected/{INTEGRATION}/summit"


@pytest.fixture(autouse=True)
def no_runs(airflow: object) -> None:
    with create_session() as session:
        session.execute(delete(DagRun))
        session.execute(delete(Log))


def reject(rooms: Rooms, *ids: str) -> None:
    key: RunKey = begin(rooms.store)
    rejections = [Rejection("contact", one, "EMAIL_INVALID", "Email", "not a valid address", "correct it", "q***") for one in ids]
    rooms.store.rejected.record(key, "contact", rejections, set(ids))


def press(sign_in: SignIn, form: dict[str, Any], role: str = "user") -> Any:
    client = sign_in(role, "oncall")
    found = FORM.search(client.get(PAGE).text)
    assert found
    return client.post(f"{PAGE}/retry", data={"token": found.group(1), **form})


@pytest.mark.requirement("CARD-8", "SAFE-10")
@pytest.mark.parametrize(
    ("form", "conf"),
    [
        ({"all": "1"}, {"accounts": ["summit"], "rejected_only": True}),
        ({"all": "1", "record": "Contact.7.1"}, {"accounts": ["summit"], "rejected_only": True}),
        ({"one": "Contact.7.2", "record": "Contact.7.1"}, {"accounts": ["summit"], "rejected_only": True, "records": ["Contact.7.2"]}),
        (
            {"selected": "1", "record": ["Contact.7.1", "Contact.7.2", "Contact.7.1"]},
            {"accounts": ["summit"], "rejected_only": True, "records": ["Contact.7.1", "Contact.7.2"]},
        ),
    ],
)
def test_a_retry_triggers_the_dag_as_its_user(rooms: Rooms, sign_in: SignIn, form: dict[str, Any], conf: dict[str, Any]) -> None:
    reject(rooms, "Contact.7.1", "Contact.7.2")
    answer = press(sign_in, form)
    assert answer.status_code == 303
    with create_session() as session:
        run = session.scalars(select(DagRun)).one()
        log = session.scalars(select(Log).where(Log.event == "trigger_dag_run")).one()
    assert (run.dag_id, run.conf, run.triggering_user_name) == (DAG, conf, "oncall")
    assert (log.owner, log.dag_id) == ("oncall", DAG)
    page = sign_in("user", "oncall").get(answer.headers["location"]).text
    assert "A run was started" in page
    assert f"/dags/{DAG}/runs/manual__" in page


def test_nothing_chosen_starts_nothing(rooms: Rooms, sign_in: SignIn) -> None:
    reject(rooms, "Contact.7.1")
    answer = press(sign_in, {"selected": "1"})
    assert (answer.status_code, "No record was chosen" in answer.text) == (400, True)
    with create_session() as session:
        assert session.scalars(select(DagRun)).all() == []


def test_a_dag_airflow_does_not_know_is_said_so(rooms: Rooms, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.models.dag import DagModel

    reject(rooms, "Contact.7.1")
    with create_session() as session:
        session.get(DagModel, DAG).is_stale = True
    try:
        answer = press(sign_in, {"all": "1"})
    finally:
        with create_session() as session:
            session.get(DagModel, DAG).is_stale = False
    assert answer.status_code == 404
    assert "Airflow did not start the run" in answer.text


@pytest.mark.requirement("CARD-8", "SAFE-10")
def test_no_retry_is_offered_where_the_dags_form_has_none(rooms: Rooms, sign_in: SignIn) -> None:
    key: RunKey = begin(rooms.store, "meridian", integration="carriers_to_fmo", dag_id="fmo_carrier_ingest")
    rejections = [Rejection("policy", "harborlight:H1", "NPN_BLANK", "npn", "blank", "correct it", "")]
    rooms.store.rejected.record(key, "policy", rejections, {"harborlight:H1"})
    reject(rooms, "Contact.7.1")
    client, address = sign_in("user", "oncall"), "/crosswalk/rejected/carriers_to_fmo/meridian"
    page, offered = client.get(address).text, client.get(PAGE).text
    assert "harborlight:H1" in page
    assert ("Retry" in page, "Tick" in page, "Retry those ticked" in offered) == (False, False, True)
    token = FORM.search(offered)
    assert token
    answer = client.post(f"{address}/retry", data={"token": token.group(1), "all": "1"})
    assert (answer.status_code, "fmo_carrier_ingest delivers no records alone" in answer.text) == (400, True)
    with create_session() as session:
        assert session.scalars(select(DagRun)).all() == []
