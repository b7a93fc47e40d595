"""Who opted out once is never mailed again (T13): a new address, an undo, leaving and coming back, FMG forgetting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crosswalk.errors import ConfigurationError, DataError
from crosswalk.features.optouts.resubscribe import lift
from crosswalk.features.optouts.suppressions import Suppressions
from crosswalk.features.writeback.collect import collect
from crosswalk.features.writeback.run_writeback import write_back
from crosswalk.sandbox.server import SandboxServer
from reliability.conftest import Tally
from reliability.small_world import Kept, SmallWorld
from remembered import without_reports
from world import INTEGRATION

pytestmark = [pytest.mark.reliability, pytest.mark.requirement("FMG-05", "FMG-06")]

ADDRESS = "PreferredEmail.Address"
OFFICE = "/smartoffice/offices/DEMO01"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with SandboxServer(contacts=24, groups=4, seed=3) as box, without_reports():
        world = SmallWorld(box.url, tmp_path_factory.mktemp("suppression") / "world")
        world.run("first")
        yield Kept.now(world)


def someone(world: SmallWorld) -> dict[str, Any]:
    return next(one for one in world.contacts() if one["email"])


def mailed(world: SmallWorld, source_id: str) -> bool:
    """Whether FMG would mail the contact."""
    now = next(one for one in world.contacts() if one["source_id"] == source_id)
    return bool(now["email"]) and not now["opted_out"]


def opts_out(world: SmallWorld, way: str) -> dict[str, Any]:
    """An opt-out as a load sees it, or as the write-back hears of it; notes of it are not even wanted."""
    who = someone(world)
    if way == "seen at a load":
        world.control("POST", f"/fmg/accounts/{world.fmg}/opt-outs", email=who["email"])
        world.run("sees it")
    else:
        world.act({"type": "opted_out", "contact": who["contact_id"]})
        write_back(world.work(activities=["email_sent"]))
    return who


WAYS = pytest.mark.parametrize("way", ["seen at a load", "heard of as an activity"])


@WAYS
def test_a_new_address_is_not_mailed(world: SmallWorld, tally: Tally, way: str) -> None:
    who = opts_out(world, way)
    failed = 0
    for address in ("second@example.test", "third@example.test"):
        world.source_contact(who["source_id"], **{ADDRESS: address})
        world.run(address)
        failed += mailed(world, who["source_id"])
    world.source_contact(who["source_id"], **{ADDRESS: ""})
    world.run("without an address")
    world.source_contact(who["source_id"], **{ADDRESS: "fourth@example.test"})
    world.run("with one again")
    failed += mailed(world, who["source_id"])
    tally("P6", f"opted out, {way}, then the address changed", 3, failed)
    assert not failed


@WAYS
def test_who_leaves_and_comes_back_with_a_new_address_is_not_mailed(world: SmallWorld, tally: Tally, way: str) -> None:
    who = opts_out(world, way)
    before = world.control("GET", f"{OFFICE}/contacts/{who['source_id']}")
    world.control("DELETE", f"{OFFICE}/contacts/{who['source_id']}")
    world.run("left")
    assert who["source_id"] not in world.seen()
    world.control("POST", f"{OFFICE}/contacts", **{**before, ADDRESS: "back@example.test"})
    world.run("came back")
    failed = int(mailed(world, who["source_id"]))
    tally("P6", f"opted out, {way}, left and came back with a new address", 1, failed)
    assert not failed


@WAYS
def test_an_undo_mails_nobody_who_opted_out(world: SmallWorld, tally: Tally, way: str) -> None:
    who = someone(world)
    world.source_contact(who["source_id"], **{ADDRESS: "second@example.test"})
    world.run("a new address")
    opts_out(world, way)
    world.undo("undo")
    now = next(one for one in world.contacts() if one["source_id"] == who["source_id"])
    assert now["email"] == who["email"], "the address is the old one again, which never opted out"
    failed = int(mailed(world, who["source_id"]))
    world.run("after it", approve=lambda _: True)
    failed += mailed(world, who["source_id"])
    tally("P8", f"opted out, {way}, then undone", 2, failed)
    assert not failed


def test_an_undo_that_brings_somebody_back_mails_them_not(world: SmallWorld, tally: Tally) -> None:
    who = someone(world)
    world.source_contact(who["source_id"], **{ADDRESS: "second@example.test"})
    world.run("a new address")
    opts_out(world, "heard of as an activity")
    world.control("DELETE", f"{OFFICE}/contacts/{who['source_id']}")
    world.run("left")
    world.undo("undo", generation=1)
    failed = int(mailed(world, who["source_id"]))
    tally("P8", "opted out and left, then brought back by an undo under an earlier address", 1, failed)
    assert not failed


def test_what_fmg_forgot_is_told_again(world: SmallWorld, tally: Tally) -> None:
    """The record is as it should be but for the opt-out: the next load carries it over, the one after that has nothing to do."""
    who = opts_out(world, "heard of as an activity")
    world.control("DELETE", f"/fmg/accounts/{world.fmg}/opt-outs/{who['email']}")
    assert mailed(world, who["source_id"])
    row = world.run("carries it over")
    assert row.counts["plan"]["contact"]["update"] == 1
    failed = int(mailed(world, who["source_id"]))
    writes = world.writes()
    world.run("nothing to do")
    tally("P6", "an opt-out that FMG forgot", 1, failed)
    assert not failed
    assert world.writes() == writes


def test_who_has_the_address_of_somebody_who_opted_out_is_not_mailed(world: SmallWorld) -> None:
    who = opts_out(world, "heard of as an activity")
    other = next(one for one in world.contacts() if one["email"] and one["contact_id"] != who["contact_id"])
    world.source_contact(who["source_id"], **{ADDRESS: ""})
    world.run("gives it up")
    world.source_contact(other["source_id"], **{ADDRESS: who["email"].upper()})
    world.run("takes it over")
    assert not mailed(world, other["source_id"])


def test_only_a_person_takes_somebody_off_the_list_and_fmg_has_to_agree(world: SmallWorld) -> None:
    who = opts_out(world, "heard of as an activity")
    arguments = (world.store, world.account().target, INTEGRATION, "summit", who["source_id"], "ann")
    with pytest.raises(ConfigurationError, match="LIFT_OPTED_OUT"):
        lift(*arguments)
    world.control("DELETE", f"/fmg/accounts/{world.fmg}/opt-outs/{who['email']}")
    assert lift(*arguments) == 3
    world.run("mails again")
    assert mailed(world, who["source_id"])
    with pytest.raises(ConfigurationError, match="LIFT_UNKNOWN"):
        lift(*arguments[:4], "Contact.7.999999", "ann")
    assert world.store.audit.verify() == []


def test_an_opt_out_is_heard_of_although_the_feed_breaks_later(world: SmallWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crosswalk.systems.fmg.client.PAGE_SIZE", 1)
    who = someone(world)
    world.act({"type": "opted_out", "contact": who["contact_id"]}, {"type": "email_sent"})
    world.control("POST", "/faults", system="fmg", match="read activities", kind="truncated", at=2)
    with pytest.raises(DataError):
        collect(world.work())
    assert Suppressions(world.store.engine).read(INTEGRATION, "summit").holds(source_id=who["source_id"])
