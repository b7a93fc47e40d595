"""Every request of a delivery goes wrong once, in every way: the run ends in the new list or the old one, and the next run makes it right.

In the short form the kinds share out the requests among them; a lost answer strikes every write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.engine.in_process import Account
from crosswalk.errors import CrosswalkError
from crosswalk.sandbox.server import SandboxServer
from reliability.acts import finish_undo
from reliability.conftest import Scale, Tally
from reliability.network_faults import (
    FAULTS,
    LASTING,
    RATE_LIMITS,
    TIME_OUT,
    Place,
    Scenario,
    edit_truthfully,
    scenario,
    spread,
)
from reliability.small_world import SmallWorld
from reliability.traffic import UNDER_WAY, Traffic
from reliability.truth import Restored, differences, holding
from remembered import without_reports

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(3600)]

DELIVERED = {RunStatus.SUCCESS, RunStatus.PARTIAL}
SCENARIOS = ["first delivery", "delta", "full resync", *(["undo"] if hasattr(Account, "undo") else [])]


def _agree(_: object) -> bool:
    return True


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[tuple[Traffic, SmallWorld]]:
    reports = nullcontext() if request.config.getoption("--full") else without_reports()
    with SandboxServer(contacts=60, groups=6, seed=3) as box, Traffic(box).listening() as heard, reports:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("sweep") / "world", page_size=20)
        own = [{"last_name": "Own", "email": f"own{number}@only-fmg.example"} for number in range(3)]
        known = next(one["PreferredEmail.Address"] for one in world.source_contacts() if "example" in one["PreferredEmail.Address"])
        own.append({"last_name": "Known", "email": known.strip()})
        world.control("POST", "/fmg/accounts", account=world.fmg, contacts=own, opt_outs=["own1@only-fmg.example", known.strip()])
        yield heard, world


@pytest.fixture(scope="module")
def scenarios(traffic: tuple[Traffic, SmallWorld]) -> dict[str, Scenario]:
    """The deliveries, each over the one before."""
    heard, world = traffic
    made = {"first delivery": scenario("first delivery", world, heard, lambda w: w.run(approve=_agree))}
    world.run(approve=_agree)
    edit_truthfully(world)
    world.control("POST", f"/fmg/accounts/{world.fmg}/opt-outs", email=world.contacts()[5]["email"])
    made["delta"] = scenario("delta", world, heard, SmallWorld.run)
    made["full resync"] = scenario("full resync", world, heard, lambda w: w.run(full_resync=True), act_again=SmallWorld.run)
    if "undo" in SCENARIOS:
        once = holding(world)
        world.run()
        made["undo"] = scenario("undo", world, heard, lambda w: finish_undo(w.account()), truth=Restored(once))
    return made


@pytest.mark.requirement("SAFE-5", "SAFE-1", "SAFE-7", "CARD-8")
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_request_that_goes_wrong_costs_nothing(
    scenarios: dict[str, Scenario], traffic: tuple[Traffic, SmallWorld], scale: Scale, tally: Tally, name: str, kind: str
) -> None:
    chosen = scenarios[name]
    struck = scale(spread(chosen, kind), list(chosen.places))
    cases = {f"{place.system} {place.at} {place.operation}": swept(chosen, place, kind, traffic[0]) for place in struck}
    wrong = {at: case.wrong for at, case in cases.items() if case.wrong}
    early = {at: case.early for at, case in cases.items() if case.early}
    if struck:
        tally("P2", f"{name}: one request goes wrong, then a re-run", len(struck), len(wrong))
    if struck and kind in RATE_LIMITS:
        tally("P18", f"{name}: one request is asked to wait", len(struck), len(early))
    assert not wrong, f"{name}, {kind}: {wrong}"
    assert not early, f"{name}, {kind}: {early}"


@dataclass(frozen=True)
class Case:
    """What was found wrong after one fault, and what came before the instant the system had allowed."""

    wrong: list[str]
    early: list[str]


def swept(chosen: Scenario, place: Place, kind: str, traffic: Traffic) -> Case:
    """One run with the fault, one without."""
    fails = [] if kind in LASTING or kind == "expired" else ["the run did not get past it"]
    with chosen.kept.again() as world:
        traffic.forget()
        world.control("POST", "/faults", system=place.system, at=place.at, **FAULTS[kind])
        hasty = world.with_(read_timeout=TIME_OUT) if kind == "time-out" else world
        wrong, early = _first(chosen, hasty, fails) + traffic.applied_twice(), traffic.too_early()
        if not all(fault["struck"] for fault in world.control("GET", "/faults")["faults"]):
            wrong.append("the fault never struck")
        world.control("DELETE", "/faults")
        traffic.forget()
        return Case(wrong + _second(chosen, world) + traffic.applied_twice(), early)


def _first(chosen: Scenario, world: SmallWorld, fails: Sequence[str] = ()) -> list[str]:
    """The run with the fault: whole, or ended by one of our errors with the list whole as it was or as it shall be.

    fails: what is wrong with ending at all.
    """
    try:
        status = chosen.act(world).status
    except CrosswalkError as error:
        after = holding(world)
        new = differences(after, chosen.before, chosen.truth)
        mixed = [] if after.same_list(chosen.before) else [f"after {error.code}: {one}" for one in new]
        return [*fails, *mixed]
    wrong = differences(holding(world), chosen.before, chosen.truth)
    return [*wrong, *([] if status in DELIVERED else [f"the run ended {status}"])]


def _second(chosen: Scenario, world: SmallWorld) -> list[str]:
    """The same once more, without the fault."""
    try:
        status = chosen.act_again(world).status
    except CrosswalkError as error:
        return [f"the re-run ended with {error.code}"]
    after = holding(world)
    wrong = [f"after the re-run: {one}" for one in differences(after, chosen.before, chosen.truth)]
    wrong += [] if status in DELIVERED else [f"the re-run ended {status}"]
    raised = after.generation - chosen.before.generation
    return wrong + ([] if raised == 1 else [f"the generation rose by {raised}"])


@pytest.mark.requirement("SAFE-5")
@pytest.mark.parametrize("header", ["429 with seconds", "429 with a date", "503 with seconds"])
def test_nobody_asks_before_the_instant_allowed(
    scenarios: dict[str, Scenario], traffic: tuple[Traffic, SmallWorld], tally: Tally, header: str
) -> None:
    """One of several parts sent side by side is asked to wait while the others are under way: what follows them waits as well."""
    chosen = scenarios["first delivery"]
    with chosen.kept.again() as world:
        traffic[0].forget()
        faults = [
            {"system": "fmg", "match": "put part", "at": 2, **FAULTS[header]},
            {"system": "fmg", "match": "put part", "every": 1, "kind": "latency", "seconds": 1.5 * UNDER_WAY},
        ]
        world.control("POST", "/faults", faults=faults)
        chosen.act(world.with_(max_batch=6))
        early = traffic[0].too_early()
    tally("P18", "parts sent side by side, one is asked to wait", 1, bool(early))
    assert not early, early


@pytest.mark.requirement("SAFE-1", "SAFE-5")
def test_a_session_that_ends_is_not_noticed(scenarios: dict[str, Scenario], tally: Tally) -> None:
    """At every request to SmartOffice: the run itself goes on, on a session of its own making."""
    chosen = scenarios["delta"]
    places = [place for place in chosen.places if place.system == "smartoffice"]
    noticed = {}
    for place in places:
        with chosen.kept.again() as world:
            world.control("POST", "/faults", system="smartoffice", at=place.at, kind="expired")
            noticed |= {f"{place.at} {place.operation}": wrong for wrong in [_first(chosen, world, fails=["the run failed"])] if wrong}
    tally("P19", "the session ends at one request", len(places), len(noticed))
    assert not noticed, noticed
