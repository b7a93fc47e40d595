"""Plans that wait for a person: each safety rule once over the whole way, with nothing written (SAFE-2). Boundaries: tests/unit/core."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crosswalk.core.model import RunStatus
from world import World, WorldMaker


def _empty_the_office(world: World) -> None:
    for contact in world.source_contacts():
        world.control("DELETE", f"/smartoffice/offices/DEMO01/contacts/{contact['id']}")


def _delete_many(world: World) -> None:
    held = {c["source_id"] for c in world.contacts()}
    for contact in [c for c in world.source_contacts() if c["id"] in held][:16]:
        world.control("DELETE", f"/smartoffice/offices/DEMO01/contacts/{contact['id']}")


def _empty_a_group(world: World) -> None:
    held = {c["source_id"]: c["groups"] for c in world.contacts()}
    biggest = max((g["source_id"] for g in world.groups()), key=lambda group: sum(group in groups for groups in held.values()))
    for contact in world.source_contacts():
        if biggest in contact["TagGroups"]:
            world.source_contact(contact["id"], TagGroups=[g for g in contact["TagGroups"] if g != biggest])


def _blank_a_field(world: World) -> None:
    world.control("POST", "/smartoffice/offices/DEMO01/contacts/bulk", all=True, set={"Greeting": ""})


@pytest.mark.requirement("SAFE-2", "FMG-07")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_empty_the_office, "SRC_ZERO_RECORDS"),
        (_delete_many, "MASS_DELETE"),
        (_empty_a_group, "SLICE_DROP"),
        (_blank_a_field, "SRC_FIELD_BLANKED"),
    ],
)
def test_a_change_that_would_remove_much_is_held(make_world: WorldMaker, change: Callable[[World], None], code: str) -> None:
    world = make_world(contacts=150, groups=4)
    world.run()
    before, writes = world.contacts(), world.writes()
    change(world)
    row = world.run()
    assert row.status is RunStatus.HELD
    assert code in [hold["code"] for hold in row.holds]
    assert (world.contacts(), world.writes()) == (before, writes)


@pytest.mark.requirement("FMG-07", "SAFE-2")
def test_narrowing_the_scope_is_held_and_then_follows_the_settings(make_world: WorldMaker) -> None:
    world = make_world(contacts=150, groups=4)
    world.run()
    narrow = world.with_(scope=("Newsletter",))
    assert narrow.run().status is RunStatus.HELD
    narrow.run(approve=lambda _: True)
    assert {g["name"] for g in narrow.groups()} == {"Newsletter"}


@pytest.mark.requirement("FMG-10")
def test_a_contact_that_appeared_in_fmg_is_exported_and_asked_about(make_world: WorldMaker) -> None:
    world = make_world(contacts=60, groups=2)
    world.run()
    world.control("POST", "/fmg/accounts/FMG-1001/contacts", last_name="Behind", email="behind@only-fmg.example")
    row = world.run()
    assert [hold["code"] for hold in row.holds] == ["TARGET_ONLY"]
    assert b"behind@only-fmg.example" in world.zone.folder(row.key).read_bytes("target_only_contacts.csv")


@pytest.mark.requirement("FMG-10")
def test_drift_is_put_right_and_named(make_world: WorldMaker) -> None:
    world = make_world(contacts=60, groups=2)
    world.run()
    before = world.contacts()
    world.control("PATCH", f"/fmg/accounts/FMG-1001/contacts/{before[0]['contact_id']}", city="Elsewhere")
    world.control("DELETE", f"/fmg/accounts/FMG-1001/contacts/{before[1]['contact_id']}")
    row = world.run()
    plan = world.zone.folder(row.key).read_frame("plan")
    assert dict(zip(plan["source_id"], plan["reason"], strict=True))[before[0]["source_id"]] == "drift"
    assert dict(zip(plan["source_id"], plan["reason"], strict=True))[before[1]["source_id"]] == "vanished"
    strip = [{**c, "contact_id": ""} for c in world.contacts()]
    assert sorted(strip, key=lambda c: c["source_id"]) == sorted(({**c, "contact_id": ""} for c in before), key=lambda c: c["source_id"])
