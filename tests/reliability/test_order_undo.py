"""One step back (P8): an undo restores FMG's list byte for byte, ids included, and keeps every opt-out made since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.errors import CrosswalkError
from crosswalk.landing.retention import purge
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.runs import RunRow
from reliability.conftest import Tally
from reliability.small_world import Kept, SmallWorld

pytestmark = [pytest.mark.reliability, pytest.mark.usefixtures("unreported")]

OFFICE = "/smartoffice/offices/DEMO01"
OWN_OPTED_OUT = "own1@only-fmg.example"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """FMG holds people and groups of its own, memberships included; one of them is known to SmartOffice as well."""
    with SandboxServer(contacts=24, groups=4, seed=3) as box:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("undo") / "world")
        known = world.source_contacts()[4]["PreferredEmail.Address"]
        own: list[dict[str, Any]] = [{"last_name": f"Own{number}", "email": f"own{number}@only-fmg.example"} for number in range(3)]
        own += [{"last_name": "Known", "first_name": "By hand", "email": known}]
        groups = [{"name": "Made by hand"}, {"name": "Empty"}]
        world.control("POST", "/fmg/accounts", account=world.fmg, contacts=own, groups=groups, opt_outs=[OWN_OPTED_OUT])
        first, last = world.contacts()[0]["contact_id"], world.contacts()[-1]["contact_id"]
        for one in (first, last):
            world.control("PATCH", f"/fmg/accounts/{world.fmg}/contacts/{one}", groups=[world.groups()[0]["group_id"]])
        yield Kept.now(world)


def _list(world: SmallWorld) -> str:
    """FMG's list as it says itself, without what follows from the opt-outs."""
    contacts = [{name: value for name, value in one.items() if name != "opted_out"} for one in world.contacts()]
    return json.dumps([contacts, world.groups()], sort_keys=True)


def _opted_out(world: SmallWorld) -> set[str]:
    return {one["email"] for one in world.opt_outs()}


def _run(world: SmallWorld) -> RunRow:
    row = world.run(f"run {world.fmg_account()['last_snapshot']}", approve=lambda _: True)
    assert row.delivered_at
    return row


def _undo(world: SmallWorld, **arguments: Any) -> RunRow:
    row = world.undo(f"undo {world.fmg_account()['last_snapshot']}", **arguments)
    assert row.status is RunStatus.SUCCESS
    return row


def _edit(world: SmallWorld, number: int) -> None:
    """Create, update and delete contacts and groups, memberships and addresses."""
    contacts, groups = world.source_contacts(), world.source_groups()
    new = {
        "id": f"Contact.7.{9000 + number}",
        "PreferredEmail.Address": f"new{number}@added.example",
        "TagGroups": [f"TagGroup.7.{900 + number}"],
    }
    world.control("POST", f"{OFFICE}/groups", id=f"TagGroup.7.{900 + number}", Name=f"Added {number}")
    world.control("POST", f"{OFFICE}/contacts", **{**contacts[0], **new})
    world.control("PATCH", f"{OFFICE}/groups/{groups[1]['id']}", Name=f"Renamed {number}")
    world.control("DELETE", f"{OFFICE}/groups/{groups[2]['id']}")
    world.control("DELETE", f"{OFFICE}/contacts/{contacts[2]['id']}")
    world.source_contact(contacts[0]["id"], **{"PreferredEmail.Address": f"moved{number}@added.example", "Greeting": f"Edit {number}"})


@pytest.mark.requirement("SAFE-7", "FMG-06")
def test_the_first_replacement_is_undone_and_done_again(world: SmallWorld, tally: Tally) -> None:
    """Those nobody imported come back under their own ids, with their groups."""
    lists = [_list(world)]
    _run(world)
    lists.append(_list(world))
    assert lists[0] != lists[1]
    found = []
    for number in range(4):
        _undo(world)
        found.append(_list(world) == lists[number % 2])
    tally("P8", "undo of a first replacement, and undo of that", len(found), found.count(False))
    assert all(found), found
    assert OWN_OPTED_OUT in _opted_out(world)


@pytest.mark.requirement("SAFE-7")
def test_a_delta_is_undone_and_done_again(world: SmallWorld, tally: Tally) -> None:
    _run(world)
    lists = [_list(world)]
    _edit(world, 1)
    _run(world)
    lists.append(_list(world))
    assert lists[0] != lists[1]
    _run(world)  # without anything to do: the last delivery that changed the list stays the one before
    found = []
    for number in range(4):
        _undo(world)
        found.append(_list(world) == lists[number % 2])
    tally("P8", "undo of a delta with every kind of change, and undo of that", len(found), found.count(False))
    assert all(found), found


@pytest.mark.requirement("SAFE-7")
def test_every_earlier_generation_can_be_had_again(world: SmallWorld, tally: Tally) -> None:
    lists = []
    for number in range(4):
        lists.append(_list(world))
        _run(world)
        _edit(world, number)
    found = {}
    for generation in (2, 0, 3, 1, 0):
        _undo(world, generation=generation)
        found[generation] = _list(world) == lists[generation]
    tally("P8", "undo back to an earlier generation", len(found), list(found.values()).count(False))
    assert all(found.values()), found


@pytest.mark.requirement("SAFE-7", "FMG-06")
def test_who_opted_out_since_stays_opted_out(world: SmallWorld, tally: Tally) -> None:
    """Also under the address the undo gives back, and after the undo is undone."""
    _run(world)
    before, moved, plain = _list(world), world.contacts()[0], world.contacts()[5]
    world.source_contact(moved["source_id"], **{"PreferredEmail.Address": "moved@added.example"})
    _run(world)
    for email in ("moved@added.example", plain["email"]):
        world.control("POST", f"/fmg/accounts/{world.fmg}/opt-outs", email=email)
    _undo(world)
    assert _list(world) == before
    wanted = {moved["contact_id"], plain["contact_id"]}
    lost = [one["contact_id"] for one in world.contacts() if one["contact_id"] in wanted and not one["opted_out"]]
    _undo(world)
    lost += [one["contact_id"] for one in world.contacts() if one["contact_id"] in wanted and not one["opted_out"]]
    tally("P8", "opt-outs made before an undo, also of a changed address", 4, len(lost))
    assert not lost, lost
    assert _opted_out(world) >= {OWN_OPTED_OUT, "moved@added.example", moved["email"], plain["email"]}


@pytest.mark.requirement("SAFE-7", "FMG-10")
def test_drift_since_the_delivery_is_undone_as_well(world: SmallWorld, tally: Tally) -> None:
    _run(world)
    before = _list(world)
    _edit(world, 1)
    _run(world)
    base, people, groups = f"/fmg/accounts/{world.fmg}", world.contacts(), world.groups()
    world.control("PATCH", f"{base}/contacts/{people[4]['contact_id']}", city="Drift")
    world.control("DELETE", f"{base}/contacts/{people[6]['contact_id']}")
    world.control("POST", f"{base}/contacts", last_name="Stranger", email="stranger@only-fmg.example")
    world.control("PATCH", f"{base}/groups/{groups[0]['group_id']}", name="Drift")
    world.control("DELETE", f"{base}/groups/{groups[1]['group_id']}")
    world.control("POST", f"{base}/groups", name="By hand")
    _undo(world)
    same = _list(world) == before
    tally("P8", "undo over drift of every kind", 1, int(not same))
    assert same


@pytest.mark.requirement("SAFE-7", "SAFE-3")
def test_what_was_undone_is_not_done_again_unasked(world: SmallWorld, tally: Tally) -> None:
    _run(world)
    _edit(world, 1)
    _run(world)
    done = _list(world)
    _undo(world)
    undone, writes = _list(world), world.writes()
    rows = [world.run(f"later {number}") for number in range(2)]
    held = [row.status is RunStatus.HELD and "UNDONE" in {hold["code"] for hold in row.holds} for row in rows]
    tally("P8", "runs after an undo, nobody asked", len(held), held.count(False) + int(world.writes() != writes))
    assert all(held), rows
    assert (_list(world), world.writes()) == (undone, writes)
    again = world.account().clear(rows[-1].key, "approve", approve=lambda _: True)
    assert again.delivered_at
    assert sorted(one["source_id"] for one in world.contacts()) == sorted(one["source_id"] for one in json.loads(done)[0])
    assert not world.run("after that").holds


@pytest.mark.requirement("SAFE-7", "SAFE-3", "SAFE-10")
def test_a_retry_after_an_undo_lifts_no_hold(world: SmallWorld, tally: Tally) -> None:
    """The record is still rejected, so the retry has nothing to send; the rest is still asked about."""
    broken, edited = (one["id"] for one in world.source_contacts()[7:9])
    world.source_contact(broken, LastName=" ")
    _run(world)
    world.source_contact(edited, Greeting="Undone")
    _run(world)
    _undo(world)
    assert world.run("retry", only={broken}).delivered_at
    row = world.run("later")
    held = row.status is RunStatus.HELD and "UNDONE" in {hold["code"] for hold in row.holds}
    tally("P8", "runs after an undo and a retry, nobody asked", 1, int(not held))
    assert held, row
    assert world.seen()[edited]["nickname"] != "Undone"


@pytest.mark.requirement("SAFE-7", "SAFE-2")
def test_an_undo_is_no_change_of_the_mapping(world: SmallWorld) -> None:
    _run(world)
    for group in world.source_groups():
        world.control("PATCH", f"{OFFICE}/groups/{group['id']}", Name=f"Renamed {group['Name']}")
    _run(world)
    _undo(world)
    assert [hold["code"] for hold in world.run("later").holds] == ["UNDONE"]


def _refused(world: SmallWorld, **arguments: Any) -> tuple[str, bool]:
    """The code an undo ends with, and whether it wrote."""
    before, writes = _list(world), world.writes()
    try:
        world.undo("refused", **arguments)
    except CrosswalkError as error:
        return error.code, world.writes() != writes or _list(world) != before
    return "", True


@pytest.mark.requirement("SAFE-7")
@pytest.mark.parametrize("code", ["UNDO_NOTHING", "UNDO_UNKNOWN", "UNDO_EXPIRED", "UNDO_UNSETTLED"])
def test_an_undo_that_cannot_be_whole_is_refused(world: SmallWorld, tally: Tally, code: str) -> None:
    if code != "UNDO_NOTHING":
        _run(world)
    if code == "UNDO_EXPIRED":
        purge(world.zone, 0, datetime.now(UTC) + timedelta(days=2))
    if code == "UNDO_UNSETTLED":
        _cut_short(world)
    found, wrote = _refused(world, generation=7 if code == "UNDO_UNKNOWN" else None)
    tally("P8", "undo that must be refused", 1, int(found != code or wrote))
    assert found == code
    assert not wrote


def _cut_short(world: SmallWorld) -> None:
    """A delivery is committed, and its run never learns of it."""
    _edit(world, 1)
    world.control("POST", "/faults", system="fmg", match="commit import", kind="expired", carry_out=True)
    with pytest.raises(CrosswalkError):
        world.run("cut short", approve=lambda _: True)
    assert world.fmg_account()["generation"] == 2


@pytest.mark.requirement("SAFE-7", "SAFE-5")
def test_a_delivery_that_was_cut_short_can_be_undone_once_it_ended(world: SmallWorld, tally: Tally) -> None:
    _run(world)
    before = _list(world)
    _cut_short(world)
    account = world.account()
    row = account.clear(account.store.runs.latest("smartoffice_to_fmg", "summit", 1)[0].key, "load")
    assert row.delivered_at
    _undo(world)
    same = _list(world) == before
    tally("P8", "undo of a delivery that was cut short and then cleared", 1, int(not same))
    assert same
