"""An approval means what was seen (P6): one changed field, membership or record in the source, and the approved plan is void."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.engine.context import Run
from crosswalk.errors import CrosswalkError, SafetyStop
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.runs import RunRow
from reliability.conftest import Tally
from reliability.small_world import Kept, SmallWorld
from reliability.truth import Holding, holding

pytestmark = [pytest.mark.reliability, pytest.mark.usefixtures("unreported")]

FIELDS = {
    "FirstName": "Changed",
    "LastName": "Changed",
    "PreferredEmail.Address": "changed@elsewhere.example",
    "PreferredAddress.Line1": "1 Changed St",
    "PreferredAddress.Line2": "Changed",
    "PreferredAddress.City": "Changed",
    "PreferredAddress.State": "AK",
    "PreferredAddress.ZipCode": "99999",
    "PreferredPhone.AreaCode": "907",
    "PreferredPhone.Number": "555-0199",
    "Person.Dob": "1949-12-31",
    "Person.Gender": "",
    "Person.Marital": "5",
    "ReviewDate": "2001-01-01",
    "Greeting": "Changed",
}
"""Every mapped field of a contact, and a value nobody in the small world has."""

OFFICE = "/smartoffice/offices/DEMO01"


@dataclass(frozen=True)
class Held:
    """A run that waits for an answer. contact, group: of the source, both delivered before and not what holds the run."""

    kept: Kept
    row: RunRow
    before: Holding
    contact: dict[str, Any]
    group: dict[str, Any]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """A group was removed, which held the run."""
    with SandboxServer(contacts=24, groups=4, seed=3) as box:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("approval") / "world")
        world.run("first")
        world.control("DELETE", f"{OFFICE}/groups/TagGroup.7.1")
        row = world.run("held")
        assert (row.status, [hold["code"] for hold in row.holds]) == (RunStatus.HELD, ["SLICE_DROP"])
        contact = next(one for one in world.source_contacts() if one["Person.Gender"] and "@" in one["PreferredEmail.Address"])
        yield Held(Kept.now(world), row, holding(world), contact, world.source_groups()[0])


def _approve(_run: Run) -> bool:
    return True


Change = Callable[[SmallWorld, Held], None]


def _field(name: str) -> Change:
    def change(world: SmallWorld, held: Held) -> None:
        assert held.contact[name] != FIELDS[name]
        world.source_contact(held.contact["id"], **{name: FIELDS[name]})

    return change


def _membership(world: SmallWorld, held: Held) -> None:
    had, group = held.contact["TagGroups"], held.group["id"]
    world.source_contact(held.contact["id"], TagGroups=[one for one in had if one != group] if group in had else [*had, group])


CHANGES: dict[str, Change] = {
    **{name: _field(name) for name in FIELDS},
    "a membership": _membership,
    "the name of a group": lambda world, held: world.control("PATCH", f"{OFFICE}/groups/{held.group['id']}", Name="Changed"),
    "a contact is added": lambda world, held: world.control(
        "POST", f"{OFFICE}/contacts", **{**held.contact, "id": "Contact.7.9999", "PreferredEmail.Address": "added@elsewhere.example"}
    ),
    "a contact is removed": lambda world, held: world.control("DELETE", f"{OFFICE}/contacts/{held.contact['id']}"),
    "a group is added": lambda world, _: world.control("POST", f"{OFFICE}/groups", id="TagGroup.7.999", Name="Added"),
    "a group is removed": lambda world, held: world.control("DELETE", f"{OFFICE}/groups/{held.group['id']}"),
}


@pytest.mark.requirement("SAFE-3")
@pytest.mark.parametrize("what", CHANGES)
def test_one_change_in_the_source_voids_an_approval(held: Held, tally: Tally, what: str) -> None:
    with held.kept.again() as world:
        CHANGES[what](world, held)
        code = ""
        try:
            world.account().clear(held.row.key, "approve", approve=_approve)
        except SafetyStop as stop:
            code = stop.code
        wrote = world.writes() or not holding(world).same_list(held.before)
        tally("P6", "one thing changed after the plan was made, then approved", 1, bool(code != "PLAN_OUTDATED" or wrote))
        assert code == "PLAN_OUTDATED"
        assert not wrote, "something was written"
        assert world.store.runs.get(held.row.key).status is RunStatus.FAILED

        again = world.account().clear(held.row.key, "extract")
        assert again.status is RunStatus.HELD, "the new plan was not asked about"
        assert again.plan_hash != held.row.plan_hash, "the new plan goes by the hash of the old one"
        assert not again.approved_hash
        assert world.writes() == 0


@pytest.mark.requirement("SAFE-3")
def test_the_source_as_it_was_delivers_what_was_approved(held: Held, tally: Tally) -> None:
    """Without a change the same approval delivers; nothing else would make the voided ones mean anything."""
    with held.kept.again() as world:
        row = world.account().clear(held.row.key, "approve", approve=_approve)
        assert (row.status, row.plan_hash) == (RunStatus.SUCCESS, held.row.plan_hash)
        after = holding(world)
        tally("P6", "nothing changed after the plan was made, then approved", 1, int(after.same_list(held.before)))
        assert "TagGroup.7.1" in held.before.names
        assert "TagGroup.7.1" not in after.names


@pytest.mark.requirement("SAFE-3")
def test_a_change_taken_back_in_time_voids_nothing(held: Held) -> None:
    with held.kept.again() as world:
        CHANGES["Greeting"](world, held)
        world.source_contact(held.contact["id"], Greeting=held.contact["Greeting"])
        assert world.account().clear(held.row.key, "approve", approve=_approve).status is RunStatus.SUCCESS


@pytest.mark.requirement("SAFE-3")
def test_an_approved_plan_that_did_not_get_through_is_void_as_well(held: Held, tally: Tally) -> None:
    """FMG refuses the first part, so nothing is visible; the source changes before the load task is cleared."""
    with held.kept.again() as world:
        world.control("POST", "/faults", system="fmg", match="put part", kind="expired")
        with pytest.raises(CrosswalkError):
            world.account().clear(held.row.key, "approve", approve=_approve)
        CHANGES["Greeting"](world, held)
        code = ""
        try:
            world.account().clear(held.row.key, "load")
        except SafetyStop as stop:
            code = stop.code
        same = holding(world).same_list(held.before)
        tally("P6", "changed after an approved load that failed before it was visible", 1, int(code != "PLAN_OUTDATED" or not same))
        assert (code, same) == ("PLAN_OUTDATED", True)
