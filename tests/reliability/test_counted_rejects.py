"""Rejected records are kept and retried (P9): the store's index of them is exact after each of many nights, the target's refusals too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from crosswalk.core.model import RunStatus
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.tables import rejected
from reliability.conftest import Scale, Tally
from reliability.small_world import Kept, SmallWorld
from remembered import without_reports

pytestmark = pytest.mark.reliability

SEED = 9
PEOPLE = 30
RUNS_A_WALK = 10
OFFICE = "/smartoffice/offices/DEMO01"
BAD = {
    "no name": ("LastName", "", "NAME_MISSING", "LastName"),
    "bad address": ("PreferredEmail.Address", "not an address", "EMAIL_INVALID", "PreferredEmail.Address"),
    "bad date": ("Person.Dob", "1980-02-30", "SRC_BAD_DATE", "Person.Dob"),
}
Place = tuple[str, str, str]


@dataclass
class Index:
    """What the store must say of every rejection there ever was: source id, code and field → attempts, first, last, how it ended."""

    rows: dict[Place, tuple[int, int, int, str, int | None]] = field(default_factory=dict)

    def night(self, snapshot: int, now: set[Place], present: set[str]) -> None:
        """Book one run."""
        for place in now:
            attempts, first, *_ = self.rows.get(place, (0, snapshot))
            self.rows[place] = (attempts + 1, first, snapshot, "", None)
        for place, (attempts, first, last, how, _) in list(self.rows.items()):
            if not how and place not in now:
                self.rows[place] = (attempts, first, last, "passed" if place[0] in present else "gone", snapshot)


@dataclass
class Crowd:
    """Thirty people of whom each is fine, bad in one way, refused by the target, or gone; and what is changed to make it so."""

    world: SmallWorld
    random: Random
    states: dict[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        """Bring everybody in, without a fault."""
        for number in range(1, PEOPLE + 1):
            self.states[f"Contact.7.{number}"] = "fine"
        everybody = [self._record(one) for one in self.states]
        self.world.control("POST", f"{OFFICE}/contacts", contacts=everybody)

    def night(self) -> None:
        """Let some change their state."""
        for one in self.random.sample(sorted(self.states), self.random.randint(0, 5)):
            self._become(one, self.random.choice(["fine", "fine", *BAD, "refused", "gone"]))
        refused = [one for one, state in self.states.items() if state == "refused"]
        for one in refused[8:]:
            self._become(one, "fine")
        self.world.control("DELETE", "/faults")
        for one in refused[:8]:
            fault = {"kind": "error", "status": 422, "code": "PART_REFUSED", "every": 1, "match": "parts"}
            self.world.control("POST", "/faults", system="fmg", holding=f'"source_id":"{one}"', **fault)

    def rejected(self) -> set[Place]:
        """Who must be rejected now."""
        found = {(one, *BAD[state][2:]) for one, state in self.states.items() if state in BAD}
        return found | {(one, "TGT_REFUSED", "") for one, state in self.states.items() if state == "refused"}

    def present(self) -> set[str]:
        return {one for one, state in self.states.items() if state != "gone"}

    def _become(self, one: str, state: str) -> None:
        was, self.states[one] = self.states[one], state
        if state == "gone":
            if was != "gone":
                self.world.control("DELETE", f"{OFFICE}/contacts/{one}")
            return
        record = self._record(one)
        if state in BAD:
            record[BAD[state][0]] = BAD[state][1]
        if was == "gone":
            self.world.control("POST", f"{OFFICE}/contacts", **record)
        else:
            self.world.source_contact(one, **{name: value for name, value in record.items() if name != "id"})

    def _record(self, one: str) -> dict[str, Any]:
        """A sound record whose content is new each time, so that the target has to be told of it."""
        number = one.rpartition(".")[2]
        address = f"quill{number}@example.test"
        sound = {"LastName": f"Quill{number}", "PreferredEmail.Address": address, "Person.Dob": "1980-01-02", "TagGroups": []}
        return {"id": one, **sound, "Greeting": f"Q{self.random.randint(1, 10**9)}"}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with SandboxServer(contacts=0, groups=1, seed=SEED) as box, without_reports():
        yield Kept.now(SmallWorld(box.url, tmp_path_factory.mktemp("rejects") / "world", max_batch=40))


def kept(world: SmallWorld) -> dict[Place, tuple[int, int, int, str, int | None]]:
    """The index as the store has it."""
    with world.store.engine.connect() as connection:
        rows = connection.execute(select(rejected)).all()
    return {
        (row.source_id, row.code, row.field): (row.attempts, row.first_snapshot, row.last_snapshot, row.resolution, row.resolved_snapshot)
        for row in rows
    }


@pytest.mark.requirement("SAFE-10")
def test_the_index_of_rejected_records_is_exact_after_each_run(empty: Kept, scale: Scale, tally: Tally) -> None:
    walks, failed, booked = scale(1, 5), [], 0
    for walk in range(walks):
        with empty.again() as world:
            crowd, index = Crowd(world, Random(f"{SEED} {walk}")), Index()
            crowd.begin()
            for number in range(scale(12, RUNS_A_WALK)):
                crowd.night()
                row = world.run(f"night {number}", approve=lambda _: True)
                now = crowd.rejected()
                booked += len(now)
                index.night(row.key.snapshot, now, crowd.present())
                sound = {one for one, state in crowd.states.items() if state == "fine"}
                right = kept(world) == index.rows and sound <= set(world.seen())
                right = right and row.status is (RunStatus.PARTIAL if now else RunStatus.SUCCESS)
                failed += [] if right else [(walk, number)]
    tally("P9", "nights after which the index is exact", walks * scale(12, RUNS_A_WALK), len(failed))
    tally("P9", "rejections booked", booked, 0)
    assert not failed, f"seed {SEED}: {failed[:5]}"
