"""An e-mail address that moves from one contact to another in one night, also when FMG refuses the one that gives it up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.sandbox.server import SandboxServer
from oracle import expected_contacts
from reliability.small_world import Kept, SmallWorld
from world import World


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kept, list[str]]]:
    """A delivered list, and three of its contacts with addresses of their own; lived through once."""
    with SandboxServer(contacts=40, groups=2, seed=3) as box:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("moved") / "world")
        ids = sorted(expected_contacts(world.source_contacts())[0])[:3]
        for number, source_id in enumerate(ids):
            world.source_contact(source_id, **{"PreferredEmail.Address": f"p{number}@move.example"})
        world.run()
        yield Kept.now(world), ids


@pytest.fixture
def three(delivered: tuple[Kept, list[str]]) -> Iterator[tuple[World, list[str]]]:
    kept, ids = delivered
    with kept.again() as world:
        yield world, ids


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


def refuse(world: World, text: str) -> None:
    """FMG refuses every part that holds the text."""
    world.control("POST", "/faults", system="fmg", match="part", kind="error", status=422, code="PART_REFUSED", holding=text, times=None)


@pytest.mark.requirement("FMG-11", "SAFE-10")
@pytest.mark.parametrize(
    ("numbers", "refused", "kept"),
    [((1, 0, 2), 0, [0, 1]), ((1, 2, 0), 1, [0, 1, 2]), ((9, 0, 1), 1, [1, 2])],
    ids=["a swap", "a ring", "the middle of a chain"],
)
def test_who_waits_for_a_refused_one_waits_too(
    three: tuple[World, list[str]], numbers: tuple[int, ...], refused: int, kept: list[int]
) -> None:
    """FMG refuses one of those that hand their addresses on: whoever depends on it keeps what it has, the others move."""
    world, ids = three
    move(world, ids, *numbers)
    world.source_contact(ids[refused], FirstName="Unwanted")
    refuse(world, "Unwanted")
    row = world.run()
    assert row.status is RunStatus.PARTIAL
    assert emails(world, ids) == [f"p{place if place in kept else numbers[place]}@move.example" for place in range(3)]
    codes = {one.source_id: one.code for one in world.store.rejected.open("smartoffice_to_fmg", "summit")}
    waiting = {ids[place]: "TGT_EMAIL_TAKEN" for place in kept}
    assert {one: code for one, code in codes.items() if one in ids} == {**waiting, ids[refused]: "TGT_REFUSED"}
    world.control("DELETE", "/faults")
    world.run()
    assert emails(world, ids) == [f"p{number}@move.example" for number in numbers]


@pytest.mark.requirement("FMG-11")
@pytest.mark.parametrize(
    ("numbers", "rejected", "kept"),
    [((1, 0, 2), 0, [0, 1]), ((1, 2, 0), 1, [0, 1, 2]), ((9, 0, 1), 1, [1, 2])],
    ids=["a swap", "a ring", "the middle of a chain"],
)
def test_who_waits_for_a_rejected_one_waits_too(
    three: tuple[World, list[str]], numbers: tuple[int, ...], rejected: int, kept: list[int]
) -> None:
    """The same when a rule of ours rejects it: it keeps its address in FMG, so nobody may take it."""
    world, ids = three
    move(world, ids, *numbers)
    world.source_contact(ids[rejected], **{"Person.Dob": "1970-02-30"})
    world.run()
    assert emails(world, ids) == [f"p{place if place in kept else numbers[place]}@move.example" for place in range(3)]
    codes = {one.source_id: one.code for one in world.store.rejected.open("smartoffice_to_fmg", "summit")}
    assert codes[ids[rejected]] == "SRC_BAD_DATE"
    assert {codes[ids[place]] for place in kept if place != rejected} == {"EMAIL_DUPLICATE"}
    world.source_contact(ids[rejected], **{"Person.Dob": ""})
    world.run()
    assert emails(world, ids) == [f"p{number}@move.example" for number in numbers]


@pytest.mark.requirement("FMG-11", "SAFE-10")
def test_an_address_goes_to_the_survivor_only_when_its_holder_is_gone(three: tuple[World, list[str]]) -> None:
    """A contact is deleted and another gets its address; FMG refuses that one: nothing is lost, and the next night does it."""
    world, ids = three
    world.control("DELETE", f"/smartoffice/offices/DEMO01/contacts/{ids[0]}")
    world.source_contact(ids[1], FirstName="Unwanted", **{"PreferredEmail.Address": "p0@move.example"})
    refuse(world, "Unwanted")
    world.run()
    assert (ids[0] in world.seen(), world.seen()[ids[1]]["email"]) == (False, "p1@move.example")
    world.control("DELETE", "/faults")
    world.run()
    assert world.seen()[ids[1]]["email"] == "p0@move.example"
