"""A recognisable person goes through: seen in the landing zone and in FMG, nowhere else (SAFE-9)."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from canary import PERSON, REJECTED, assert_clean
from crosswalk.errors import CrosswalkError
from world import World, WorldMaker


@pytest.mark.requirement("SAFE-9")
def test_a_person_is_in_the_landing_zone_and_in_fmg_only(make_world: WorldMaker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world = make_world(contacts=40, groups=3)
    good = world.control("POST", "/smartoffice/offices/DEMO01/contacts", **PERSON)["id"]
    world.control("POST", "/smartoffice/offices/DEMO01/contacts", **REJECTED)
    row = world.run()
    assert next(c for c in world.contacts() if c["source_id"] == good)["first_name"] == "Canarina"
    assert "Canarina" in set(world.zone.folder(row.key).read_frame("desired_contact")["first_name"])
    world.source_contact(good, FirstName="Canarina B.", Greeting="")
    world.run()
    _break_it(world, good)
    _scan(world, caplog.text)


def _break_it(world: World, source_id: str) -> None:
    """Meet errors whose bodies echo data."""
    for system, fault in (
        ("fmg", {"match": "parts", "kind": "error", "status": 422, "code": "PART_REFUSED", "holding": source_id, "times": 50}),
        ("smartoffice", {"at": 3, "kind": "cut"}),
    ):
        world.source_contact(source_id, FirstName=f"Canarina {system}")
        world.control("POST", "/faults", system=system, **fault)
        try:
            world.run()
        except CrosswalkError as error:
            assert_clean(str(error).encode(), "an error")
        world.control("DELETE", "/faults")


def _scan(world: World, logs: str) -> None:
    assert_clean(logs.encode(), "the log")
    for path in world.folder.glob("store.db*"):
        assert_clean(path.read_bytes(), "the store")
    reports = [path for path in (world.folder / "landing" / "reports").rglob("*") if path.is_file()]
    assert reports
    for path in reports:
        assert_clean(path.read_bytes(), f"report {path.name}")


@pytest.mark.requirement("SAFE-9")
def test_landed_files_are_for_their_owner_only(make_world: WorldMaker) -> None:
    world = make_world(contacts=20, groups=1)
    world.run()
    paths: list[Path] = list((world.folder / "landing").rglob("*"))
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o700}
