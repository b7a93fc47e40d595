"""eMoney's two integrations, record by record: killed at every named point, every request spoilt once, and a source that lies.

What eMoney holds in the end is what it would have held without the trouble; nobody is created, nothing linked twice.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.errors import CrosswalkError
from crosswalk.sandbox.server import SandboxServer
from planning_firm import CLIENTS, FAMILIES, HOLDINGS, READY, Firm, furnished
from reliability.conftest import Scale, Tally
from reliability.fault_points import NAMES, RECORD_POINTS
from reliability.killed import ForkServer, Point, Watch
from reliability.remembered import remember_validations, without_reports
from reliability.small_world import _copy

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(3600)]

MARRIED = FAMILIES["married"]
DELIVERED = {RunStatus.SUCCESS, RunStatus.PARTIAL}
LINK = {"investment": {"Investment.7.1": [{"client": MARRIED, "assetType": "Brokerage", "ownership": "Joint"}]}}
LINK |= {"policy": {"Policy.7.1": [{"client": MARRIED, "assetType": "Term Life", "ownership": "Client"}]}}
ACTS: dict[str, dict[str, Any]] = {
    "export": {"integration": CLIENTS, "arguments": {"narrow": list(READY), "existing": "update"}},
    "linking": {"integration": HOLDINGS, "arguments": {"narrow": [MARRIED], "link": LINK}},
    "refresh": {"integration": HOLDINGS, "arguments": {}},
}
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
LIES = ("zero_records", "short_page", "wrong_total", "repeat_page", "truncated", "empty_body", "login_page", "drop_field")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Scenario:
    """A firm before one act; wanted: what eMoney holds after it; places: requests of each system in a run without trouble."""

    name: str
    firm: Firm
    folder: Path
    checkpoint: int
    before: dict[str, Any]
    wanted: dict[str, Any]
    places: tuple[tuple[str, int, str], ...]

    @contextmanager
    def again(self) -> Iterator[Firm]:
        """The firm as it stood."""
        folder = self.folder.parent / f"case_{next(_numbers)}"
        _copy(self.folder, folder)
        self.firm.control("POST", f"/checkpoints/{self.checkpoint}/restore")
        firm = replace(self.firm, folder=folder)
        try:
            yield firm
        finally:
            firm.store.engine.dispose()
            shutil.rmtree(folder)

    def act(self, firm: Firm) -> RunStatus:
        act = ACTS[self.name]
        return firm.account(act["integration"]).run("sweep", approve=lambda _run: True, **act["arguments"]).status


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    with SandboxServer(contacts=0, groups=0, seed=3) as box, remember_validations(), without_reports():
        yield furnished(box.url, tmp_path_factory.mktemp("planning") / "firm")


@pytest.fixture(scope="module")
def scenarios(firm: Firm) -> dict[str, Scenario]:
    """Each act over what the one before left, with changes in the office between."""
    made = {"export": _scenario("export", firm)}
    firm.contact(FAMILIES["widower"], Company="Changed Inc")
    made["linking"] = _scenario("linking", firm)
    firm.control("PATCH", f"/smartoffice/offices/{firm.office}/investments/Investment.7.1", AccountValue="99.5")
    firm.control("DELETE", f"/smartoffice/offices/{firm.office}/policies/Policy.7.1")
    firm.control("POST", f"/smartoffice/offices/{firm.office}/investments", AccountName="Fresh", Contacts=[MARRIED])
    made["refresh"] = _scenario("refresh", firm)
    return made


def _scenario(name: str, firm: Firm) -> Scenario:
    folder = firm.folder.parent / f"before_{name}"
    _copy(firm.folder, folder)
    checkpoint = firm.control("POST", "/checkpoints")["checkpoint"]
    before = firm.holds_now()
    firm.forget()
    act = ACTS[name]
    row = firm.account(act["integration"]).run("first", approve=lambda _run: True, **act["arguments"])
    assert row.status in DELIVERED
    log = firm.control("GET", "/requests")["requests"]
    places = [
        (system, number, one["operation"])
        for system in ("smartoffice", "emoney")
        for number, one in enumerate([one for one in log if one["system"] == system], 1)
    ]
    return Scenario(name, firm, folder, checkpoint, before, firm.holds_now(), tuple(places))


@pytest.mark.requirement("SAFE-5", "SAFE-1", "CARD-8")
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", ACTS)
def test_a_request_that_goes_wrong_costs_nothing(scenarios: dict[str, Scenario], scale: Scale, tally: Tally, name: str, kind: str) -> None:
    """In the short form one request a kind, another one for each kind; in the full form all."""
    scenario, wrong = scenarios[name], {}
    number, first = scale(1, len(scenario.places)), list(FAULTS).index(kind)
    spread = len(scenario.places) // len(FAULTS) if number == 1 else 1
    places = [scenario.places[(first * spread + place) % len(scenario.places)] for place in range(number)]
    for system, at, operation in places:
        with scenario.again() as firm:
            firm.control("POST", "/faults", system=system, at=at, **FAULTS[kind])
            try:
                ended = scenario.act(firm).value
            except CrosswalkError as error:
                ended = error.code
            firm.control("DELETE", "/faults")
            after = firm.holds_now()
            if ended in DELIVERED and after != scenario.wanted:
                wrong[f"{system} {at} {operation}"] = f"ended {ended} and holds something else"
            elif scenario.act(firm) not in DELIVERED or firm.holds_now() != scenario.wanted:
                wrong[f"{system} {at} {operation}"] = f"ended {ended}, and the re-run did not put it right"
    tally("P2", f"eMoney {name}: one request goes wrong, then a re-run", len(places), len(wrong))
    assert not wrong, wrong


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer() as started:
        yield started


@pytest.mark.requirement("SAFE-5", "CARD-8")
@pytest.mark.parametrize("name", ACTS)
def test_killed_anywhere_and_run_again_nothing_is_lost_or_twice(
    scenarios: dict[str, Scenario], server: ForkServer, scale: Scale, tally: Tally, name: str
) -> None:
    """In the short form four of the hits of all points, in the full form all of them; the re-run is a new one."""
    scenario, nobody, wrong = scenarios[name], Watch("", ""), []
    about = {"key": scenario.firm.key, "key_id": scenario.firm.key_id}
    act = {"act": "run", "name": "killed", **ACTS[name]}
    with scenario.again() as firm:
        task = {"url": firm.url, "folder": str(firm.folder), "firm": about}
        hits = server.warm(**task, acts=[act])["hits"]
    known = [one for one in (*NAMES, *(point.name for point in RECORD_POINTS)) if hits.get(one)]
    points = [Point("named", one, hit, side) for one in known for hit in range(1, hits[one] + 1) for side in ("before", "after")]
    number = scale(4, len(points))
    chosen = [points[(2 * place + 1) * len(points) // (2 * number)] for place in range(number)]
    for point in chosen:
        with scenario.again() as firm:
            task = {"url": firm.url, "folder": str(firm.folder), "firm": about}
            killed = server.run(nobody, point, **task, acts=[act])
            again = server.run(nobody, **task, acts=[{**act, "name": "again", "ahead": 1000}])
            told = (again.told or {"acts": [{}]})["acts"][0]
            if not killed.killed or told.get("status") not in DELIVERED or firm.holds_now() != scenario.wanted:
                wrong.append(f"{point}: {killed.code} {told}")
    tally("P1", f"kill points, eMoney {name}: lost or twice", len(chosen), len(wrong))
    assert not wrong, "\n".join(wrong)


@pytest.mark.requirement("SAFE-1", "SAFE-2")
def test_a_source_that_lies_changes_nothing_that_is_true(scenarios: dict[str, Scenario], scale: Scale, tally: Tally) -> None:
    """One or two lies a refresh or an export: a run that calls itself delivered has delivered the truth, any other wrote nothing."""
    wrong, number = [], scale(16, 2_000)
    for seed in range(number):
        random = Random(f"{seed} planning")
        scenario = scenarios[random.choice(["export", "refresh"])]
        asked = ["search Contact"] if scenario.name == "export" else ["search Investment", "search Policy"]
        lies = [(random.choice(LIES), random.choice(asked), random.choice([1, 1, 2, 3]), random.choice([1, 2, None])) for _ in range(2)]
        with scenario.again() as firm:
            for kind, match, at, times in lies[: random.choice([1, 2])]:
                options = {"field": "LastName" if match == "search Contact" else "AccountName"} if kind == "drop_field" else {}
                firm.control("POST", "/faults", system="smartoffice", kind=kind, match=match, at=at, times=times, **options)
            ended = _told(scenario, firm)
            firm.control("DELETE", "/faults")
            after = firm.holds_now()
            if (ended in DELIVERED and after != scenario.wanted) or (ended not in DELIVERED and after != scenario.before):
                wrong.append(f"seed {seed}, {scenario.name}, {lies}: ended {ended}")
    tally("P4", "eMoney: a source lies once or twice", number, len(wrong))
    assert not wrong, "\n".join(wrong)


def _told(scenario: Scenario, firm: Firm) -> str:
    """How a run ends that nobody approves."""
    act = ACTS[scenario.name]
    try:
        return firm.account(act["integration"]).run("lied to", **act["arguments"]).status.value
    except CrosswalkError as error:
        return error.code
