"""What only administrators may ask, as Airflow's tasks: the role first, the form next, and only then anything is made."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from crosswalk.errors import AuthRefused, ConfigurationError
from crosswalk.features.tenancy.business_log import BusinessLog
from crosswalk.features.tenancy.share import AgentShare
from crosswalk.orchestration import resources
from crosswalk.orchestration.hooks.agent_crm import AgentCrmHook
from crosswalk.orchestration.operators.agent_crm import (
    ACTIONS,
    ADD,
    DISABLE,
    ENABLE,
    RESYNC,
    ControlSyncOperator,
    ProvisionBusinessOperator,
)
from crosswalk.systems.agent_crm.source import AgentCrmSource
from crosswalk.systems.agent_crm.target import FMO_ENTITIES, AgentCrmTarget, NotMadeYet
from dag_snapshots import bag
from fmo_world import FMO, NAME, SETTINGS, FmoWorld

ANN = "4477123"
PERSON = {"first_name": "Ann", "last_name": "Quill", "email": "ann@example.test"}
FORM = {"fmo": FMO, "kind": "agent", "name": "Quill", "npn": ANN, **PERSON, "policy_sync": True}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FmoWorld:
    """An FMO whose administrators are ada and bob."""
    made = FmoWorld(tmp_path / "world")
    table = f'[{FMO}]\nsource = "carriers_a"\ntarget = "agent_crm_a"\nfrequency = "manual"\nadministrators = ["ada", "bob"]\n'
    (tmp_path / "fmo.toml").write_text(table, encoding="utf-8")
    monkeypatch.setenv("CROSSWALK_ACCOUNTS", str(tmp_path))
    monkeypatch.setattr(resources, "open_store", lambda: made.store)
    monkeypatch.setattr(AgentCrmHook, "get_client", lambda _hook: made.client)
    monkeypatch.setattr(AgentCrmHook, "settings", lambda _hook: SETTINGS)
    return made


def ask(operator: Any, dag_id: str, by: str | None, **conf: Any) -> list[str]:
    """Execute a first task as a run that a user triggered with this form."""
    params = bag().dags[dag_id].params
    filled = {name: params.get_param(name).value for name in params} | conf
    run = SimpleNamespace(conf=conf, run_type="manual", triggering_user_name=by, dag_id=dag_id, run_id="manual__1")
    context = {"dag": SimpleNamespace(params=params), "dag_run": run, "params": filled}
    answer: list[str] = operator(task_id="ask", integration=NAME).execute(context)
    return answer


def provision(by: str | None = "ada", **conf: Any) -> list[str]:
    return ask(ProvisionBusinessOperator, "fmo_policy_provisioning", by, **{**FORM, **conf})


def control(by: str | None = "ada", **conf: Any) -> list[str]:
    return ask(ControlSyncOperator, "fmo_policy_sync_control", by, **{"accounts": [f"{FMO}-{ANN}"], **conf})


def events(world: FmoWorld) -> list[tuple[str, str]]:
    with world.store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT event, actor FROM audit ORDER BY position"))]


@pytest.mark.requirement("ACRM-02", "ACRM-09")
def test_an_administrator_provisions_and_the_account_is_run(world: FmoWorld) -> None:
    further = [{"npn": "55", "first_name": "Ben", "last_name": "Quill", "email": "ben@example.test"}]
    assert provision(kind="agency", users=further) == [f"{FMO}-{ANN}"]
    (made,) = BusinessLog(world.store.engine).all(NAME)
    assert (made.npns, made.policy_sync, made.made_by) == ((ANN, "55"), True, "ada")
    assert provision(policy_sync=False, npn="66", email="c@example.test") == []
    assert events(world)[:2] == [("administrator_admitted", "ada"), ("business_provisioned", "ada")]
    assert not any("example.test" in value or "Quill" in value for value in (str(one) for one in BusinessLog(world.store.engine).all(NAME)))


@pytest.mark.requirement("ACRM-09")
@pytest.mark.parametrize("by", ["eve", None, "", "Ada", "ada "])
def test_nobody_else_does_anything(world: FmoWorld, by: str | None) -> None:
    with pytest.raises(AuthRefused, match="ROLE_MISSING"):
        provision(by)
    assert list(world.system.customers) == [world.fmo.business_id]
    provision()
    before = dict(world.system.customers)
    for action in ACTIONS:
        with pytest.raises(AuthRefused, match="ROLE_MISSING"):
            control(by, action=action, npn="55", **{**PERSON, "email": "b@example.test"})
    assert (world.system.customers, BusinessLog(world.store.engine).all(NAME)[0].policy_sync) == (before, True)
    assert [event for event, _ in events(world)].count("administrator_refused") == 1 + len(ACTIONS)
    assert world.store.audit.verify() == []


@pytest.mark.requirement("ACRM-02")
@pytest.mark.parametrize(
    "wrong", [{"npn": "12 3"}, {"name": " "}, {"email": ""}, {"users": [{"npn": "5"}]}, {"kind": "fmo"}, {"force": True}]
)
def test_a_form_that_lacks_something_makes_nothing(world: FmoWorld, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        provision(**wrong)
    assert caught.value.code in ("NPN_INVALID", "PROVISION_REQUIRED", "CONF_INVALID", "CONF_FORBIDDEN")
    assert list(world.system.customers) == [world.fmo.business_id]
    with pytest.raises(ConfigurationError, match="ACCOUNT_UNKNOWN"):
        provision(fmo="another")


@pytest.mark.requirement("ACRM-04", "ACRM-07")
def test_what_may_be_asked_of_a_business(world: FmoWorld) -> None:
    (account,) = provision()
    assert control() == control(action=ENABLE) == control(dry_run=True) == [account]
    assert control(action=ADD, npn="55", **{**PERSON, "email": "b@example.test"}) == [account]
    assert control(action=DISABLE) == []
    assert control(action=ADD, npn="66", **{**PERSON, "email": "c@example.test"}) == []
    assert control(action=RESYNC) == [account], "extract refuses it: the FMO's word counts"
    kept = BusinessLog(world.store.engine).find(NAME, account)
    assert kept is not None
    assert (kept.npns, kept.policy_sync) == ((ANN, "55", "66"), False)
    for wrong in ({"action": ENABLE, "dry_run": True}, {"action": ADD}, {"accounts": ["meridian-1"]}, {"action": "delete"}):
        with pytest.raises(ConfigurationError):
            control(**wrong)


@pytest.mark.requirement("ACRM-05")
def test_a_connection_leads_to_the_business_the_account_is_for(world: FmoWorld) -> None:
    made = world.provision(ANN)
    own, meant, theirs = (AgentCrmHook("agent_crm_a", business) for business in (None, "", made.business_id))
    assert isinstance(own.get_source(), AgentCrmSource)
    assert isinstance(own.get_target(), AgentCrmTarget)
    assert set(own.get_target().state().counts) == set(FMO_ENTITIES)
    assert isinstance(meant.get_target(), NotMadeYet)
    assert isinstance(theirs.get_source(), AgentShare)
    assert theirs.get_target().identity().endswith(made.business_id)
    assert own.get_target().identity() != theirs.get_target().identity()
