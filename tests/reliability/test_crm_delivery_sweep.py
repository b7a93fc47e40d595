"""CRM → Mindmatrix, record by record: every request spoilt once, and killed at every named point.

What Mindmatrix holds in the end is what it would have held without the trouble: nobody twice, nobody lost, nobody touched who stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crm_world import ORGANIZATION, CrmWorld, crm_world, sandbox
from integrations.crm_to_mindmatrix.crms import CUSTOMER, DEAD
from reliability.conftest import Scale, Tally
from reliability.killed import ForkServer
from reliability.record_sweep import FAULTS, Scenario, kill, spoil
from remembered import without_reports

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(3600)]

RUN, UNDO = {"act": "run", "name": "sweep"}, {"act": "finish undo", "name": "sweep"}
NAMES = [("autotask", "first"), ("autotask", "delta"), ("connectwise", "delta"), ("connectwise", "undo")]
SETTINGS: dict[str, Any] = {"options": {"delete_inactive": True}, "page_size": 12, "max_batch": 10}
ALL = range(1, 35)


def people(world: CrmWorld, *numbers: int, active: bool = True, company: int = 11, **more: str) -> None:
    mailed = [world.crm.contact(one, active=active, company=company, email=f"a{one}@example.test", **more) for one in numbers]
    world.put("contacts", *mailed)


def first_night(world: CrmWorld) -> None:
    """Mindmatrix holds one whom the first run takes over, and one who is its own."""
    for number, kind in ((11, CUSTOMER), (12, DEAD)):
        world.put("companies", world.crm.company(number, active=True, kind=kind))
    people(world, *ALL)
    people(world, 40, 41, active=False)
    by_hand = [{"email": f"a{one}@EXAMPLE.test", "first_name": "By hand", "opt_in": "opted_out"} for one in (1, 99)]
    world.control("POST", f"{ORGANIZATION}/contacts", contacts=by_hand)


def second_night(world: CrmWorld) -> None:
    """Some came, changed, became inactive (deleted) or of a type that is not chosen (left as they are); one was edited in Mindmatrix."""
    people(world, *range(50, 62))
    people(world, *range(2, 9), title="CIO")
    people(world, *range(9, 14), active=False)
    people(world, 14, 15, company=12, title="Frozen")
    world.control("PATCH", f"{ORGANIZATION}/contacts/20", title="Drift")


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], Scenario]]:
    """First delivery, the night after, and its undo, each over the one before; with Autotask and with ConnectWise."""
    made = {}
    with sandbox() as box, without_reports():
        for system in ("autotask", "connectwise"):
            world = crm_world(box.url, tmp_path_factory.mktemp(system) / "world", system, **SETTINGS)
            world.clean()
            acts = {"first": (first_night, RUN), "delta": (second_night, RUN), "undo": (lambda _: None, UNDO)}
            for name, (happens, act) in acts.items():
                happens(world)
                about = {"crm": {"system": system, **SETTINGS}}
                made[system, name] = Scenario.of(f"{system} {name}", world, act, about, (system, "mindmatrix"))
        yield made


@pytest.mark.requirement("SAFE-5", "SAFE-1", "CARD-8")
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", NAMES, ids=" ".join)
def test_a_request_that_goes_wrong_costs_nothing(
    scenarios: dict[tuple[str, str], Scenario], scale: Scale, tally: Tally, name: tuple[str, str], kind: str
) -> None:
    """In the short form a request or two of each kind; in the full form all."""
    tried, wrong = spoil(scenarios[name], kind, full=scale(0, 1) == 1)
    tally("P2", f"CRM → Mindmatrix, {name[1]}: one request goes wrong, then a re-run", tried, len(wrong))
    assert not wrong, wrong


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer() as started:
        yield started


@pytest.mark.requirement("SAFE-5", "CARD-8")
@pytest.mark.parametrize("name", NAMES, ids=" ".join)
def test_killed_anywhere_and_run_again_nobody_is_lost_or_twice(
    scenarios: dict[tuple[str, str], Scenario], server: ForkServer, scale: Scale, tally: Tally, name: tuple[str, str]
) -> None:
    """In the short form four of the hits of all points, in the full form all of them; the re-run is a new one, of an undo the same."""
    tried, wrong = kill(scenarios[name], server, scale(4, 0))
    tally("P1", f"kill points, CRM → Mindmatrix {name[1]}: lost or twice", tried, len(wrong))
    assert not wrong, "\n".join(wrong)


def test_the_second_night_and_its_undo_change_what_they_should(scenarios: dict[tuple[str, str], Scenario]) -> None:
    """The sweep above compares with these: they are not empty, and not alike."""
    for system in ("autotask", "connectwise"):
        first, delta, undo = (_by_id(scenarios[system, name].wanted) for name in ("first", "delta", "undo"))
        assert len(first) == len(ALL) + 1
        assert (len(delta), len(undo)) == (len(first) + 12 - 5, len(first))
        assert {delta[str(one)]["title"] for one in range(2, 9)} == {"CIO"}
        assert {delta[one]["title"] for one in ("14", "15")} == {""}, "who leaves the chosen types stays as is"
        assert {one["first_name"] for one in (first["None"], delta["None"])} == {"By hand"}
        assert {one["title"] for key, one in undo.items() if key != "20"} == {""}


def _by_id(holds: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {str(one["source_id"]): one for one in holds["contacts"]}
