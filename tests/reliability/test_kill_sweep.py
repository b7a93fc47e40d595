"""A run is killed at every named point and at system calls all over its length: nothing is lost, nothing stands twice, nothing is mixed.

One point again: KILL_POINT="delta/named:batch sent:2:after/clear" pytest tests/reliability/test_kill_sweep.py -k one_point
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from crosswalk.sandbox.server import SandboxServer
from figures import FAULT_POINT
from reliability.conftest import Scale, Tally
from reliability.fault_points import NAMES, POINTS
from reliability.kill_judgement import RECOVERIES, look_at_target, try_points
from reliability.kill_scenarios import QUIET, SCENARIOS, SEED, Scenario, prepare, small_undo
from reliability.killed import ForkServer, Point
from world import TEXTS

pytestmark = [pytest.mark.reliability, pytest.mark.requirement("SAFE-5", "CARD-8"), pytest.mark.timeout(3600)]

CHUNKS = 8
SEEN = Point("seen", "commit import")
LATE = ("plan recorded", "import opened", "batch intended", "batch sent", "batch acknowledged", "commit", "read back", "delivery finished")
Try = tuple[tuple[Point, ...], str]
"""Points one after the other, each in the re-run of the one before, and how to recover."""
ONE = os.environ.get("KILL_POINT", "")
MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """In memory where there is such a place: what is killed here is a process, not a disk."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer() as started:
        yield started


@pytest.fixture(scope="module", params=[ONE.partition("/")[0]] if ONE else list(SCENARIOS))
def scenario(request: pytest.FixtureRequest, folder: Path, server: ForkServer) -> Iterator[Scenario]:
    with SandboxServer(contacts=60, groups=6, seed=SEED) as box:
        yield prepare(request.param, folder / request.param, box, server)


@pytest.fixture
def sweep(scenario: Scenario, tally: Tally, scale: Scale) -> Sweep:
    return Sweep(scenario, tally, plain=scale(0, 1) == 1)


class Sweep:
    """Tries points and reports the figures."""

    def __init__(self, scenario: Scenario, tally: Tally, *, plain: bool) -> None:
        self.scenario, self._tally, self._plain = scenario, tally, plain

    def __call__(self, what: str, tries: Sequence[Try]) -> int:
        """Kill at the points of every try and recover in the way that stands beside them; returns how often a run was killed."""
        wrong: list[str] = []
        broken: Counter[str] = Counter()
        waiting, kills = deque(tries), 0
        while waiting:
            points, recovery = waiting.popleft()
            found = try_points(self.scenario, points, recovery, plain=self._plain)
            kills += found.killed
            if not found.killed and points[0].how == "call" and points[0].number > 1:  # threads share their calls out otherwise each time
                waiting.append(((replace(points[0], number=points[0].number // 2),), recovery))
            elif not found.killed:
                wrong.append(f"{self._named(points, recovery)}: the run never came there")
            wrong += [f"{self._named(points, recovery)}: {text}" for text in found.all]
            broken["lost"] += bool(found.lost or found.stuck)
            broken["twice"] += bool(found.twice)
            broken["store"] += bool(found.store)
            broken["mixed"] += len(found.mixed)
            broken["readings"] += found.readings
        self._tally("P1", f"kill points, {what}: lost", kills, broken["lost"])
        self._tally("P2", f"kill points, {what}: twice", kills, broken["twice"])
        self._tally("P1", "kill points: the store differs from the target", kills, broken["store"])
        self._tally("P3", "readings while runs were killed: mixed", broken["readings"], broken["mixed"])
        assert not wrong, "\n".join(wrong[:40])
        return kills

    def _named(self, points: Sequence[Point], recovery: str) -> str:
        text = "/".join([self.scenario.name, "+".join(str(point) for point in points), recovery])
        return f'KILL_POINT="{text}"'


def spread(points: Sequence[Point], number: int, first: int) -> list[Try]:
    """So many of the points, evenly over all of them; the way to recover alternates. first: which of them if it is but one."""
    number = min(number, len(points))
    chosen = [points[first % len(points)]] if number == 1 else [points[(2 * i + 1) * len(points) // (2 * number)] for i in range(number)]
    return [((point,), RECOVERIES[(first + i) % len(RECOVERIES)]) for i, point in enumerate(chosen)]


@pytest.mark.parametrize("name", NAMES)
def test_kill_at_a_named_point(sweep: Sweep, scale: Scale, name: str, record_property: Callable[[str, object], None]) -> None:
    """Before and after each hit; in the short form at one of them."""
    scenario = sweep.scenario
    hits = scenario.hits[name]
    if scenario.name in POINTS[NAMES.index(name)].never_in:
        assert not hits, f"{name} is passed in {scenario.name} after all"
        return
    assert hits, f"{name} never fired in {scenario.name}"
    points = [Point("named", name, hit, side) for hit in range(1, hits + 1) for side in ("before", "after")]
    killed = sweep("named points", spread(points, scale(1, 12), NAMES.index(name) + list(SCENARIOS).index(scenario.name)))
    record_property(FAULT_POINT, [scenario.name, name, hits, killed])


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_kill_at_a_system_call(sweep: Sweep, scale: Scale, chunk: int) -> None:
    """At the nth write, sync, rename, link, request or answer of any thread."""
    calls = sorted(sweep.scenario.calls.items())
    points = [Point("call", name, number) for name, most in calls for number in range(1, most + 1)]
    assert len(points) > 200, f"a run makes few calls: {calls}"
    chosen = spread(points, scale(CHUNKS, 38 * CHUNKS), 0)
    sweep("system calls", chosen[chunk::CHUNKS])


@pytest.mark.parametrize("recovery", RECOVERIES)
def test_kill_between_commit_and_answer(sweep: Sweep, recovery: str) -> None:
    """FMG shows the new list, and the run that made it will never hear of it."""
    sweep("between commit and answer", [((SEEN,), recovery)])


def test_kill_the_re_run_too(sweep: Sweep, scale: Scale) -> None:
    """What a re-run does is as safe to repeat as what the first run did."""
    hits = [(name, hit) for name in NAMES for hit in range(1, sweep.scenario.hits[name] + 1)]
    late = [Point("named", name, hit, "after") for name, hit in hits if name in LATE]
    firsts, seconds = [SEEN, *late], spread(late, scale(1, 36), 0)
    pairs = [((firsts[(i * 7) % len(firsts)], second), recovery) for i, ((second,), recovery) in enumerate(seconds)]
    sweep("the re-run killed too", pairs)


def test_the_reader_and_the_judge_notice(scenario: Scenario) -> None:
    """Nothing is wrong after a run nobody kills; a contact less and one that stands twice the sweep would not pass over."""
    world, watch = scenario.world, scenario.watch
    task = scenario.task(scenario.fresh("noticed"), scenario.killed)
    watch.begin()
    with watch.watching():
        scenario.server.run(watch, **task)
    assert not look_at_target(scenario).all and not watch.mixed
    first, second = [one for one in world.contacts() if one["source_id"] and one["email"]][:2]
    with watch.watching():
        world.control("DELETE", f"/fmg/accounts/{world.fmg}/contacts/{first['contact_id']}")
        world.control("POST", f"/fmg/accounts/{world.fmg}/contacts", **{name: second[name] for name in (*TEXTS, "source_id")})
    found = look_at_target(scenario)
    assert watch.mixed, "the reader took a list nobody delivered for one that was"
    assert any(first["source_id"] in text for text in found.lost)
    assert any("stands 2 times" in text for text in found.twice)


def test_an_undo_killed_after_its_commit_is_not_taken_back_by_the_next_night(folder: Path, server: ForkServer) -> None:
    with SandboxServer(contacts=60, groups=6, seed=SEED) as box:
        scenario = Scenario("small undo", folder / "small_undo", box, server)
        small_undo(scenario)
        scenario.remember()
        copy = scenario.fresh("tried")
        killed = scenario.server.run(
            scenario.watch, Point("named", "delivery finished", 1, "before"), **scenario.task(copy, scenario.killed)
        )
        assert killed.killed and scenario.is_new
        night = scenario.server.run(scenario.watch, **scenario.task(copy, QUIET))
        assert night.told and night.told["acts"][0]["status"] == "held", f"the next night was not held: {night.told}"
        assert night.told["acts"][0]["writes"] == 0


if ONE:

    def test_one_point(sweep: Sweep) -> None:
        _, points, recovery = ONE.split("/")
        sweep("one point", [(tuple(Point.parse(point) for point in points.split("+")), recovery)])
