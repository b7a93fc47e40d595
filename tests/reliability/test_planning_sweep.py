"""eMoney's two integrations, record by record: killed at every named point, every request spoilt once, and a source that lies.

What eMoney holds in the end is what it would have held without the trouble; nobody is created, nothing linked twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from crosswalk.sandbox.server import SandboxServer
from planning_firm import CLIENTS, FAMILIES, HOLDINGS, READY, Firm, furnished
from reliability.conftest import Scale, Tally
from reliability.killed import ForkServer
from reliability.record_sweep import DELIVERED, FAULTS, Scenario, kill, spoil
from remembered import without_reports

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(3600)]

MARRIED = FAMILIES["married"]
LINK = {"investment": {"Investment.7.1": [{"client": MARRIED, "assetType": "Brokerage", "ownership": "Joint"}]}}
LINK |= {"policy": {"Policy.7.1": [{"client": MARRIED, "assetType": "Term Life", "ownership": "Client"}]}}
ACTS: dict[str, dict[str, Any]] = {
    "export": {"integration": CLIENTS, "arguments": {"narrow": list(READY), "existing": "update"}},
    "linking": {"integration": HOLDINGS, "arguments": {"narrow": [MARRIED], "link": LINK}},
    "refresh": {"integration": HOLDINGS, "arguments": {}},
}
LIES = ("zero_records", "short_page", "wrong_total", "repeat_page", "truncated", "empty_body", "login_page", "drop_field")


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    with SandboxServer(contacts=0, groups=0, seed=3) as box, without_reports():
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
    about = {"firm": {"key": firm.key, "key_id": firm.key_id}}
    return Scenario.of(name, firm, {"act": "run", "name": "sweep", **ACTS[name]}, about, ("smartoffice", "emoney"))


@pytest.mark.requirement("SAFE-5", "SAFE-1", "CARD-8")
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", ACTS)
def test_a_request_that_goes_wrong_costs_nothing(scenarios: dict[str, Scenario], scale: Scale, tally: Tally, name: str, kind: str) -> None:
    """In the short form a request or two of each kind; in the full form all."""
    tried, wrong = spoil(scenarios[name], kind, full=scale(0, 1) == 1)
    tally("P2", f"eMoney {name}: one request goes wrong, then a re-run", tried, len(wrong))
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
    tried, wrong = kill(scenarios[name], server, scale(4, 0))
    tally("P1", f"kill points, eMoney {name}: lost or twice", tried, len(wrong))
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
            ended = scenario.told(firm, approve=False)
            firm.control("DELETE", "/faults")
            after = firm.holds_now()
            if (ended in DELIVERED and after != scenario.wanted) or (ended not in DELIVERED and after != scenario.before):
                wrong.append(f"seed {seed}, {scenario.name}, {lies}: ended {ended}")
    tally("P4", "eMoney: a source lies once or twice", number, len(wrong))
    assert not wrong, "\n".join(wrong)
