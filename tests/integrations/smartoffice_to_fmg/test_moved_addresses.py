"""An e-mail address that moves from one contact to another in one night, also when FMG refuses the one that gives it up."""

from __future__ import annotations

import pytest

from crosswalk.core.model import RunStatus
from world import World, WorldMaker


@pytest.fixture
def three(make_world: WorldMaker) -> tuple[World, list[str]]:
    """A delivered list, and three of its contacts with addresses of their own."""
    world = make_world(contacts=40, groups=2)
    world.run()
    ids = sorted(source_id for source_id, one in world.seen().items() if one["email"])[:3]
    for number, source_id in enumerate(ids):
        world.source_contact(source_id, **{"PreferredEmail.Address": f"p{number}@move.example"})
    world.run()
    return world, ids


def emails(world: World, ids: list[str]) -> list[str]:
    return [world.seen()[source_id]["email"] for source_id in ids]


def move(world: World, ids: list[str], *numbers: int) -> None:
    for source_id, number in zip(ids, numbers, strict=True):
        world.source_contact(source_id, **{"PreferredEmail.Address": f"p{number}@move.example"})


@pytest.mark.requirement("FMG-11")
@pytest.mark.parametrize("numbers", [(9, 0, 1), (1, 0, 2), (1, 2, 0)], ids=["a chain", "a swap", "a ring"])
def test_addresses_move_along(three: tuple[World, list[str]], numbers: tuple[int, ...]) -> None:
    world, ids = three
    move(world, ids, *numbers)
    world.run()
    assert emails(world, ids) == [f"p{number}@move.example" for number in numbers]


@pytest.mark.requirement("FMG-11", "SAFE-10")
def test_when_its_holder_is_refused_nobody_takes_an_address_and_the_others_go_on(three: tuple[World, list[str]]) -> None:
    world, ids = three
    other = next(source_id for source_id in world.seen() if source_id not in ids)
    move(world, ids, 9, 0, 1)
    world.source_contact(other, FirstName="Else")
    world.control("POST", "/faults", system="fmg", match="part", kind="error", status=422, code="PART_REFUSED", holding="p9@", times=None)
    row = world.run()
    assert row.status is RunStatus.PARTIAL
    assert emails(world, ids) == ["p0@move.example", "p1@move.example", "p2@move.example"]
    assert world.seen()[other]["first_name"] == "Else"
    codes = {one.source_id: one.code for one in world.store.rejected.open("smartoffice_to_fmg", "summit")}
    assert [codes[source_id] for source_id in ids] == ["TGT_REFUSED", "TGT_EMAIL_TAKEN", "TGT_EMAIL_TAKEN"]
    world.control("DELETE", "/faults")
    world.run()
    assert emails(world, ids) == ["p9@move.example", "p0@move.example", "p1@move.example"]
    assert not set(ids) & {one.source_id for one in world.store.rejected.open("smartoffice_to_fmg", "summit")}
