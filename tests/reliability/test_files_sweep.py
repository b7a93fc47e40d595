"""Carrier files → FMO, record by record: requests spoilt, the run killed at named points; then the next hour, as if nothing had been.

What the business holds in the end is what it would have held without the trouble, and no file is taken twice or lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from files_world import FilesWorld, files_box, fresh
from reliability.conftest import Scale, Tally
from reliability.killed import ForkServer
from reliability.record_sweep import FAULTS, Scenario, kill, spoil
from remembered import without_reports
from systems.carriers.conftest import book, book_row
from systems.carriers.test_carriers_reading import SPOUSE, SUBSCRIBER, edi

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(3600)]

RUN = {"act": "run", "name": "sweep"}


def first_hour(world: FilesWorld) -> None:
    rows = [book_row(number, writingAgentNPN=f"10{number % 3}", memberEmail=f"a{number}@example.test") for number in range(1, 19)]
    world.drop("harborlight", "harborlight_book_20260308.csv", book(*rows))
    world.drop("lakeshore", "lakeshore_20260301.834", edi(SUBSCRIBER, SPOUSE))


def second_hour(world: FilesWorld) -> None:
    """Some changed, some came, one row is in quarantine, a file is refused; most are not mentioned."""
    rows = [book_row(number, writingAgentNPN=f"10{number % 3}", planName="New") for number in range(1, 12)]
    rows += [book_row(number, writingAgentNPN="103") for number in range(30, 35)]
    world.drop("harborlight", "harborlight_book_20260309.csv", book(*rows, book_row(40, writingAgentNPN="1.0")))
    world.drop("harborlight", "harborlight_book_20260310.csv", b"")


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """The second hour, over what the first delivered."""
    with files_box() as box, without_reports():
        place = tmp_path_factory.mktemp("fmo")
        settings: dict[str, Any] = {"drop_at": str(place / "drop"), "max_batch": 10}
        world = fresh(box, place / "world", **settings)
        first_hour(world)
        world.account().run("first hour")
        second_hour(world)
        yield Scenario.of("second hour", world, RUN, {"files": settings}, ("agent_crm",))


@pytest.mark.requirement("ACRM-01", "SAFE-5", "CARD-8")
@pytest.mark.parametrize("kind", FAULTS)
def test_a_request_that_goes_wrong_costs_nothing(scenario: Scenario, scale: Scale, tally: Tally, kind: str) -> None:
    """In the short form one request a kind, in the full form all."""
    tried, wrong = spoil(scenario, kind, full=scale(0, 1) == 1)
    tally("P2", "carrier files → FMO: one request goes wrong, then the next hour", tried, len(wrong))
    assert not wrong, wrong


@pytest.mark.requirement("ACRM-01", "SAFE-5", "CARD-8")
def test_killed_anywhere_and_run_again_no_file_is_lost_or_taken_twice(scenario: Scenario, scale: Scale, tally: Tally) -> None:
    """In the short form six of the hits of all points, in the full form all of them."""
    with ForkServer() as server:
        tried, wrong = kill(scenario, server, scale(6, 0))
    tally("P1", "kill points, carrier files → FMO: lost or twice", tried, len(wrong))
    assert not wrong, "\n".join(wrong)


def test_the_second_hour_changes_what_it_should(scenario: Scenario) -> None:
    """The sweep above compares with this: it is not empty, and what is not mentioned stays."""
    before, after = scenario.before["policy"], scenario.wanted["policy"]
    assert (len(before), len(after)) == (19, 24)
    assert sum(after[key] != before[key] for key in before) == 11
