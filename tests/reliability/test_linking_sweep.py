"""CRM → Flex, where people decide: killed at every named point, every request spoilt once, a CRM that lies; then a run again.

What Flex holds in the end, and what stands of the decisions, is what it would be without the trouble; nothing is imported twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.decisions import Kind
from crosswalk.sandbox.server import SandboxServer
from flex_world import ACCOUNT, NAME, PORTAL, FlexWorld
from reliability.conftest import Scale, Tally
from reliability.killed import ForkServer
from reliability.record_sweep import DELIVERED, FAULTS, Scenario, kill, spoil
from remembered import without_reports

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(3600)]

LIES = ("zero_records", "short_page", "repeat_page", "truncated", "empty_body", "login_page")
SMALL = {"companies": 8, "contacts": 24, "seed": 4}
OPTIONS = {"link_automatically": True}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    with SandboxServer(contacts=0, groups=0, seed=4) as box, without_reports():
        world = FlexWorld(box.url, tmp_path_factory.mktemp("linking") / "world")
        world.control("POST", "/hubspot/portals", portal="24100001", token="sandbox-hubspot-token", deals=10, **SMALL)
        world.control("POST", "/flex/sites", site="demo", api_key="sandbox-flex-key", **SMALL)
        _furnish(world)
        world = world.with_(options=OPTIONS)
        yield Scenario.of("linking", world, {"act": "run", "name": "untroubled", "approve": False}, {"flex": OPTIONS}, ("hubspot", "flex"))


def _furnish(world: FlexWorld) -> None:
    """Some is linked and imported; then much is decided, one thing of each kind is undone, and the CRM changes."""
    world.run("found")
    for entity in ("company", "contact"):
        found = world.statuses(entity)
        alike = [(str(one), str(row["first"])) for one, row in found.iterrows() if row["status"] == "Match Found" and not row["automatic"]]
        new = [str(one) for one in found[found["status"] == "New"].index]
        for first, one in {first: one for one, first in reversed(alike)}.items():
            world.decide(entity, Kind.LINK, one, first)
        for one in new:
            world.decide(entity, Kind.IMPORT, one)
    world.run("some")
    for entity in ("company", "contact"):
        for kind in (Kind.LINK, Kind.IMPORT):
            number = next(one.number for one in DecisionLog(world.store.engine).history(NAME, ACCOUNT, entity) if one.kind is kind)
            DecisionLog(world.store.engine).undo(NAME, ACCOUNT, number, "bo")
    comers = [{"firstname": "New", "lastname": f"Comer {one}", "email": f"n{one}@new.example"} for one in range(4)]
    made = [world.control("POST", f"{PORTAL}/contacts", **one)["id"] for one in comers]
    world.run("seen", dry_run=True)
    for one in made:
        world.decide("contact", Kind.IMPORT, one)
    for linked in [one["sourceId"] for one in world.links() if one["kind"] == "contact"][:3]:
        world.control("PATCH", f"{PORTAL}/contacts/{linked}", city="Moved", country="Elsewhere")


@pytest.mark.requirement("SAFE-5", "SAFE-1", "CARD-8", "FLEX-05")
@pytest.mark.parametrize("kind", FAULTS)
def test_a_request_that_goes_wrong_costs_nothing(scenario: Scenario, scale: Scale, tally: Tally, kind: str) -> None:
    """In the short form a request or two of each kind; in the full form all."""
    tried, wrong = spoil(scenario, kind, full=scale(0, 1) == 1)
    tally("P2", "CRM → Flex: one request goes wrong, then a re-run", tried, len(wrong))
    assert not wrong, wrong


@pytest.mark.requirement("SAFE-5", "CARD-8", "FLEX-05")
def test_killed_anywhere_and_run_again_nothing_is_lost_or_imported_twice(scenario: Scenario, scale: Scale, tally: Tally) -> None:
    """In the short form eight of the hits of all points, in the full form all of them; the re-run is a new one."""
    with ForkServer() as server:
        tried, wrong = kill(scenario, server, scale(8, 0))
    tally("P1", "kill points, CRM → Flex: lost or twice", tried, len(wrong))
    assert not wrong, "\n".join(wrong)


@pytest.mark.requirement("SAFE-1", "SAFE-2")
def test_a_crm_that_lies_changes_nothing_that_is_true(scenario: Scenario, scale: Scale, tally: Tally) -> None:
    """One or two lies: a run that calls itself delivered has delivered the truth, any other wrote nothing."""
    wrong, number = [], scale(12, 1_000)
    for seed in range(number):
        random = Random(f"{seed} linking")
        lies = [(random.choice(LIES), random.choice([1, 1, 2, 3]), random.choice([1, 2, None])) for _ in range(random.choice([1, 2]))]
        with scenario.again() as world:
            for lie, at, times in lies:
                world.control("POST", "/faults", system="hubspot", kind=lie, match="list", at=at, times=times)
            ended = scenario.told(world)
            world.control("DELETE", "/faults")
            if world.holds_now() != (scenario.wanted if ended in DELIVERED else scenario.before):
                wrong.append(f"seed {seed}, {lies}: ended {ended}")
    tally("P4", "CRM → Flex: a CRM lies once or twice", number, len(wrong))
    assert not wrong, "\n".join(wrong)
