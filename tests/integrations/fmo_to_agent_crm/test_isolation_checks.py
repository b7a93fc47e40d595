"""Each check that keeps agents apart, alone: the others around it would hide that it is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from crosswalk.core.npn import same_npn
from crosswalk.core.ports import Operation, Page, Row
from crosswalk.errors import AuthRefused, ConfigurationError, SafetyStop
from crosswalk.features.tenancy.member_dedup import contacts_of
from crosswalk.features.tenancy.ports import BusinessRequest
from crosswalk.features.tenancy.provision import enable
from crosswalk.features.tenancy.share import AgentShare
from crosswalk.systems.agent_crm.provisioning import FmoBusinesses
from crosswalk.systems.agent_crm.source import AgentCrmSource
from crosswalk.systems.agent_crm.target import AgentCrmTarget, NotMadeYet
from fmo_world import FmoWorld

pytestmark = pytest.mark.requirement("ACRM-05")
ANN, BEN = "4477123", "04477123"


@pytest.fixture
def world(tmp_path: Path) -> FmoWorld:
    made = FmoWorld(tmp_path / "world")
    for number, npn, first in ((1, ANN, "Ann"), (9, BEN, "Zed")):
        made.policy(number, npn)
        made.member(number, number, npn, first)
    return made


def rows(pages: Iterator[Page]) -> list[Row]:
    return [row for page in pages for row in page.rows]


class Letting:
    """A source that lets a policy of somebody else through."""

    def __init__(self, inner: AgentShare) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def pages(self, entity: str, scope: Sequence[str] | None) -> Iterator[Page]:
        for page in self.inner.pages(entity, scope):
            more = [{**page.rows[0], "source_id": "P-9", "writing_agent_npn": BEN}] if entity == "policy" else []
            yield Page([*page.rows, *more], page.total + len(more), page.fields_seen)


def test_a_run_whose_source_lets_somebody_elses_record_through_sends_nothing_of_its_batch(world: FmoWorld) -> None:
    made = world.provision(ANN)
    account = world.account(made)
    with pytest.raises(SafetyStop, match="ISOLATION_BREACH"):
        world.account(made, Letting(account.source)).run("let through")  # type: ignore[arg-type]
    assert world.held(made, "policies") == {}


def test_the_source_drops_what_a_search_found_beside_what_it_was_asked_for(world: FmoWorld) -> None:
    source = AgentCrmSource(world.client)
    assert [row["source_id"] for row in rows(source.pages("policy", [ANN]))] == ["P-1"]
    assert [row["source_id"] for row in rows(source.pages("member", [ANN]))] == ["M-1"]
    assert source.widened == 2


@pytest.mark.parametrize("npn", ["", "*", "447712%", "4477123.0"])
def test_what_is_no_npn_asks_nothing_and_equals_nothing(world: FmoWorld, npn: str) -> None:
    asked = world.client.sent.total()
    with pytest.raises(ConfigurationError, match="NPN_INVALID"):
        rows(AgentCrmSource(world.client).pages("policy", [npn]))
    assert world.client.sent.total() == asked
    assert not same_npn(npn, npn)


@pytest.mark.parametrize("nobody", [None, [], ()])
def test_the_share_of_nobody_is_refused(world: FmoWorld, nobody: Any) -> None:
    share = AgentShare(AgentCrmSource(world.client), FmoBusinesses(world.client), "", NotMadeYet())
    for entity in ("policy", "contact"):
        with pytest.raises(ConfigurationError, match="SCOPE_EMPTY"):
            rows(share.pages(entity, nobody))


class Loose:
    """An FMO's business that answers with everything it has."""

    def __init__(self, inner: AgentCrmSource) -> None:
        self.inner = inner

    def pages(self, entity: str, _scope: Sequence[str] | None) -> Iterator[Page]:
        yield from self.inner.pages(entity, None)


def test_people_are_made_of_chosen_policies_and_their_members_alone(world: FmoWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.member(2, 9, ANN, "Eve")  # says Ann wrote it; its policy says Ben did
    world.member(3, 1, BEN, "Kay")  # and the other way round
    share = AgentShare(AgentCrmSource(world.client), FmoBusinesses(world.client), "", NotMadeYet())
    monkeypatch.setattr(share, "_source", Loose(AgentCrmSource(world.client)))
    assert [row["first_name"] for row in rows(share.pages("contact", [ANN]))] == ["Ann"]


def test_a_contact_says_what_members_say_and_never_what_the_business_holds(world: FmoWorld) -> None:
    person = dict.fromkeys(("birth_date", "email", "phone", "address_1", "address_2", "city", "state", "zip"), "")
    member = {
        **person,
        "source_id": "M-2",
        "first_name": "Ann",
        "last_name": "Quill",
        "role": "",
        "policy": "P-2",
        "writing_agent_npn": ANN,
    }
    there = {**member, "source_id": "M-1", "city": "Salem", "policies": "P-1", "birth_date": ""}
    born = "1951-04-09"
    (row,) = contacts_of([{**member, "birth_date": born}], [{**there, "birth_date": born}]).rows
    assert (row["source_id"], row["city"], row["policies"]) == ("M-1", "", "P-1 P-2")
    assert contacts_of([], [there]).rows == []


def test_nothing_is_read_for_a_business_whose_sync_is_off(world: FmoWorld) -> None:
    made = world.provision(ANN, sync=False)
    share = AgentShare(AgentCrmSource(world.client), FmoBusinesses(world.client), made.business_id, NotMadeYet())
    with pytest.raises(AuthRefused, match="SYNC_DISABLED"):
        share.require_right("Policy Sync")


def test_a_delete_is_refused_by_the_target_itself(world: FmoWorld) -> None:
    made = world.provision(ANN)
    world.run(made)
    delivery = AgentCrmTarget(world.client.of_business(made.business_id)).open(mode="delta", snapshot=1, base_revision=0, source={})
    (refusal,) = delivery.send(1, [Operation("policy", "delete", "P-1", "t-1")]).refused
    assert refusal.code == "DELETE_FORBIDDEN"


def test_a_key_is_one_agents_and_what_is_only_meant_cannot_be_switched(world: FmoWorld) -> None:
    world.provision(ANN)
    with pytest.raises(ConfigurationError, match="PROVISION_OTHER_NPN"):
        FmoBusinesses(world.client).make(BusinessRequest(ANN, "Quill", "agent", BEN))
    meant = world.provision(BEN, dry_run=True)
    with pytest.raises(ConfigurationError, match="BUSINESS_UNKNOWN"):
        enable(world.desk, meant.account)
