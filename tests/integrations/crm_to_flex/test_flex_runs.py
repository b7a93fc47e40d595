"""CRM → Flex through whole runs: what waits for a person, what was decided and is carried out, what follows, what is never touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.engine.load import load
from crosswalk.errors import PermanentError, SafetyStop
from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.decisions import AUTOMATIC, Kind
from flex_world import ACCOUNT, NAME, PORTAL, SITE, FlexWorld


@dataclass
class Meddled:
    """A target during whose sending something else happens, once."""

    inner: Any
    happens: list[Callable[[], Any]]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def open(self, **arguments: Any) -> Any:
        return replace(self, inner=self.inner.open(**arguments))

    def send(self, number: int, operations: Any) -> Any:
        while self.happens:
            self.happens.pop()()
        return self.inner.send(number, operations)


def waiting(world: FlexWorld, entity: str, status: str) -> list[str]:
    found = world.statuses(entity)
    return [str(one) for one in found[found["status"] == status].index]


def linked(world: FlexWorld, kind: str = "contact") -> dict[str, str]:
    """Source id → id in Flex, as Flex has it."""
    return {one["sourceId"]: one["contactId"] for one in world.links() if one["kind"] == kind}


def import_all(world: FlexWorld) -> None:
    """Have everything imported, whatever is like it."""
    for entity in ("company", "contact"):
        for one in world.statuses(entity).index:
            world.decide(entity, Kind.IMPORT, str(one))


@pytest.mark.requirement("FLEX-01", "FLEX-02", "FLEX-03", "FLEX-04")
def test_nothing_is_written_before_somebody_decided_and_everything_waits(world: FlexWorld) -> None:
    before = world.holds_now()
    row = world.run("first")
    assert row.status is RunStatus.SUCCESS
    assert {outcome for plan in row.counts["plan"].values() for outcome in plan} == {"excluded"}
    for entity in ("company", "contact"):
        reasons = {reason for _, reason in world.outcomes(row, entity).values()}
        assert reasons == {"match_found", "new"}
        review = world.review(entity)
        found, listed = review.statuses, review.candidates
        assert set(found["source_id"]) == set(review.source["source_id"])
        assert set(found.loc[found["status"] == "Match Found", "first"]) <= set(review.target["target_id"])
        assert dict(listed.groupby("source_id").size()) == dict(found[found["candidates"] > 0].set_index("source_id")["candidates"])
        assert f"/crosswalk/review/{NAME}/{ACCOUNT}/{entity}" in world.report(row)
        assert f'<td class="number">{len(found)}</td>' in world.report(row)
    assert (world.holds_now(), world.crm_writes()) == (before, 0)


@pytest.mark.requirement("FLEX-04", "FLEX-05", "FLEX-07", "FLEX-08")
def test_a_link_and_an_import_with_their_company_and_their_deals_are_carried_out_once(world: FlexWorld) -> None:
    world.run("first")
    found = world.statuses("contact")
    linked = waiting(world, "contact", "Match Found")[0]
    target_id = str(found.loc[linked, "first"])
    source = world.review("contact").source.set_index("source_id")
    made = next(one for one in waiting(world, "contact", "New") if source.loc[one, "employer"])
    company = str(source.loc[made, "employer"])
    world.decide("contact", Kind.LINK, linked, target_id)
    world.decide("contact", Kind.IMPORT, made)
    world.decide("company", Kind.IMPORT, company)
    row = world.run("second")
    assert row.status is RunStatus.SUCCESS
    assert world.outcomes(row, "contact")[linked] == ("update", "linked")
    assert world.outcomes(row, "contact")[made] == ("create", "imported")
    links = {(one["kind"], one["sourceId"]): one["contactId"] for one in world.links()}
    assert links.keys() == {("contact", linked), ("contact", made), ("company", company)}
    assert links["contact", linked] == target_id
    record = world.contact(links["contact", made])
    assert record["employerId"] == links["company", company]
    assert [one["name"] for one in record["resourceTypes"]] == ["Clients"]
    named = {one for deal in world.deals() for one in deal["contactSourceIds"]}
    assert named <= {linked, made}
    recognised = [one for one, (outcome, _) in world.outcomes(row, "deal").items() if outcome == "create"]
    assert sorted(recognised) == sorted(deal["sourceId"] for deal in world.deals())
    before = world.holds_now()
    again = world.run("third")
    assert again.counts["load"]["accepted"] == 0
    assert world.holds_now() == before
    assert DecisionLog(world.store.engine).standing(NAME, ACCOUNT, "contact").linked == {linked: target_id, made: links["contact", made]}


@pytest.mark.requirement("FLEX-06")
def test_what_was_decided_is_not_asked_again_and_undone_by_the_next_run(world: FlexWorld) -> None:
    world.run("first")
    before = world.holds_now()
    one, other, third = waiting(world, "contact", "Match Found")[:3]
    new = waiting(world, "contact", "New")[0]
    first = world.statuses("contact")["first"]
    link = world.decide("contact", Kind.LINK, one, str(first[one]))
    world.decide("contact", Kind.NOT_A_MATCH, other, str(first[other]))
    world.decide("contact", Kind.SKIP, third)
    made = world.decide("contact", Kind.IMPORT, new)
    row = world.run("second")
    now = world.statuses("contact")
    listed = world.review("contact").candidates
    assert (other, str(first[other])) not in set(zip(listed["source_id"], listed["target_id"], strict=True))
    assert world.outcomes(row, "contact")[third] == ("excluded", "skipped")
    assert now.loc[third, "decided"] == "skip"
    imported = {link["sourceId"]: link["contactId"] for link in world.links()}[new]
    DecisionLog(world.store.engine).undo(NAME, ACCOUNT, link.number, "bo")
    DecisionLog(world.store.engine).undo(NAME, ACCOUNT, made.number, "bo")
    row = world.run("third")
    assert world.outcomes(row, "contact")[one] == world.outcomes(row, "contact")[new] == ("update", "unlinked")
    assert world.links() == []
    assert world.contact(imported)["deleted"] is False
    held = world.holds_now()["contacts"]
    held.pop(imported)
    assert held.keys() == before["contacts"].keys()
    assert set(waiting(world, "contact", "Match Found")) >= {one}
    assert world.run("fourth").counts["load"]["accepted"] == 0
    assert world.with_(options={"link_automatically": True}).run("fifth").status is RunStatus.SUCCESS
    assert one not in {link["sourceId"] for link in world.links() if link["kind"] == "contact" and link["contactId"] == first[one]}


@pytest.mark.requirement("FLEX-09", "FLEX-06")
def test_links_without_a_person_are_made_only_where_the_account_says_so_and_are_remembered(world: FlexWorld) -> None:
    asked = world.with_(options={"link_automatically": True})
    world.run("first")
    expected = {str(one): str(row["first"]) for one, row in world.statuses("contact").iterrows() if row["automatic"]}
    assert len(expected) > 10
    assert asked.run("dry", dry_run=True).status is RunStatus.DRY_RUN
    assert DecisionLog(world.store.engine).history(NAME, ACCOUNT) == []
    row = asked.run("second")
    assert {one for one, found in world.outcomes(row, "contact").items() if found == ("update", "linked_automatically")} == set(expected)
    assert {one["sourceId"]: one["contactId"] for one in world.links() if one["kind"] == "contact"} == expected
    assert {one.decided_by for one in DecisionLog(world.store.engine).history(NAME, ACCOUNT)} == {AUTOMATIC}


@pytest.mark.requirement("FLEX-07")
def test_a_linked_record_follows_and_what_was_typed_in_flex_stays(world: FlexWorld) -> None:
    world.with_(options={"link_automatically": True}).run("linking")
    linked = [(one["sourceId"], one["contactId"]) for one in world.links() if one["kind"] == "contact"]
    source_id, target_id = next((one, other) for one, other in linked if not world.contact(other)["addresses"])
    world.control("PATCH", f"{PORTAL}/contacts/{source_id}", lastname="Changed", city="Salem", zip="97301")
    world.control("PATCH", f"{SITE}/contacts/{target_id}", address={"city": "Typed"})
    row = world.run("next")
    plan = world.plan(row, "contact").set_index("source_id").loc[source_id]
    assert (plan["outcome"], plan["changed"]) == ("update", "zip")
    record = world.contact(target_id)
    assert (record["addresses"][0]["city"], record["addresses"][0]["postalCode"]) == ("Typed", "97301")
    assert record["lastName"] != "Changed"


@pytest.mark.requirement("FLEX-07")
def test_a_record_edited_in_flex_meanwhile_is_left_and_taken_up_by_the_next_run(world: FlexWorld) -> None:
    world.with_(options={"link_automatically": True}).run("linking")
    source_id, target_id = next((one["sourceId"], one["contactId"]) for one in world.links() if one["kind"] == "contact")
    world.control("PATCH", f"{PORTAL}/contacts/{source_id}", country="Nowhere")
    account = world.account()
    begun = world.planned(account)
    world.control("PATCH", f"{SITE}/contacts/{target_id}", jobTitle="Typed just now")
    load(begun, account.target, lambda: account.source)
    row = world.store.runs.get(begun.key)
    assert row.status is RunStatus.PARTIAL
    assert [one.code for one in world.store.rejected.open(NAME, ACCOUNT)] == ["TGT_EDITED"]
    row = world.run("next")
    assert row.status is RunStatus.SUCCESS
    record = world.contact(target_id)
    assert (record["jobTitle"], record["addresses"][0]["country"]) == ("Typed just now", "Nowhere")


@pytest.mark.requirement("FLEX-07")
def test_a_merge_in_the_crm_takes_links_and_decisions_along(world: FlexWorld) -> None:
    world.run("first")
    (gone, *more), (survivor, other, third, *_) = waiting(world, "contact", "Match Found"), waiting(world, "contact", "New")
    target_id = str(world.statuses("contact").loc[gone, "first"])
    world.decide("contact", Kind.LINK, gone, target_id)
    for one in more[:3]:
        world.decide("contact", Kind.IMPORT, one)
    world.run("second")
    world.control("POST", f"{PORTAL}/contacts/{survivor}/merge", **{"from": gone})
    row = world.run("third")
    assert (linked(world).get(gone), linked(world)[survivor]) == (None, target_id)
    assert world.outcomes(row, "contact")[survivor] == ("update", "linked")
    world.decide("contact", Kind.IMPORT, other)
    world.control("POST", f"{PORTAL}/contacts/{third}/merge", **{"from": other})
    world.run("fourth")
    assert linked(world).keys() == {survivor, third, *more[:3]}


@pytest.mark.requirement("FLEX-07", "SAFE-2")
def test_what_is_gone_from_either_side_stays_as_it_is_on_the_other(world: FlexWorld) -> None:
    world.with_(options={"link_automatically": True}).run("linking")
    (one, target_id), (other, deleted) = [(one["sourceId"], one["contactId"]) for one in world.links() if one["kind"] == "contact"][:2]
    record = world.contact(target_id)
    world.control("DELETE", f"{PORTAL}/contacts/{one}")
    world.control("DELETE", f"{SITE}/contacts/{deleted}")
    row = world.run("next")
    assert row.status is RunStatus.SUCCESS
    assert world.outcomes(row, "contact")[one] == ("frozen", "left_source")
    assert world.outcomes(row, "contact")[other] == ("excluded", "target_gone")
    assert world.contact(target_id) == record


@pytest.mark.requirement("SAFE-2", "SAFE-3")
def test_an_empty_crm_and_another_one_are_held(world: FlexWorld) -> None:
    world.with_(options={"link_automatically": True}).run("linking")
    linked = [one["sourceId"] for one in world.links() if one["kind"] == "contact"]
    before = world.holds_now()
    for one in linked[: len(linked) // 2 + 1]:
        world.control("DELETE", f"{PORTAL}/contacts/{one}")
    row = world.run("half")
    assert (row.status, [one["code"] for one in row.holds]) == (RunStatus.HELD, ["CONN_SOURCE_CHANGED"])
    for one in world.control("GET", f"{PORTAL}/contacts?limit=9999")["contacts"]:
        world.control("DELETE", f"{PORTAL}/contacts/{one['id']}")
    row = world.run("none")
    assert row.status is RunStatus.HELD
    assert {one["code"] for one in row.holds} >= {"SRC_ZERO_RECORDS", "CONN_SOURCE_CHANGED"}
    assert world.holds_now() == before


@pytest.mark.requirement("FLEX-06", "SAFE-3")
def test_a_decision_undone_between_plan_and_load_stops_the_load(world: FlexWorld) -> None:
    world.run("first")
    made = world.decide("contact", Kind.IMPORT, waiting(world, "contact", "New")[0])
    account = world.account()
    begun = world.planned(account)
    DecisionLog(world.store.engine).undo(NAME, ACCOUNT, made.number, "bo")
    before = world.holds_now()
    with pytest.raises(SafetyStop) as caught:
        load(begun, account.target, lambda: account.source)
    assert (caught.value.code, world.holds_now()) == ("PLAN_OUTDATED", before)


@pytest.mark.requirement("FLEX-06")
def test_an_import_undone_while_it_was_made_is_taken_back_by_the_next_run(world: FlexWorld) -> None:
    world.run("first")
    new = waiting(world, "contact", "New")[0]
    made = world.decide("contact", Kind.IMPORT, new)
    account = world.account()
    begun = world.planned(account)
    meddled = Meddled(account.target, [lambda: DecisionLog(world.store.engine).undo(NAME, ACCOUNT, made.number, "bo")])
    load(begun, meddled, lambda: account.source)
    assert [one["sourceId"] for one in world.links()] == [new]
    row = world.run("next")
    assert world.outcomes(row, "contact")[new] == ("update", "unlinked")
    assert world.links() == []


@pytest.mark.requirement("FLEX-05")
def test_a_company_flex_refuses_costs_its_contacts_nothing_but_the_employer(world: FlexWorld) -> None:
    world.run("first")
    import_all(world)
    company = str(world.statuses("company").index[0])
    world.control("PATCH", f"{PORTAL}/companies/{company}", name="x" * 501)
    row = world.run("second")
    assert row.status is RunStatus.PARTIAL
    refused = {(one.entity, one.source_id, one.code) for one in world.store.rejected.open(NAME, ACCOUNT)}
    assert refused <= {("company", company, "TGT_INVALID"), ("company", company, "FIELD_TOO_LONG")}
    assert refused
    links = {(one["kind"], one["sourceId"]): one["contactId"] for one in world.links()}
    assert sum(kind == "contact" for kind, _ in links) == len(world.statuses("contact"))
    world.control("PATCH", f"{PORTAL}/companies/{company}", name="Short")
    world.run("third")
    held = {(one["kind"], one["sourceId"]): one["contactId"] for one in world.links()}[("company", company)]
    employed = [one for one, employer in world.review("contact").source.set_index("source_id")["employer"].items() if employer == company]
    assert employed
    assert {world.contact(links["contact", str(one)])["employerId"] for one in employed} == {held}
    assert world.run("fourth").counts["load"]["accepted"] == 0


@pytest.mark.requirement("FLEX-06")
def test_of_two_reviewers_the_later_one_is_told(world: FlexWorld) -> None:
    world.run("first")
    one = waiting(world, "contact", "Match Found")[0]
    first = str(world.statuses("contact").loc[one, "first"])
    world.decide("contact", Kind.LINK, one, first, by="ana")
    with pytest.raises(PermanentError) as caught:
        world.decide("contact", Kind.IMPORT, one, by="bo")
    assert caught.value.code == "DECIDED_MEANWHILE"
    world.run("second")
    assert {link["sourceId"]: link["contactId"] for link in world.links()} == {one: first}


@pytest.mark.requirement("FLEX-03")
def test_a_company_named_on_a_deal_is_none(world: FlexWorld) -> None:
    named = [deal["company_name"] for deal in world.control("GET", f"{PORTAL}/deals")["deals"] if deal.get("company_name")]
    assert len(named) == 10
    world.run("first")
    assert set(named).isdisjoint(world.review("company").source["name"])
