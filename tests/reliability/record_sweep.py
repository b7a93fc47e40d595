"""A delivery record by record, spoilt at one request or killed at one point, then done again: the target holds what it would have held.

For any world with `url`, `folder`, `store`, `account`, `control`, `holds_now` and `forget`, over a sandbox that keeps checkpoints.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crosswalk.core.model import RunStatus
from crosswalk.errors import CrosswalkError
from reliability.acts import account_of, carry_out
from reliability.fault_points import NAMES, RECORD_POINTS
from reliability.killed import ForkServer, Point, Watch
from reliability.small_world import copy_store

DELIVERED = {RunStatus.SUCCESS, RunStatus.PARTIAL}
FAULTS: dict[str, dict[str, Any]] = {
    "lost answer": {"kind": "lost_answer"},
    "reset": {"kind": "reset"},
    "server error": {"kind": "status", "status": 503},
    "cut": {"kind": "cut"},
    "truncated": {"kind": "truncated"},
    "token or session ends": {"kind": "expired"},
    "asked to wait": {"kind": "rate_limited", "retry_after": None},
    "login page": {"kind": "login_page"},
    "server error for good": {"kind": "status", "status": 500, "times": 8, "carry_out": True},
}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """A request of a run without trouble: its system, its number there, what was asked, and whether it changes the target."""

    system: str
    at: int
    operation: str
    write: bool

    def __str__(self) -> str:
        return f"{self.system} {self.at} {self.operation}"


@dataclass(frozen=True)
class Scenario:
    """A world before one act; wanted: what the target holds after it; about: what the fork server builds the world from."""

    name: str
    act: dict[str, Any]
    about: dict[str, Any]
    world: Any
    folder: Path
    checkpoint: int
    before: dict[str, Any]
    wanted: dict[str, Any]
    places: tuple[Place, ...]

    @classmethod
    def of(cls, name: str, world: Any, act: dict[str, Any], about: dict[str, Any], systems: Sequence[str]) -> Scenario:
        """Remember the world as it is, and do the act once without trouble. systems: the target last."""
        folder = world.folder.parent / f"before_{next(_numbers)}"
        copy_store(world.folder, folder)
        checkpoint, before = world.control("POST", "/checkpoints")["checkpoint"], world.holds_now()
        world.forget()
        assert carry_out(account_of(world, act), act).status in DELIVERED
        log = world.control("GET", "/requests")["requests"]
        asked = {system: [one for one in log if one["system"] == system] for system in systems}
        places = [
            Place(system, number, one["operation"], system == systems[-1] and one["method"] != "GET" and one["operation"] != "sign in")
            for system in systems
            for number, one in enumerate(asked[system], 1)
        ]
        return cls(name, act, about, world, folder, checkpoint, before, world.holds_now(), tuple(places))

    @contextmanager
    def again(self) -> Iterator[Any]:
        """The world as it stood."""
        folder = self.folder.parent / f"case_{next(_numbers)}"
        copy_store(self.folder, folder)
        self.world.control("POST", f"/checkpoints/{self.checkpoint}/restore")
        world = replace(self.world, folder=folder)
        try:
            yield world
        finally:
            world.store.engine.dispose()
            shutil.rmtree(folder)

    def carry_out(self, world: Any, **changes: Any) -> RunStatus:
        return carry_out(account_of(world, self.act), self.act | changes).status

    def told(self, world: Any, **changes: Any) -> str:
        """How the act ends: a status, or the code of an error."""
        try:
            return self.carry_out(world, **changes).value
        except CrosswalkError as error:
            return error.code


def spoil(scenario: Scenario, kind: str, *, full: bool) -> tuple[int, dict[str, str]]:
    """Let requests go wrong, one a run; returns how many, and what was wrong then. full: every request, else a few for each kind."""
    places, wrong = scenario.places if full else few(scenario, kind), {}
    for place in places:
        with scenario.again() as world:
            world.control("POST", "/faults", system=place.system, at=place.at, **FAULTS[kind])
            ended = scenario.told(world)
            struck = all(fault["struck"] for fault in world.control("GET", "/faults")["faults"])
            world.control("DELETE", "/faults")
            if not struck:
                wrong[str(place)] = "the fault never struck"
            elif ended in DELIVERED and world.holds_now() != scenario.wanted:
                wrong[str(place)] = f"ended {ended} and holds something else"
            elif (again := scenario.told(world)) not in DELIVERED or world.holds_now() != scenario.wanted:
                wrong[str(place)] = f"ended {ended}, the re-run {again}, and did not put it right"
    return len(places), wrong


def few(scenario: Scenario, kind: str) -> list[Place]:
    """One request a kind, each kind another; a lost answer strikes a write in the middle, and the last."""
    if kind == "lost answer":
        writes = [place for place in scenario.places if place.write]
        return list(dict.fromkeys([writes[len(writes) // 2], writes[-1]]))
    number = list(FAULTS).index(kind) * len(scenario.places) // len(FAULTS)
    return [scenario.places[number]]


def kill(scenario: Scenario, server: ForkServer, number: int) -> tuple[int, list[str]]:
    """Kill the act at so many points, evenly over all hits of all of them, and do it again once the lease ran out.

    number: 0 for all of them. Returns how many, and what was wrong then.
    """
    nobody, wrong, act = Watch("", ""), [], {"name": "killed", **scenario.act}
    with scenario.again() as world:
        hits = server.warm(**_task(scenario, world), acts=[act])["hits"]
    known = [one for one in (*NAMES, *(point.name for point in RECORD_POINTS)) if hits.get(one)]
    points = [Point("named", one, hit, side) for one in known for hit in range(1, hits[one] + 1) for side in ("before", "after")]
    number = number or len(points)
    chosen = [points[(2 * place + 1) * len(points) // (2 * number)] for place in range(number)]
    for point in chosen:
        with scenario.again() as world:
            killed = server.run(nobody, point, **_task(scenario, world), acts=[act])
            again = server.run(nobody, **_task(scenario, world), acts=[{**act, "name": "again", "ahead": 1000}])
            told = (again.told or {"acts": [{}]})["acts"][0]
            if not killed.killed or told.get("status") not in DELIVERED or world.holds_now() != scenario.wanted:
                wrong.append(f"{point}: {killed.code} {told}")
    return len(chosen), wrong


def _task(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"url": world.url, "folder": str(world.folder), **scenario.about}
