"""One try: the kill, perhaps a kill of the re-run, the re-run, a further run that must not write, and what is wrong afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosswalk.store.database import connect
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store
from reliability.kill_scenarios import QUIET, Scenario, Task
from reliability.killed import Ended, Point
from world import INTEGRATION

RECOVERIES = ("again", "clear", "next")
"""A new run of the same name at once, clearing the task that was killed, or another run once the lease ran out."""
STEPS = ["extract", "validate", "transform", "approve", "load"]
ANOTHER = "another"
LATENCY = 0.5
"""Seconds FMG keeps its answer to a commit back."""


@dataclass
class Found:
    """What was wrong at one try. stuck: it did not come to its end; store: what it remembers differs from what the target holds."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    store: list[str] = field(default_factory=list)
    readings: int = 0
    killed: bool = False

    @property
    def all(self) -> list[str]:
        return [*self.lost, *self.twice, *self.mixed, *self.stuck, *self.store]


def try_points(scenario: Scenario, points: Sequence[Point], recovery: str, *, plain: bool) -> Found:
    """Kill a run at the first point, its re-run at the next one if there is one; recover, look.

    plain: without what was remembered of the same frames' validation.
    """
    folder, watch, kills = scenario.fresh("tried"), scenario.watch, 0
    act, stuck = scenario.killed, []
    watch.begin()
    with watch.watching():
        for point in points:
            ended = _kill(scenario, folder, point, act, plain=plain)
            kills += ended.killed
            stuck += [] if ended.killed or ended.code == 0 else [f"the run ended with {ended.code} instead of a kill"]
            act = _recovery(scenario, _last_run(folder), recovery)
        after = scenario.server.run(watch, **scenario.task(folder, act, QUIET))
    found = look_at_target(scenario)
    found.readings, found.mixed, found.killed = watch.readings, watch.mixed, kills > 0
    found.stuck += [*stuck, *_ends(scenario, after)]
    _look_at_store(scenario, folder, found)
    return found


def _kill(scenario: Scenario, folder: Path, point: Point, act: Task, *, plain: bool) -> Ended:
    """One run that is killed; FMG keeps its answer to a commit back where the kill comes between the two."""
    if point.how == "seen":
        scenario.world.control("POST", "/faults", system="fmg", kind="latency", match=point.name, seconds=LATENCY)
    ended = scenario.server.run(scenario.watch, point, plain=plain, **scenario.task(folder, act))
    scenario.world.control("DELETE", "/faults")
    return ended


def _last_run(folder: Path) -> RunRow | None:
    engine = connect(f"sqlite:///{folder / 'store.db'}")
    runs = Store(engine).runs.latest(INTEGRATION, "summit", 1)
    engine.dispose()
    return runs[0] if runs else None


def _recovery(scenario: Scenario, row: RunRow | None, recovery: str) -> Task:
    undo = scenario.killed["act"] == "undo"
    if undo and scenario.is_new:
        recovery = "clear"  # another undo is refused (UNDO_UNSETTLED), or goes back one generation more
    if recovery == "next":
        return scenario.killed | {"name": ANOTHER, "ahead": 1000}
    began = row is not None and row.run_id in (scenario.killed["name"], ANOTHER)
    if recovery == "again" or row is None or not began or (undo and "undo" not in row.durations):
        return scenario.killed
    left = [step for step in STEPS if step not in row.durations and (step != "approve" or row.holds)] if not undo else []
    return {"act": "clear", "snapshot": row.key.snapshot, "step": left[0] if left else "load"}


def _ends(scenario: Scenario, after: Ended) -> Iterator[str]:
    if after.told is None:
        yield f"the re-run died with {after.code}"
        return
    again, quiet = after.told["acts"]
    if again["status"] not in ("success", "partial"):
        yield f"the re-run: {again}"
    if quiet["status"] not in scenario.quiet:
        yield f"the run after the re-run: {quiet}"
    if quiet["writes"]:
        yield f"the run after the re-run wrote: {quiet}"


def look_at_target(scenario: Scenario) -> Found:
    """Compare what FMG holds with what it must hold."""
    found = Found()
    world, expected = scenario.world, scenario.expected
    contacts, seen = world.contacts(), world.seen()
    found.lost += _differences("contact", expected.contacts, seen)
    found.lost += _differences("group", expected.groups, {group["source_id"]: group["name"] for group in world.groups()})
    found.lost += [f"opt-out {email} is gone" for email in expected.opt_outs - {one["email"] for one in world.opt_outs()}]
    ids = {one["source_id"]: one["contact_id"] for one in contacts}
    found.lost += [f"{key} was {value} and is {ids.get(key)}" for key, value in expected.ids.items() if ids.get(key) != value]
    found.twice += _repeated("source id", (one["source_id"] for one in contacts if one["source_id"]))
    found.twice += _repeated("e-mail", (one["email"].casefold() for one in contacts if one["email"]))
    found.twice += _repeated("group", (one["source_id"] for one in world.groups() if one["source_id"]))
    return found


def _differences(what: str, expected: dict[str, Any], seen: dict[str, Any]) -> Iterator[str]:
    for key in sorted(expected.keys() | seen.keys(), key=str):
        if expected.get(key) != seen.get(key):
            yield f"{what} {key}: expected {expected.get(key)}, FMG holds {seen.get(key)}"


def _repeated(what: str, values: Iterable[str]) -> list[str]:
    return [f"{what} {value} stands {number} times" for value, number in Counter(values).items() if number > 1]


def _look_at_store(scenario: Scenario, folder: Path, found: Found) -> None:
    engine = connect(f"sqlite:///{folder / 'store.db'}")
    store, account = Store(engine), (INTEGRATION, "summit")
    held = {"contact": {one["source_id"]: one["contact_id"] for one in scenario.world.contacts() if one["source_id"]}}
    held["group"] = {one["source_id"]: one["group_id"] for one in scenario.world.groups() if one["source_id"]}
    for entity, ids in held.items():
        rows = store.ledger.delivered(*account, entity)
        found.store += _differences(f"delivered {entity}", dict(zip(rows["source_id"], rows["target_id"], strict=True)), ids)
    rejected = {row.source_id: row.code for row in store.rejected.open(*account) if row.entity == "contact"}
    found.store += _differences("rejected", scenario.expected.rejected, rejected)
    runs = store.runs.latest(*account, 20)
    for row in runs:
        waiting = [batch.number for batch in store.ledger.batches(row.key) if batch.acknowledged_at is None]
        if row.delivered_at and waiting:
            found.store.append(f"{row.key} is delivered, its batches {waiting} are not acknowledged")
    if not runs[1].report_name:
        found.store.append(f"the re-run {runs[1].key} has no report")
    engine.dispose()
