"""The client against the sandbox: written from the same page by different hands, they have to agree; and nobody sees too much."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

import crosswalk.features.tenancy.share as share_module
import crosswalk.systems.agent_crm.source as source_module
from crosswalk.core.ports import Operation, Page, Row
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, SafetyStop
from crosswalk.features.tenancy.businesses import check_request
from crosswalk.features.tenancy.guard import GuardedDelivery, Tenant
from crosswalk.features.tenancy.member_dedup import contacts_of, members_of, written_by
from crosswalk.features.tenancy.ports import BusinessFacts, BusinessRequest, UserRequest
from crosswalk.features.tenancy.share import AgentShare
from crosswalk.sandbox.server import SandboxServer
from crosswalk.systems.agent_crm.client import AgentCrmClient
from crosswalk.systems.agent_crm.conformance import connect as agent_crm
from crosswalk.systems.agent_crm.provisioning import FmoBusinesses
from crosswalk.systems.agent_crm.source import AgentCrmSource
from crosswalk.systems.agent_crm.target import AGENT_ENTITIES, FMO_ENTITIES, AgentCrmTarget, NotMadeYet, entities_of
from crosswalk.wire.connection import connection_settings

FMO, USER = "1b6f0000-0000-4000-8000-000000000001", "77aa0000-0000-4000-8000-000000000001"
ANN = "4477123"
LOOK_ALIKES = ("4477123", "04477123", "44771230", "447712")
POLICIES, AGENTS = 1200, 20
Crm = Callable[..., AgentCrmClient]


@pytest.fixture(scope="module")
def box() -> Iterator[SandboxServer]:
    with SandboxServer(contacts=1, groups=1, seed=1) as server:
        yield server


@pytest.fixture
def control(box: SandboxServer) -> Callable[..., Any]:
    def call(method: str, path: str, **body: Any) -> Any:
        answer = requests.request(method, f"{box.url}/_sandbox{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    call("POST", "/reset")
    call("POST", "/agent_crm/businesses", policies=POLICIES, agents=AGENTS)
    return call


@pytest.fixture
def fmo(box: SandboxServer, control: Callable[..., Any]) -> AgentCrmClient:
    return agent_crm(f"{box.url}/agent_crm/api", USER, FMO)


def business(fmo: AgentCrmClient, npn: str = ANN, kind: Any = "agent") -> BusinessFacts:
    return FmoBusinesses(fmo).make(BusinessRequest(npn, f"Agent {npn}", kind, npn))


def rows(pages: Iterator[Page]) -> list[Row]:
    return [row for page in pages for row in page.rows]


def provision(fmo: AgentCrmClient, business_id: str, npns: tuple[str, ...] = (ANN,)) -> AgentCrmTarget:
    """Copy what these NPNs wrote into a business, as the steps will."""
    target = AgentCrmTarget(fmo.of_business(business_id))
    source = AgentShare(AgentCrmSource(fmo), FmoBusinesses(fmo), business_id, target)
    tenant = Tenant(business_id, frozenset(npns), dict.fromkeys(AGENT_ENTITIES, "writing_agent_npn"))
    delivery = GuardedDelivery(target.open(mode="delta", snapshot=1, base_revision=0, source={}), target.identity(), tenant)
    for entity in AGENT_ENTITIES:
        operations = [Operation(entity, "upsert", row["source_id"], "", row) for row in rows(source.pages(entity, npns))]
        for start in range(0, len(operations), delivery.max_batch):
            assert not delivery.send(1, operations[start : start + delivery.max_batch]).refused
    return target


@pytest.mark.requirement("ACRM-05")
@pytest.mark.parametrize("npn", LOOK_ALIKES)
def test_an_agent_gets_what_they_wrote_and_nobody_elses(fmo: AgentCrmClient, control: Callable[..., Any], npn: str) -> None:
    source = AgentCrmSource(fmo)
    found = rows(source.pages("policy", [npn]))
    told = control("GET", f"/agent_crm/businesses/{FMO}/records/policies?writing_agent_npn={npn}&limit=9999")
    assert {row["source_id"] for row in found} == {row["sync_key"] for row in told["records"]}
    assert {row["writing_agent_npn"] for row in found + rows(source.pages("member", [npn]))} == {npn}
    assert [row["npn"] for row in rows(source.pages("agent", [npn]))] == [npn]
    assert source.widened > 0 or npn in ("04477123", "44771230")


@pytest.mark.requirement("ACRM-05")
@pytest.mark.parametrize("npn", ["", " ", "*", "%", "null", "4477123.0", "12345678901", "447 7123", "' OR ''='"])
def test_what_is_no_npn_selects_nothing_and_asks_nothing(fmo: AgentCrmClient, npn: str) -> None:
    asked = fmo.sent.total()
    source, share = AgentCrmSource(fmo), AgentShare(AgentCrmSource(fmo), FmoBusinesses(fmo), "", NotMadeYet())
    for reading in (source.pages("policy", [npn]), source.pages("member", [npn]), share.pages("contact", [npn])):
        with pytest.raises(ConfigurationError, match="NPN_INVALID"):
            rows(reading)
    for nobody in (None, []):
        with pytest.raises(ConfigurationError, match="SCOPE_EMPTY"):
            rows(share.pages("contact", nobody))
    assert rows(source.pages("policy", [])) == []
    assert fmo.sent.total() == asked


@pytest.mark.requirement("ACRM-02", "ACRM-04", "ACRM-06", "ACRM-08")
def test_a_resync_makes_nothing_twice_with_and_without_emails(fmo: AgentCrmClient, control: Callable[..., Any]) -> None:
    made = business(fmo)
    target = provision(fmo, made.business_id)
    before = {entity: {row["source_id"]: row["target_id"] for row in rows(target.pages(entity))} for entity in AGENT_ENTITIES}
    contacts = rows(target.pages("contact"))
    assert any(not row["email"] for row in contacts)
    assert any(" " in row["policies"] for row in contacts)
    policies = rows(AgentCrmSource(fmo).pages("policy", [ANN]))
    members = rows(AgentCrmSource(fmo).pages("member", [ANN]))
    assert len(before["policy"]) == len(policies)
    assert len(contacts) == len(contacts_of(members_of(written_by([ANN], policies), members)).rows) < len(members)
    record = control("GET", f"/agent_crm/businesses/{FMO}/records/members?sync_key={members[0]['source_id']}")["records"][0]["id"]
    control("PATCH", f"/agent_crm/businesses/{FMO}/records/members/{record}", email="new@example.test", city="Salem")
    for _ in range(2):
        provision(fmo, made.business_id)
        after = {entity: {row["source_id"]: row["target_id"] for row in rows(target.pages(entity))} for entity in AGENT_ENTITIES}
        assert after == before
    assert "new@example.test" in {row["email"] for row in rows(target.pages("contact"))}


@pytest.mark.requirement("ACRM-05", "ACRM-07")
def test_an_agencys_second_npn_comes_with_its_user_and_not_before(fmo: AgentCrmClient) -> None:
    made, second = business(fmo, kind="agency"), "04477123"
    target = AgentCrmTarget(fmo.of_business(made.business_id))
    stray = Operation("policy", "upsert", "P-x", "", {"carrier": "c", "policy_number": "1", "writing_agent_npn": second})
    (refusal,) = target.open(mode="delta", snapshot=1, base_revision=0, source={}).send(1, [stray]).refused
    assert (refusal.code, refusal.field) == ("INVALID", "writing_agent_npn")
    user = UserRequest("kim@example.test", "Kim", "Quill", second)
    for _ in range(2):
        FmoBusinesses(fmo).add_user(made.business_id, user)
    assert FmoBusinesses(fmo).read(made.business_id).npns == (ANN, second)
    provision(fmo, made.business_id, (ANN, second))
    assert {row["writing_agent_npn"] for row in rows(target.pages("policy"))} == {ANN, second}
    other = business(fmo, "447712")
    for taken in (user, replace(user, email="KIM@example.test"), replace(user, npn="447712")):
        with pytest.raises(ConfigurationError, match="NPN_EMAIL_TAKEN"):
            FmoBusinesses(fmo).add_user(other.business_id, taken)


@pytest.mark.requirement("ACRM-02", "ACRM-04")
def test_a_business_is_made_once_and_its_sync_switched(fmo: AgentCrmClient) -> None:
    assert FmoBusinesses(fmo).find(ANN) is None
    made = business(fmo)
    assert business(fmo) == made == FmoBusinesses(fmo).find(ANN)
    assert not made.policy_sync
    assert FmoBusinesses(fmo).switch_sync(made.business_id, on=True).policy_sync
    assert not FmoBusinesses(fmo).switch_sync(made.business_id, on=False).policy_sync
    with pytest.raises(ConfigurationError, match="PROVISION_OTHER_NPN"):
        FmoBusinesses(fmo).make(BusinessRequest(ANN, "x", "agent", "999"))


@pytest.mark.requirement("ACRM-02", "ACRM-07")
def test_a_request_is_checked_whole_before_anything_is_made() -> None:
    asked = BusinessRequest("k", " ", "agent", "12 3")
    users = [UserRequest("a@example.test", "", "Quill", "55"), UserRequest("A@example.test", "Ann", "Quill", "*")]
    with pytest.raises(ConfigurationError) as caught:
        check_request(asked, users)
    codes = [problem.code for problem in caught.value.problems]
    assert sorted(set(codes)) == ["NPN_EMAIL_TAKEN", "NPN_INVALID", "PROVISION_REQUIRED"]
    assert codes.count("PROVISION_REQUIRED") == 4
    check_request(BusinessRequest("k", "Quill", "agent", "55"), [UserRequest("a@example.test", "Ann", "Quill", "55")])


@pytest.mark.requirement("ACRM-05")
def test_a_key_opens_only_the_businesses_of_its_user(box: SandboxServer, fmo: AgentCrmClient, control: Callable[..., Any]) -> None:
    other, user = "1b6f0000-0000-4000-8000-0000000000ff", "77aa0000-0000-4000-8000-0000000000ff"
    control("POST", "/agent_crm/businesses", business=other, user=user, api_key="other-key-1")
    made = business(fmo)
    target = provision(fmo, made.business_id)
    record = rows(target.pages("policy"))[0]["target_id"]
    url = f"{box.url}/agent_crm/api"
    theirs_and_ours = ((user, made.business_id, "other-key-1"), (USER, other, "sandbox-key"), (user, FMO, "other-key-1"))
    for settings in (*theirs_and_ours, (USER, FMO, "wrong-key-1")):
        with pytest.raises(AuthRefused):
            agent_crm(url, *settings).objects()
    theirs = {"X-API-KEY": "other-key-1", "X-USER-ID": user, "X-BUSINESS-ID": other}
    for path in (f"/records/policies/{record}", f"/businesses/{made.business_id}", f"/businesses/{made.business_id}/users"):
        assert requests.get(url + path, headers=theirs, timeout=5).status_code == 404
    assert requests.patch(f"{url}/records/policies/{record}", headers=theirs, json={"fields": []}, timeout=5).status_code == 404


def _no_recheck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "same_npn", lambda *_: True)


def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_module, "written_by", lambda _, policies: list(policies))
    monkeypatch.setattr(share_module, "members_of", lambda _, members: list(members))


@pytest.mark.requirement("ACRM-05")
def test_without_the_sources_checks_the_choke_point_stops_the_run(fmo: AgentCrmClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made = business(fmo)
    _no_recheck(monkeypatch)
    _no_choice(monkeypatch)
    with pytest.raises(SafetyStop, match="ISOLATION_BREACH"):
        provision(fmo, made.business_id)
    held = rows(AgentCrmTarget(fmo.of_business(made.business_id)).pages("policy"))
    assert {row["writing_agent_npn"] for row in held} <= {ANN}


@pytest.mark.requirement("ACRM-05")
def test_without_the_choke_point_as_well_the_server_refuses(fmo: AgentCrmClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made = business(fmo)
    _no_recheck(monkeypatch)
    found = rows(AgentCrmSource(fmo).pages("policy", [ANN]))
    assert len({row["writing_agent_npn"] for row in found}) > 1
    target = AgentCrmTarget(fmo.of_business(made.business_id))
    operations = [Operation("policy", "upsert", row["source_id"], "", row) for row in found]
    result = target.open(mode="delta", snapshot=1, base_revision=0, source={}).send(1, operations)
    assert {refusal.field for refusal in result.refused} == {"writing_agent_npn"}
    assert {row["writing_agent_npn"] for row in rows(target.pages("policy"))} == {ANN}


LOSSES: dict[str, dict[str, Any]] = {
    "lost_answer": {},
    "cut": {},
    "status": {"carry_out": True},
    "rate_limited": {"carry_out": True, "retry_after": 0},
}


@pytest.mark.requirement("ACRM-04")
@pytest.mark.parametrize("kind", LOSSES)
def test_an_answer_lost_after_it_was_carried_out_makes_nothing_twice(fmo: AgentCrmClient, control: Callable[..., Any], kind: str) -> None:
    made = business(fmo)
    control("POST", "/faults", system="agent_crm", kind=kind, match="upsert", every=3, times=8, **LOSSES[kind])
    target = provision(fmo, made.business_id)
    for entity in AGENT_ENTITIES:
        held = [row["source_id"] for row in rows(target.pages(entity))]
        assert len(held) == len(set(held)) > 0


@pytest.mark.requirement("SAFE-1", "SAFE-9")
@pytest.mark.parametrize("kind", ["wrong_total", "short_page", "repeat_page", "login_page", "empty_body", "truncated", "bad_gzip"])
def test_a_page_that_lies_ends_the_read(fmo: AgentCrmClient, control: Callable[..., Any], kind: str) -> None:
    control("POST", "/faults", system="agent_crm", kind=kind, match="search", at=2, times=None)
    with pytest.raises(CrosswalkError) as caught:
        rows(AgentCrmSource(fmo).pages("policy", None))
    assert caught.value.code.startswith(("SRC_", "CONN_", "TGT_"))


@pytest.mark.requirement("SAFE-1")
def test_a_field_nobody_asked_for_is_dropped_and_named(fmo: AgentCrmClient, control: Callable[..., Any]) -> None:
    control("POST", "/faults", system="agent_crm", kind="extra_field", match="search", times=None)
    pages = list(AgentCrmSource(fmo).pages("policy", [ANN]))
    assert pages[0].unknown_fields == {"ssn"}
    assert "078-05-1120" not in str(pages)


@pytest.mark.requirement("ACRM-05")
def test_records_that_do_not_say_who_wrote_them_are_nobodys(fmo: AgentCrmClient, control: Callable[..., Any]) -> None:
    control("POST", "/faults", system="agent_crm", kind="drop_field", match="search", times=None)
    assert rows(AgentCrmSource(fmo).pages("policy", [ANN])) == []


def test_an_fmo_is_told_from_an_agent_and_both_count(fmo: AgentCrmClient) -> None:
    made = business(fmo)
    assert entities_of(fmo) == FMO_ENTITIES
    assert entities_of(fmo.of_business(made.business_id)) == AGENT_ENTITIES
    assert AgentCrmTarget(fmo, FMO_ENTITIES).state().counts == {"policy": POLICIES, "member": POLICIES, "agent": AGENTS}
    assert AgentCrmSource(fmo).totals() == {"policy": POLICIES, "member": POLICIES, "agent": AGENTS}
    assert len(rows(AgentCrmSource(fmo).pages("policy", None))) == POLICIES


def test_nothing_is_taken_away_and_one_bad_record_stops_no_other(fmo: AgentCrmClient) -> None:
    made = business(fmo)
    target = AgentCrmTarget(fmo.of_business(made.business_id))
    good = {"first_name": "Ann", "last_name": "Quill", "email": "q@example.test", "policies": "P-1", "writing_agent_npn": ANN}
    operations = [
        Operation("contact", "upsert", "M-1", "", good),
        Operation("contact", "upsert", "M-2", "", {**good, "email": "Q@example.test"}),
        Operation("contact", "upsert", "M-3", "", {**good, "email": "none"}),
        Operation("contact", "upsert", "M-4", "", {**good, "email": ""}),
        Operation("contact", "delete", "M-5", "t-5"),
    ]
    delivery = target.open(mode="delta", snapshot=1, base_revision=0, source={})
    assert delivery.send(1, operations[:1]).accepted == {"M-1"}
    result = delivery.send(2, operations)
    assert result.accepted == {"M-1", "M-4"}
    assert {(one.key, one.code) for one in result.refused} == {("M-2", "EMAIL_TAKEN"), ("M-3", "INVALID"), ("t-5", "DELETE_FORBIDDEN")}
    one = next(row for row in rows(target.pages("contact")) if row["source_id"] == "M-1")
    changed = Operation("contact", "upsert", "M-1", one["target_id"], {**good, "city": "Salem"})
    assert delivery.send(3, [changed]).accepted == {"M-1"}
    assert delivery.commit(3, {}).counts == {"policy": 0, "contact": 2}
    assert {row["city"] for row in rows(target.pages("contact"))} == {"", "Salem"}


@pytest.mark.parametrize(("user", "place", "key"), [("x", FMO, "sandbox-key"), (USER, "x", "sandbox-key"), (USER, FMO, "")])
def test_a_connection_that_cannot_be_one_is_refused_before_it_is_used(user: str, place: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match="CONN_"):
        connection_settings("agent_crm", "https://crm.example/api", login=user, business=place, password=key)
