"""A backfill is harmless (P17): nights looked at again in any order write nothing, and what those nights left stays byte for byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.landing.retention import purge
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.runs import RunRow
from reliability.conftest import Scale, Tally
from reliability.order_account import AccountModel
from reliability.order_edits import Edits, office_of
from reliability.order_model import Listing
from reliability.order_office import night
from reliability.small_world import SmallWorld
from reliability.truth import Holding, Truth, differences, holding

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(3600)]


@dataclass(frozen=True)
class Night:
    """One night's run and what the source held then."""

    number: int
    row: RunRow
    contacts: int
    groups: int


def _edit(edits: Edits, number: int) -> None:
    """Something of every kind over the nights."""
    edits.contact(number, Greeting=f"Night {number}")
    kinds: list[Callable[[], None]] = [
        lambda: edits.add_contact(number),
        lambda: edits.remove_contact(3 * number),
        lambda: edits.swap_addresses(number, number + 5),
        lambda: edits.contact(number, LastName=" "),
        edits.add_group,
        lambda: edits.join_or_leave(number, number),
        lambda: edits.repair(number - 3),
    ]
    kinds[number % len(kinds)]()


def _files(world: SmallWorld, nights: list[Night]) -> dict[str, str]:
    """A digest of every file a night left: what it landed, its plan and its report."""
    found = {}
    for one in nights:
        for top in ("data", "reports"):
            folder = world.folder / "landing" / top / "smartoffice_to_fmg" / "summit" / str(one.row.key.snapshot)
            for path in sorted(folder.iterdir()):
                found[f"{top} {one.row.key.snapshot} {path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _look_again(world: SmallWorld, one: Night, name: str, before: Holding) -> list[str]:
    """Replay one night; say what was wrong."""
    writes = world.writes()
    row = world.account().replay(name, night(one.number))
    if row is None:
        return [f"{name}: no snapshot was found"]
    wrong = [] if row.status is RunStatus.REPLAYED else [f"{name} ended {row.status}"]
    wrong += [] if row.replays == one.row.key.snapshot else [f"{name} looked at snapshot {row.replays}"]
    report = json.loads(world.zone.report_folder(row.key).read_bytes("report.json"))
    told = {one["entity"]: one["total"] for one in report["sums"] if one["side"] == "source" and one["adds_up"]}
    wrong += [] if told == {"contact": one.contacts, "group": one.groups} else [f"{name} reports {told}"]
    wrong += [] if report["status"] == "replayed" else [f"the report of {name} says {report['status']}"]
    wrong += [f"{name} wrote"] if world.writes() != writes else []
    return wrong + ([] if holding(world).same_list(before) else [f"{name} changed the list"])


@pytest.mark.requirement("CARD-6", "SAFE-4")
def test_nights_looked_at_again_write_nothing(tmp_path: Path, scale: Scale, tally: Tally) -> None:
    with SandboxServer(contacts=24, groups=4, seed=3) as box:
        world = SmallWorld(box.url, tmp_path / "world")
        edits = Edits(world, AccountModel(office_of(world), Listing(), lambda _: ""))
        nights = []
        for number in range(scale(6, 30)):
            row = world.run(f"night {number}", interval=night(number), approve=lambda _: True)
            assert row.delivered_at, row.status
            nights.append(Night(number, row, len(edits.model.office.contacts), len(edits.model.office.groups)))
            _edit(edits, number)
        files = _files(world, nights)
        before = holding(world)
        replays = 0

        wrong: list[str] = []
        for turn, order in enumerate([nights, nights[::-1]]):
            for one in order:
                wrong += _look_again(world, one, f"backfill {turn} of night {one.number}", before)
                replays += 1
                if one is nights[len(nights) // 2]:  # today's run in between
                    assert world.run(f"today {turn}", approve=lambda _: True).delivered_at
                    wrong += [f"today: {one}" for one in differences(holding(world), before, Truth.now(world))]
                    before = holding(world)
        wrong += [f"{one} is another file now" for one in _differing(files, _files(world, nights))]
        wrong += _look_for_nothing(world, len(nights) + 40)
        purge(world.zone, 0, datetime.now(UTC) + timedelta(days=2))
        wrong += [found for one in nights for found in _look_for_nothing(world, one.number)]
        tally("P17", f"nights looked at again, of {len(nights)}", replays, len(wrong))
        assert not wrong, wrong


def _look_for_nothing(world: SmallWorld, number: int) -> list[str]:
    """A night of which nothing was landed, or nothing is left."""
    writes = world.writes()
    found = world.account().replay(f"backfill of night {number}", night(number))
    return [f"night {number} gave {found}"] if found is not None or world.writes() != writes else []


def _differing(before: dict[str, str], now: dict[str, str]) -> list[str]:
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
