"""What an FMO's administrators ask for, from the dry run to the second re-sync: exact counts, nothing double, nothing taken away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.errors import AuthRefused, ConfigurationError, SafetyStop, TransientError
from crosswalk.features.tenancy.business_log import BusinessLog
from crosswalk.features.tenancy.businesses import Business
from crosswalk.features.tenancy.ports import UserRequest
from crosswalk.features.tenancy.provision import add_agent, disable, enable
from crosswalk.integrations.specs import load_spec
from fmo_world import ADMINISTRATOR, FMO, NAME, FmoWorld

ANN, BEN = "4477123", "04477123"


@pytest.fixture
def world(tmp_path: Path) -> FmoWorld:
    """Ann wrote three policies of two people, one of them without e-mail; Ben, whose NPN is hers with a zero before it, one."""
    made = FmoWorld(tmp_path / "world")
    for number, first, email in ((1, "Ann", "a@example.test"), (2, "Ann", "a@example.test"), (3, "Bob", "")):
        made.policy(number, ANN)
        made.member(number, number, ANN, first, email=email)
    made.policy(9, BEN)
    made.member(9, 9, BEN, "Zed", email="z@example.test")
    return made


def notes(world: FmoWorld, row: Any) -> str:
    return " ".join(json.loads(world.zone.report_folder(row.key).read_bytes("report.json"))["notes"])


@pytest.mark.requirement("ACRM-02", "ACRM-05", "ACRM-06", "ACRM-08")
def test_a_dry_run_makes_nothing_and_says_what_would_go(world: FmoWorld) -> None:
    meant = world.provision(ANN, dry_run=True)
    row = world.run(meant, dry_run=True)
    assert row.status is RunStatus.DRY_RUN
    assert row.counts["plan"] == {"policy": {"create": 3}, "contact": {"create": 2}}
    assert list(world.system.customers) == [world.fmo.business_id]
    said = notes(world, row)
    assert f"3 policies are written under NPN {ANN}." in said
    assert "3 members are 2 contacts: 1 people are on more than one policy." in said
    assert "1 contacts have no e-mail. If the agent uploads contacts later, these may be there twice" in said
    assert "Quill" not in said
    with pytest.raises(SafetyStop, match="ISOLATION_UNKNOWN"):
        world.run(meant)


@pytest.mark.requirement("ACRM-02", "ACRM-03", "ACRM-05")
def test_a_business_begins_with_what_its_npn_wrote_and_later_changes_wait(world: FmoWorld) -> None:
    made = world.provision(ANN)
    row = world.run(made)
    assert row.status is RunStatus.SUCCESS
    policies, contacts = world.held(made, "policies"), world.held(made, "contacts")
    assert sorted(policies) == ["P-1", "P-2", "P-3"]
    assert {key: (one["first_name"], one["email"], one["policies"]) for key, one in contacts.items()} == {
        "M-1": ("Ann", "a@example.test", "P-1 P-2"),
        "M-3": ("Bob", "", "P-3"),
    }
    world.policy(4, ANN)
    assert sorted(world.held(made, "policies")) == ["P-1", "P-2", "P-3"]
    assert made.account == f"{FMO}-{ANN}"
    assert load_spec(NAME).dag == "fmo_policy_sync_control"


@pytest.mark.requirement("ACRM-02")
def test_without_policy_sync_the_business_is_made_and_stays_empty(world: FmoWorld) -> None:
    made = world.provision(ANN, sync=False)
    with pytest.raises(AuthRefused, match="SYNC_DISABLED"):
        world.run(made)
    assert world.held(made, "policies") == {}
    assert world.store.ledger.delivered(NAME, made.account, "policy").empty


@pytest.mark.requirement("ACRM-04", "ACRM-08")
def test_a_resync_after_changes_makes_nothing_double_with_and_without_emails(world: FmoWorld) -> None:
    made = world.provision(ANN)
    world.run(made)
    world.policy(4, ANN, status="active")
    world.member(4, 4, ANN, "Bob")  # has no e-mail, and a second policy by now
    world.member(3, 3, ANN, "Bob", city="Salem")
    world.member(1, 1, ANN, "Ann", email="new@example.test")
    world.member(2, 2, ANN, "Ann", email="new@example.test")
    world.policy(5, ANN)
    world.member(5, 5, ANN, "Cyd", email="")
    for counts in ({"update": 2, "create": 1}, {"unchanged": 3}):
        row = world.run(made)
        assert row.counts["plan"]["contact"] == counts
        contacts = world.held(made, "contacts")
        assert sorted(contacts) == ["M-1", "M-3", "M-5"]
        assert [contacts[one]["email"] for one in sorted(contacts)] == ["new@example.test", "", ""]
        assert contacts["M-3"]["policies"] == "P-3 P-4"


@pytest.mark.requirement("ACRM-04", "ACRM-08")
def test_what_the_agent_made_is_left_alone(world: FmoWorld) -> None:
    made = world.provision(ANN)
    business = world.system.customers[made.business_id]
    business.write("contacts", None, {"first_name": "Own", "last_name": "Contact", "email": "A@example.test"})
    row = world.run(made)
    contacts = world.held(made, "contacts")
    assert sorted(one["first_name"] for one in contacts.values()) == ["Ann", "Bob", "Own"]
    assert contacts["M-1"]["email"] == ""
    assert "1 people share an e-mail with another contact" in notes(world, row)


@pytest.mark.requirement("ACRM-04", "ACRM-05")
def test_a_policy_that_is_another_agents_by_now_stays_and_is_reported(world: FmoWorld) -> None:
    made = world.provision(ANN)
    world.run(made)
    world.policy(1, BEN, plan_name="new with Ben")
    world.member(1, 1, BEN, "Ann", email="a@example.test", city="Bensville")
    row = world.run(made)
    plan = world.plan(row)
    assert tuple(plan.loc[("policy", "P-1"), ["outcome", "reason"]]) == ("frozen", "left_source")
    assert "P-1" in world.report(row)
    policies, contacts = world.held(made, "policies"), world.held(made, "contacts")
    assert policies["P-1"]["plan_name"] == ""
    assert sorted(contacts) == ["M-1", "M-3"]
    assert (contacts["M-1"]["policies"], contacts["M-1"]["city"]) == ("P-1 P-2", "")
    assert "Bensville" not in str(policies) + str(contacts) + world.report(row)


@pytest.mark.requirement("ACRM-07")
def test_an_agencys_second_npn_comes_with_its_user_and_brings_its_policies(world: FmoWorld) -> None:
    made = world.provision(ANN, BEN)
    row = world.run(made)
    assert sorted(world.held(made, "policies")) == ["P-1", "P-2", "P-3", "P-9"]
    assert "add that NPN as a further user of this business" in notes(world, row)
    third = "55"
    world.policy(7, third)
    world.member(7, 7, third, "Dee")
    world.run(made)
    assert "P-7" not in world.held(made, "policies")
    for _ in range(2):
        kept = add_agent(world.desk, made.account, UserRequest("dee@example.test", "Dee", "Quill", third))
        assert kept.npns == (ANN, BEN, third)
    row = world.run(made)
    assert "P-7" in world.held(made, "policies")
    assert "npns changed" in notes(world, row)
    for taken in (f"agent{ANN}@example.test", "DEE@example.test"):
        with pytest.raises(ConfigurationError, match="NPN_EMAIL_TAKEN"):
            add_agent(world.desk, made.account, UserRequest(taken, "Eve", "Quill", "66"))
    assert BusinessLog(world.store.engine).find(NAME, made.account) == kept


@pytest.mark.requirement("ACRM-04")
def test_a_disabled_business_refuses_and_an_enabled_one_goes_on(world: FmoWorld) -> None:
    made = world.provision(ANN)
    world.run(made)
    assert not disable(world.desk, made.account).policy_sync
    world.policy(4, ANN)
    with pytest.raises(AuthRefused, match="SYNC_DISABLED"):
        world.run(made)
    assert enable(world.desk, made.account).policy_sync
    world.run(made)
    assert "P-4" in world.held(made, "policies")
    world.system.customers[made.business_id].policy_sync = False  # switched off in Agent CRM itself
    with pytest.raises(AuthRefused, match="SYNC_DISABLED"):
        world.run(made)


@pytest.mark.requirement("ACRM-02", "ACRM-07")
def test_everything_wrong_with_a_form_is_said_before_anything_is_made(world: FmoWorld) -> None:
    with pytest.raises(ConfigurationError) as caught:
        world.provision("12 3", "55", "*")
    assert {"NPN_INVALID"} == {problem.code for problem in caught.value.problems}
    assert list(world.system.customers) == [world.fmo.business_id]
    assert BusinessLog(world.store.engine).all(NAME) == []
    for account in ("meridian-1", world.provision("66", dry_run=True).account):
        with pytest.raises(ConfigurationError, match="BUSINESS_UNKNOWN"):
            enable(world.desk, account)


class Dying:
    """Businesses whose maker is killed before or after one call."""

    def __init__(self, inner: Any, at: str, after: bool) -> None:
        self._inner, self._at, self._after = inner, at, after

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            if name == self._at and not self._after:
                raise TransientError("CONN_BROKEN", operation=name, problem="killed", next_step="clear the task")
            answer = getattr(self._inner, name)(*arguments, **named)
            if name == self._at:
                raise TransientError("CONN_BROKEN", operation=name, problem="killed", next_step="clear the task")
            return answer

        return call


@pytest.mark.requirement("ACRM-02", "SAFE-5")
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", ["make", "add_user", "switch_sync"])
def test_a_provisioning_that_was_killed_finds_everything_again(world: FmoWorld, at: str, after: bool, monkeypatch: Any) -> None:
    desk = world.desk
    with monkeypatch.context() as patch:
        patch.setattr(FmoWorld, "desk", replace(desk, businesses=Dying(desk.businesses, at, after)))
        with pytest.raises(TransientError):
            world.provision(ANN, BEN)
    again = [world.provision(ANN, BEN) for _ in range(2)]
    assert again[0] == again[1]
    children = [one for one in world.system.customers.values() if one.parent]
    assert [(one.business_id, one.npns, one.policy_sync) for one in children] == [(again[0].business_id, [ANN, BEN], True)]
    assert [one["npn"] for one in children[0].users] == [ANN, BEN]


@pytest.mark.requirement("ACRM-05")
def test_the_key_of_one_business_is_no_key_to_another_account(world: FmoWorld) -> None:
    """Two accounts of one FMO have one source connection and one key; each is bound to its own business for good."""
    ann, ben = world.provision(ANN), world.provision(BEN)
    world.run(ann)
    world.run(ben)
    assert (sorted(world.held(ann, "policies")), sorted(world.held(ben, "policies"))) == (["P-1", "P-2", "P-3"], ["P-9"])
    BusinessLog(world.store.engine).keep(replace(ann, business_id=ben.business_id))
    with pytest.raises(ConfigurationError, match="CONN_"):
        world.run(ann)
    assert sorted(world.held(ben, "policies")) == ["P-9"]


@pytest.mark.requirement("ACRM-09")
def test_what_administrators_did_is_in_the_audit_chain(world: FmoWorld) -> None:
    made = world.provision(ANN)
    disable(world.desk, made.account)
    assert world.store.audit.verify() == []
    from sqlalchemy import select

    from crosswalk.store.tables import audit

    with world.store.engine.connect() as connection:
        rows: Sequence[Any] = connection.execute(select(audit).order_by(audit.c.position)).all()
    assert [(row.event, row.actor, row.account) for row in rows] == [
        ("business_provisioned", ADMINISTRATOR, made.account),
        ("sync_disabled", ADMINISTRATOR, made.account),
    ]
    assert "Quill" not in str(rows)
    assert isinstance(made, Business)
