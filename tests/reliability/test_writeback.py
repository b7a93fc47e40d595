"""One note an activity (P2), whatever goes wrong with a request, whoever is killed, stopped or at it twice.

SmartOffice keeps no idempotency key: nothing on its side stops a second note. In the short form the kinds and points share out the calls.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from crosswalk.errors import CrosswalkError
from crosswalk.features.writeback import write as writing
from crosswalk.features.writeback.outbox import Outbox
from crosswalk.features.writeback.run_writeback import write_back
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.database import connect
from crosswalk.store.store import Store
from crosswalk.wire import throttle
from reliability.conftest import Scale, Tally
from reliability.network_faults import FAULTS, TIME_OUT
from reliability.order_races import at_once
from reliability.small_world import Kept, SmallWorld
from reliability.traffic import Traffic
from reliability.writeback_points import Child, counted
from world import INTEGRATION

pytestmark = [pytest.mark.reliability, pytest.mark.requirement("FMG-05", "SAFE-5"), pytest.mark.timeout(3600)]

EVENTS, MANY = 3, 1000
LEAVE_SECONDS = 0.3
AHEAD = 3600.0


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallWorld, Traffic]]:
    with SandboxServer(contacts=24, groups=4, seed=3) as box, Traffic(box).listening() as heard:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("writeback") / "world")
        world.run("first")
        yield world, heard


@pytest.fixture(scope="module")
def start(delivered: tuple[SmallWorld, Traffic]) -> Kept:
    """A world in which some people just did something."""
    world, _ = delivered
    happen(world, EVENTS)
    return Kept.now(world)


def happen(world: SmallWorld, number: int) -> None:
    people = [one["contact_id"] for one in world.contacts()]
    kinds = ("form_completed", "email_sent", "opted_out")
    acts = [{"type": kinds[i % 3], "contact": people[i % len(people)], "title": f"Title {i}"} for i in range(number)]
    world.act(*acts)


def wrong(world: SmallWorld, *, whole: bool = True) -> list[str]:
    """What is wrong with the notes: one an activity, on its contact; fewer only when not all of them need be there yet."""
    path = f"/fmg/accounts/{world.fmg}/activities?limit=100000"
    told = {f"Title {i}": one["source_id"] for i, one in enumerate(world.control("GET", path)["activities"])}
    notes = world.notes()
    found = [f"{len(notes) - len({note['Keyword'] for note in notes})} note(s) stand twice"] if _twice(notes) else []
    shown = {note["Text"].split(": ")[1].split(" (")[0]: note["Contact"] for note in notes}
    found += [f"the note of {title} is on {contact}" for title, contact in shown.items() if told[title] != contact]
    missing = told.keys() - shown.keys()
    return found + ([f"{len(missing)} note(s) are missing"] if whole and missing else [])


def _twice(notes: list[dict[str, Any]]) -> bool:
    return len({note["Keyword"] for note in notes}) != len(notes)


def again(world: SmallWorld, holder: str = "next run") -> list[str]:
    """A later run, when whatever was on its way has arrived: everything is as it has to be, and a run after it finds nothing to do."""
    world.later(AHEAD)
    write_back(world.work(holder))
    found = wrong(world)
    quiet = write_back(world.work(holder))
    return found + ([f"there was more to do: {quiet}"] if any(quiet.values()) else [])


@pytest.mark.parametrize("kind", FAULTS)
def test_a_request_that_goes_wrong(start: Kept, delivered: tuple[SmallWorld, Traffic], scale: Scale, tally: Tally, kind: str) -> None:
    with start.again() as world:
        delivered[1].forget()
        write_back(world.work())
        assert not wrong(world)
        systems = [one.system for one in delivered[1].asked]
    places = [(system, number) for system in ("fmg", "smartoffice") for number in range(1, systems.count(system) + 1)]
    struck = scale(places[list(FAULTS).index(kind) % 2 :: 2] if kind != "lost answer" else places, places)
    broken = {}
    for system, at in struck:
        with start.again() as world:
            world.control("POST", "/faults", system=system, at=at, **FAULTS[kind])
            hasty = world.with_(read_timeout=TIME_OUT) if kind == "time-out" else world
            with suppress(CrosswalkError):
                write_back(hasty.work())
            found = wrong(world, whole=False)
            assert all(fault["struck"] for fault in world.control("GET", "/faults")["faults"]), f"{kind} never struck {system} {at}"
            world.control("DELETE", "/faults")
            found += again(world)
            broken |= {f"{system} {at}": found} if found else {}
    tally("P2", "write-back: one request goes wrong, then another run", len(struck), len(broken))
    assert not broken, broken


def points_of(start: Kept) -> list[str]:
    """What a write-back passes by when nothing happens to it."""
    passed: list[str] = []
    with start.again() as world, counted(lambda _number, what: passed.append(what)):
        write_back(world.work())
    assert {what.split()[1] for what in passed} == {"request", "commit", "file"}
    return passed


def forked(world: SmallWorld, number: int, sent: signal.Signals, holder: str = "run") -> Child:
    """A write-back in a process of its own, that meets a signal at a point. It keeps no connection of ours."""
    throttle.forget_throttles()
    world.store.engine.dispose()
    database = world.store.engine.url

    def work() -> None:
        writing.LEAVE_SECONDS = LEAVE_SECONDS  # type: ignore[assignment]
        world.store = Store(connect(database))
        write_back(world.work(holder))

    return Child(work, number, sent)


@pytest.mark.parametrize("third", range(3))
def test_a_run_is_killed_at_every_call(start: Kept, scale: Scale, tally: Tally, third: int) -> None:
    numbers = list(range(1, len(points_of(start)) + 1))[third::3]
    broken: dict[str, list[str]] = {}
    for number in numbers[:: scale(2, 1)]:
        with start.again() as world:
            with forked(world, number, signal.SIGKILL) as run:
                assert run.end() == -signal.SIGKILL
            found = wrong(world, whole=False)
            same_run = number % 2 == 0
            if same_run:
                write_back(world.work("run"))
                found += wrong(world, whole=False)
            found += again(world)
            broken |= {f"point {number}": found} if found else {}
    tally("P1 P2", "write-back: killed at a call, then run again", len(numbers[:: scale(2, 1)]), len(broken))
    assert not broken, broken


@pytest.mark.parametrize("third", range(3))
@pytest.mark.requirement("SAFE-4")
def test_a_zombie_wakes_after_its_lease(start: Kept, scale: Scale, tally: Tally, third: int) -> None:
    """Stopped at a call for longer than a note may be on its way, while another run does the work; then it goes on."""
    outside = [number for number, what in enumerate(points_of(start), 1) if what != "before commit"]  # in SQLite it would stop all others
    chosen = outside[third::3][:: scale(3, 1)]
    broken: dict[str, list[str]] = {}
    for number in chosen:
        with start.again() as world:
            with forked(world, number, signal.SIGSTOP) as zombie:
                assert zombie.stopped(), "it never came to the point"
                leaves_by = time.time() + LEAVE_SECONDS
                found = again(world, "another run")
                while time.time() < leaves_by:
                    time.sleep(0.01)
                ended = zombie.wake()
            found += [f"the zombie ended with {ended}"] if ended not in (0, 3) else []
            found += wrong(world)
            broken |= {f"point {number}": found} if found else {}
    tally("P16", "write-back: stopped past its lease at a call, then woken", len(chosen), len(broken))
    assert not broken, broken


def test_a_note_that_is_slow_to_arrive_is_waited_for(start: Kept, tally: Tally) -> None:
    """The first worker is killed while its INSERT is under way in SmartOffice; the next one looks for the note and does not send it."""
    with start.again() as world:
        world.control("POST", "/faults", system="smartoffice", match="insert", kind="late", seconds=1.5)
        with forked(world, 0, signal.SIGKILL) as sender:
            while world.control("GET", "/faults")["faults"]:
                time.sleep(0.01)
        assert sender.end() == -signal.SIGKILL
        assert world.notes() == []
        counts = write_back(world.work("run"))
        assert (counts["on_its_way"], counts["written"]) == (1, EVENTS - 1)
        until = time.monotonic() + 10
        while len(world.notes()) < EVENTS and time.monotonic() < until:
            time.sleep(0.05)
        found = wrong(world) + again(world)
    tally("P2", "write-back: a note that arrives after its sender was killed", 1, len(found))
    assert not found, found


@pytest.mark.requirement("SAFE-4")
@pytest.mark.parametrize("holders", [["scheduled", "manual"], ["same run", "same run"]], ids=["two runs", "two attempts"])
def test_two_workers_at_once(start: Kept, tally: Tally, scale: Scale, holders: list[str]) -> None:
    """Two runs: one of them is told who is at it. Two attempts of one: the later one takes over."""
    rounds = scale(2, 20)
    broken: list[str] = []
    for _ in range(rounds):
        with start.again() as world:
            happen(world, 12)
            found = _race(world, holders)
            broken += found
    tally(
        "P14",
        f"write-back: two workers at the same instant, {'two runs' if len(set(holders)) > 1 else 'two attempts'}",
        rounds,
        len(broken),
    )
    assert not broken, broken


def _race(world: SmallWorld, holders: list[str]) -> list[str]:
    throttle.forget_throttles()
    world.store.engine.dispose()
    database = world.store.engine.url

    def work(name: str, wait: Any) -> str:
        world.store = Store(connect(database))
        mine = world.work(holders[int(name)])
        wait()
        try:
            write_back(mine)
        except CrosswalkError as error:
            return error.code
        return ""

    told = at_once(["0", "1"], work)
    found = [] if set(told) <= {"", "ACCOUNT_BUSY", "LEASE_LOST"} else [f"they ended with {told}"]
    titled = [note for note in world.notes() if note["Keyword"]]
    found += ["a note stands twice"] if _twice(titled) else []
    world.later(AHEAD)
    write_back(world.work("next run"))
    notes = world.notes()
    return found + ([] if len(notes) == EVENTS + 12 and not _twice(notes) else [f"{len(notes)} notes in the end"])


def test_a_thousand_activities_over_a_bad_line(delivered: tuple[SmallWorld, Traffic], start: Kept, tally: Tally) -> None:
    """Answers lost before and after, asked to wait, 5xx, cut bodies, all over the place; every run goes on where the one before stopped."""
    with start.again() as world:
        path = f"/fmg/accounts/{world.fmg}/activities"
        before = world.control("GET", path)["total"]
        people = [one["contact_id"] for one in world.contacts()]
        world.act(
            *({"type": "email_sent", "contact": people[i % len(people)], "title": f"Title {before + i}"} for i in range(MANY - before))
        )
        bad = [
            {"kind": "lost_answer", "every": 37},
            {"kind": "reset", "every": 151},
            {"kind": "status", "status": 502, "carry_out": True, "every": 89},
            {"kind": "rate_limited", "retry_after": None, "every": 61},
            {"kind": "cut", "every": 113},
            {"kind": "error", "code": "BUSY", "every": 97},
        ]
        world.control("POST", "/faults", faults=[{"system": "smartoffice", "match": "insert", **one} for one in bad])
        runs = 0
        while runs < 10 and (runs == 0 or Outbox(world.store.engine, world.store.clock).unwritten(INTEGRATION, "summit")):
            runs += 1
            world.later(runs * AHEAD)
            with suppress(CrosswalkError):
                write_back(world.work(f"run {runs}"))
            assert not _twice(world.notes())
        found = wrong(world)
        assert len(world.notes()) == MANY
    tally("P2", f"write-back: activities over a bad line, {runs} runs", MANY, len(found))
    assert not found, found
