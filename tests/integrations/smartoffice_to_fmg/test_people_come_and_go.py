"""People who leave, come back, or become one with another: their FMG ids and their opt-outs, seen from FMG."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from integrations.smartoffice_to_fmg.conftest import AfterDelivery
from world import World

EMAIL = "PreferredEmail.Address"
OFFICE = "/smartoffice/offices/DEMO01/contacts"


def held(world: World) -> dict[str, dict[str, Any]]:
    """FMG's contacts by source id."""
    return {one["source_id"]: one for one in world.contacts()}


def with_address(world: World, number: int = 0) -> dict[str, Any]:
    """One of the contacts FMG holds that has an address."""
    return sorted((one for one in world.contacts() if one["email"]), key=lambda one: str(one["source_id"]))[number]


def source(world: World, source_id: str) -> dict[str, Any]:
    return next(one for one in world.source_contacts() if one["id"] == source_id)


def remove(world: World, source_id: str) -> None:
    world.control("DELETE", f"{OFFICE}/{source_id}")


def reasons(world: World, source_id: str) -> tuple[str, str]:
    """Outcome and reason of a record in the newest plan."""
    row = world.store.runs.latest("smartoffice_to_fmg", "summit", limit=1)[0]
    plan = world.zone.folder(row.key).read_frame("plan").set_index("source_id")
    return str(plan.loc[source_id, "outcome"]), str(plan.loc[source_id, "reason"])


def opt_out(world: World, email: str) -> None:
    world.control("POST", "/fmg/accounts/FMG-1001/opt-outs", email=email)


@pytest.mark.requirement("FMG-10", "FMG-06")
def test_who_comes_back_has_the_id_and_the_opt_out_of_before(whole: World) -> None:
    person = with_address(whole)
    record = source(whole, person["source_id"])
    opt_out(whole, person["email"])
    remove(whole, person["source_id"])
    whole.run()
    assert person["source_id"] not in held(whole)
    whole.run()
    whole.control("POST", OFFICE, **record)
    assert whole.run().status in {RunStatus.SUCCESS, RunStatus.PARTIAL}
    back = held(whole)[person["source_id"]]
    assert back == {**person, "opted_out": True}
    assert reasons(whole, person["source_id"]) == ("create", "returned")


@pytest.mark.requirement("FMG-06")
def test_who_comes_back_under_another_address_is_still_opted_out(whole: World) -> None:
    person, other = with_address(whole, 0), with_address(whole, 1)
    opt_out(whole, person["email"])
    kept = {one["source_id"]: source(whole, one["source_id"]) for one in (person, other)}
    for source_id in kept:
        remove(whole, source_id)
    whole.run()
    for number, record in enumerate(kept.values()):
        whole.control("POST", OFFICE, **{**record, EMAIL: f"back{number}@move.example"})
    whole.run()
    after = held(whole)
    assert [after[one]["contact_id"] for one in kept] == [person["contact_id"], other["contact_id"]]
    assert [after[one]["opted_out"] for one in kept] == [True, False]


@pytest.mark.requirement("FMG-10")
def test_what_was_removed_by_hand_is_put_back_under_its_own_id(whole: World) -> None:
    person, group = with_address(whole), whole.groups()[0]
    whole.control("DELETE", f"/fmg/accounts/FMG-1001/contacts/{person['contact_id']}")
    whole.control("DELETE", f"/fmg/accounts/FMG-1001/groups/{group['group_id']}")
    whole.run()
    assert held(whole)[person["source_id"]] == person
    assert group in whole.groups()
    assert reasons(whole, person["source_id"]) == ("create", "vanished")


@pytest.mark.requirement("FMG-10")
def test_an_id_fmg_never_gave_costs_nobody_a_night(whole: World) -> None:
    """FMG was put back from a copy that never knew these people: they are made anew at once."""
    people = [with_address(whole, number) for number in (0, 1)]
    records = [source(whole, one["source_id"]) for one in people]
    for one in people:
        remove(whole, one["source_id"])
    whole.run()
    _remember_other_ids(whole)
    for record in records:
        whole.control("POST", OFFICE, **record)
    whole.run()
    after = held(whole)
    assert [after[one["source_id"]]["email"] for one in people] == [one["email"] for one in people]
    assert not {one["contact_id"] for one in people} & {one["contact_id"] for one in after.values()}
    assert whole.run().counts["plan"]["contact"].get("create") is None


def _remember_other_ids(world: World) -> None:
    """Let the store remember ids FMG never gave."""
    from sqlalchemy import update

    from crosswalk.store.tables import former

    with world.store.engine.begin() as connection:
        connection.execute(update(former).values(target_id="c-never-" + former.c.source_id))


@pytest.mark.requirement("FMG-10", "FMG-11", "FMG-06")
def test_two_contacts_merged_in_smartoffice(whole: World) -> None:
    """One id vanishes, the other takes the address the same night; the opt-out stays with the address."""
    gone, survivor = with_address(whole, 0), with_address(whole, 1)
    opt_out(whole, gone["email"])
    remove(whole, gone["source_id"])
    whole.source_contact(survivor["source_id"], **{EMAIL: gone["email"]})
    whole.run()
    after = held(whole)
    assert gone["source_id"] not in after
    assert gone["contact_id"] not in {one["contact_id"] for one in after.values()}
    assert after[survivor["source_id"]] == {**survivor, "email": gone["email"], "opted_out": True}


@pytest.mark.requirement("FMG-03", "FMG-06", "FMG-10")
def test_a_contact_that_leaves_the_scope_and_returns_is_the_same(after_delivery: AfterDelivery) -> None:
    world = after_delivery(("Newsletter",))
    person = with_address(world)
    groups = source(world, person["source_id"])["TagGroups"]
    opt_out(world, person["email"])
    world.source_contact(person["source_id"], TagGroups=[])
    world.run()
    assert person["source_id"] not in held(world)
    world.source_contact(person["source_id"], TagGroups=groups)
    world.run()
    assert held(world)[person["source_id"]] == {**person, "opted_out": True}


@pytest.mark.requirement("FMG-10", "SAFE-7")
def test_an_undo_brings_back_the_same_people_and_they_may_leave_again(whole: World) -> None:
    person = with_address(whole)
    before = held(whole)
    record = source(whole, person["source_id"])
    remove(whole, person["source_id"])
    whole.run()
    whole.undo()
    assert held(whole) == before
    whole.run(approve=lambda _: True)
    assert person["source_id"] not in held(whole)
    whole.control("POST", OFFICE, **record)
    whole.run()
    assert held(whole) == before


@pytest.mark.requirement("SAFE-6", "SAFE-8")
def test_the_report_and_the_dry_run_say_who_comes_back(whole: World) -> None:
    person = with_address(whole)
    record = source(whole, person["source_id"])
    remove(whole, person["source_id"])
    whole.run()
    whole.control("POST", OFFICE, **record)
    row = whole.run(dry_run=True)
    report = json.loads(whole.zone.report_folder(row.key).read_bytes("report.json"))
    assert all(one["adds_up"] for one in report["sums"])
    sample = next(one for one in report["samples"] if one["source_id"] == person["source_id"])
    assert (sample["outcome"], sample["reason"], sample["target_id"]) == ("create", "returned", person["contact_id"])
    assert person["source_id"] not in held(whole)


@pytest.mark.requirement("FMG-06", "FMG-11")
def test_who_gives_an_address_to_somebody_unwilling_is_not_unwilling(whole: World) -> None:
    """One opted out and takes another's address along with the wish; the other, who moved on, is still mailed."""
    out, other = with_address(whole, 0), with_address(whole, 1)
    opt_out(whole, out["email"])
    whole.source_contact(out["source_id"], **{EMAIL: other["email"]})
    whole.source_contact(other["source_id"], **{EMAIL: "moved.on@move.example"})
    assert whole.run().status in {RunStatus.SUCCESS, RunStatus.PARTIAL}
    after = held(whole)
    assert [(after[one["source_id"]]["email"], after[one["source_id"]]["opted_out"]) for one in (out, other)] == [
        (other["email"], True),
        ("moved.on@move.example", False),
    ]
