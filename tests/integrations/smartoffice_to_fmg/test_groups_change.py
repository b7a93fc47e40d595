"""Tag groups renamed, emptied, deleted, or named like another; their members follow, and nothing much goes unseen."""

from __future__ import annotations

from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.errors import ConfigurationError
from integrations.smartoffice_to_fmg.conftest import AfterDelivery
from oracle import expected_contacts
from world import World

GROUPS = "/smartoffice/offices/DEMO01/groups"
DELIVERED = {RunStatus.SUCCESS, RunStatus.PARTIAL}


def group(world: World, name: str) -> str:
    return next(str(one["id"]) for one in world.source_groups() if one["Name"] == name)


def names(world: World) -> dict[str, str]:
    """FMG's groups: names by source id."""
    return {one["source_id"]: one["name"] for one in world.groups()}


def fmg_ids(world: World) -> dict[str, str]:
    return {one["source_id"]: one["group_id"] for one in world.groups()}


def members(world: World, group_id: str) -> set[str]:
    return {source_id for source_id, one in world.seen().items() if group_id in one["groups"]}


def expected(world: World) -> dict[str, dict[str, Any]]:
    return expected_contacts(world.source_contacts())[0]


def take_out(world: World, group_id: str, number: int | None = None) -> None:
    """Take members out of a group, all of them when no number is given."""
    inside = [one for one in world.source_contacts() if group_id in one["TagGroups"]]
    for one in inside[:number]:
        world.source_contact(one["id"], TagGroups=[other for other in one["TagGroups"] if other != group_id])


@pytest.fixture
def narrow(after_delivery: AfterDelivery) -> World:
    """Two groups in scope, delivered."""
    return after_delivery(("Newsletter", "Clients A"))


@pytest.mark.requirement("FMG-03", "FMG-10")
def test_a_renamed_group_is_renamed_and_keeps_id_and_members(whole: World) -> None:
    one, ids = group(whole, "Newsletter"), fmg_ids(whole)
    inside = members(whole, one)
    whole.control("PATCH", f"{GROUPS}/{one}", Name="News")
    row = whole.run()
    assert (row.status in DELIVERED, row.counts["plan"]["group"]["update"]) == (True, 1)
    assert (names(whole)[one], fmg_ids(whole), members(whole, one)) == ("News", ids, inside)


@pytest.mark.requirement("FMG-03", "SAFE-2")
def test_an_emptied_group_is_asked_about_and_stays_without_members(whole: World) -> None:
    one = group(whole, "Newsletter")
    before = members(whole, one)
    take_out(whole, one)
    row = whole.run()
    assert [hold["code"] for hold in row.holds] == ["SLICE_DROP"]
    assert members(whole, one) == before
    assert whole.run(approve=lambda _: True).status in DELIVERED
    assert (one in names(whole), members(whole, one)) == (True, set())
    assert whole.seen() == expected(whole)


@pytest.mark.requirement("FMG-03", "SAFE-2")
def test_a_deleted_group_is_asked_about_and_its_members_stay(whole: World) -> None:
    one, before = group(whole, "Newsletter"), set(whole.seen())
    whole.control("DELETE", f"{GROUPS}/{one}")
    assert [hold["code"] for hold in whole.run().holds] == ["SLICE_DROP"]
    whole.run(approve=lambda _: True)
    assert (one in names(whole), set(whole.seen())) == (False, before)
    assert whole.seen() == expected(whole)


@pytest.mark.requirement("FMG-03", "FMG-10")
def test_a_group_that_comes_back_has_its_old_id(whole: World) -> None:
    empty = next(one for one in names(whole) if not members(whole, one))
    name, ids = names(whole)[empty], fmg_ids(whole)
    whole.control("DELETE", f"{GROUPS}/{empty}")
    assert whole.run().status in DELIVERED
    assert empty not in names(whole)
    whole.control("POST", GROUPS, id=empty, Name=name)
    whole.run()
    assert fmg_ids(whole) == ids


@pytest.mark.requirement("FMG-03")
def test_the_id_of_a_group_used_for_another_one_is_that_one(whole: World) -> None:
    one = group(whole, "Newsletter")
    inside = sorted(members(whole, one))
    others = [other["id"] for other in whole.source_contacts() if one not in other["TagGroups"] and other["id"] in whole.seen()]
    whole.control("PATCH", f"{GROUPS}/{one}", Name="Golf 2026")
    take_out(whole, one, 2)
    whole.source_contact(others[0], TagGroups=[one])
    whole.run(approve=lambda _: True)
    assert names(whole)[one] == "Golf 2026"
    assert members(whole, one) != set(inside)
    assert whole.seen() == expected(whole)


@pytest.mark.requirement("FMG-03")
def test_two_contacts_swap_groups_and_two_groups_swap_names(whole: World) -> None:
    first, second = group(whole, "Newsletter"), group(whole, "Clients A")
    people = [one for one in whole.source_contacts() if one["id"] in whole.seen()]
    one = next(person for person in people if person["TagGroups"] == [first])
    other = next(person for person in people if first not in person["TagGroups"])
    whole.source_contact(one["id"], TagGroups=other["TagGroups"])
    whole.source_contact(other["id"], TagGroups=one["TagGroups"])
    for group_id, name in ((first, "Clients A"), (second, "Newsletter")):
        whole.control("PATCH", f"{GROUPS}/{group_id}", Name=name)
    assert whole.run().status in DELIVERED
    assert whole.seen() == expected(whole)
    assert (names(whole)[first], names(whole)[second]) == ("Clients A", "Newsletter")


@pytest.mark.requirement("FMG-03", "FMG-07", "SAFE-1")
@pytest.mark.parametrize("change", ["renamed", "deleted"])
def test_a_group_in_scope_that_nobody_finds_stops_the_run(narrow: World, change: str) -> None:
    one, before, writes = group(narrow, "Clients A"), narrow.contacts(), narrow.writes()
    if change == "renamed":
        narrow.control("PATCH", f"{GROUPS}/{one}", Name="Clients AA")
    else:
        narrow.control("DELETE", f"{GROUPS}/{one}")
    with pytest.raises(ConfigurationError, match="SCOPE_GROUP_UNKNOWN"):
        narrow.run()
    assert (narrow.contacts(), narrow.writes()) == (before, writes)
    by_id = narrow.with_(scope=("Newsletter", one))
    if change == "renamed":
        by_id.run()
        assert names(by_id)[one] == "Clients AA"
        assert by_id.contacts() == before


@pytest.mark.requirement("FMG-03", "SAFE-1")
def test_the_only_group_in_scope_deleted_is_a_stop_and_not_an_empty_list(after_delivery: AfterDelivery) -> None:
    world = after_delivery(("Newsletter",))
    before = world.contacts()
    assert before
    world.control("DELETE", f"{GROUPS}/{group(world, 'Newsletter')}")
    with pytest.raises(ConfigurationError, match="SCOPE_GROUP_UNKNOWN"):
        world.run(approve=lambda _: True)
    assert world.contacts() == before


@pytest.mark.requirement("FMG-03", "SAFE-2")
def test_the_only_group_in_scope_emptied_is_asked_about(after_delivery: AfterDelivery) -> None:
    world = after_delivery(("Newsletter",))
    before = world.contacts()
    take_out(world, group(world, "Newsletter"))
    row = world.run()
    assert "SRC_ZERO_RECORDS" in [hold["code"] for hold in row.holds]
    assert world.contacts() == before
    assert world.run(approve=lambda _: True).status in DELIVERED
    assert world.contacts() == []


@pytest.mark.requirement("FMG-03")
def test_a_group_out_of_scope_may_be_renamed_emptied_or_deleted(narrow: World) -> None:
    others = [one["id"] for one in narrow.source_groups() if one["Name"] not in ("Newsletter", "Clients A")]
    before, writes = narrow.contacts(), narrow.writes()
    narrow.control("PATCH", f"{GROUPS}/{others[0]}", Name="Elsewhere")
    take_out(narrow, others[0])
    narrow.control("DELETE", f"{GROUPS}/{others[1]}")
    assert narrow.run().status in DELIVERED
    assert (narrow.contacts(), narrow.writes()) == (before, writes)
