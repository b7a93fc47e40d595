"""FMO → Agent CRM cut short at every request of a provisioning and of a re-sync, before and after the vendor did it, then done again.

Contacts have no key but ours, and some no e-mail: in the end the business holds what it would have held, each policy and person once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.errors import TransientError
from crosswalk.features.tenancy.businesses import Business
from crosswalk.store.store import Store
from crosswalk.wire.http import Request, Response
from fmo_world import DirectHttp, FmoWorld
from reliability.conftest import Scale, Tally
from remembered import without_reports

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(1200)]

ANN, BEN = "4477123", "04477123"
SIDES = ("before", "after")


class Killed(BaseException):
    """The process ends here: no handler of the product is meant to catch it."""


class Breaking:
    """Breaks one request by its number, before the vendor hears of it or after it did."""

    def __init__(self, at: int, after: bool, error: BaseException) -> None:
        self.at, self.after, self.error, self.seen = at, after, error, 0

    @property
    def instead(self) -> Callable[[DirectHttp, Request], Response]:
        """What takes the place of a DirectHttp's method."""

        def send(http: DirectHttp, request: Request) -> Response:
            return self.passed(http, request)

        return send

    def passed(self, http: DirectHttp, request: Request) -> Response:
        self.seen += 1
        if self.seen != self.at:
            return SEND(http, request)
        if self.after:
            SEND(http, request)
        raise self.error


SEND = DirectHttp.send
BROKEN = TransientError("CONN_BROKEN", operation="calling", problem="the connection broke", next_step="clear the task")


def book(world: FmoWorld) -> None:
    for number in range(1, 7):
        world.policy(number, BEN if number == 6 else ANN)
        world.member(
            number, number, BEN if number == 6 else ANN, f"Ann{number // 2}", email="" if number % 2 else f"a{number}@example.test"
        )


def changes(world: FmoWorld) -> None:
    """A new policy of somebody there without e-mail, a new person, one policy that is another agent's by now."""
    world.policy(7, ANN)
    world.member(7, 7, ANN, "Ann0")
    world.policy(8, ANN)
    world.member(8, 8, ANN, "Cyd")
    world.policy(1, BEN)
    world.member(1, 1, BEN, "Ann0", city="Bensville")


def act(world: FmoWorld, name: str) -> tuple[Business, RunStatus]:
    """What a task does, first to last; a later attempt comes when the lease of a killed one ran out."""
    business = world.provision(ANN)
    return business, world.run(business, name, approve=lambda _run: True).status


def holds(world: FmoWorld, business: Business) -> dict[str, Any]:
    return {name: world.held(business, name) for name in ("policies", "contacts")} | {"businesses": len(world.system.customers)}


def scene(folder: Path, resync: bool) -> FmoWorld:
    world = FmoWorld(folder)
    book(world)
    if resync:
        act(world, "before")
        changes(world)
    return world


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with without_reports():
        yield


@pytest.mark.requirement("SAFE-5", "ACRM-02", "ACRM-04")
@pytest.mark.parametrize("error", [BROKEN, Killed()], ids=["broken", "killed"])
@pytest.mark.parametrize("resync", [False, True], ids=["provisioning", "re-sync"])
def test_cut_short_at_any_request_and_done_again_nobody_is_lost_or_twice(
    tmp_path: Path, scale: Scale, tally: Tally, monkeypatch: pytest.MonkeyPatch, resync: bool, error: BaseException
) -> None:
    """In the short form five requests, evenly; in the full form all."""
    world, counting, wrong = scene(tmp_path / "whole", resync), Breaking(0, False, error), []
    monkeypatch.setattr(DirectHttp, "send", counting.instead)
    wanted = holds(world, act(world, "whole")[0])
    monkeypatch.setattr(DirectHttp, "send", SEND)
    everywhere = [(at, side) for at in range(1, counting.seen + 1) for side in SIDES]
    number = scale(5, len(everywhere))
    chosen = [everywhere[(2 * place + 1) * len(everywhere) // (2 * number)] for place in range(number)]
    for at, side in chosen:
        world = scene(tmp_path / f"{at}{side}", resync)
        breaking = Breaking(at, side == "after", error)
        with monkeypatch.context() as patch, pytest.raises(type(error)):
            patch.setattr(DirectHttp, "send", breaking.instead)
            act(world, "cut short")
        world.store = Store(world.store.engine, lambda: 4_000_000_000.0)
        business, status = act(world, "again")
        if status not in (RunStatus.SUCCESS, RunStatus.PARTIAL) or holds(world, business) != wanted:
            wrong.append((at, side, status))
        world.store.engine.dispose()
    tally("ACRM-04", f"{'re-sync' if resync else 'provisioning'} cut short at a request, then done again", len(chosen), len(wrong))
    assert not wrong


def test_the_whole_changes_what_it_should(tmp_path: Path) -> None:
    """The sweep compares with these: they are not empty, and not alike."""
    first, again = (holds(world, act(world, "whole")[0]) for world in (scene(tmp_path / "1", False), scene(tmp_path / "2", True)))
    assert sorted(first["policies"]) == [f"P-{one}" for one in range(1, 6)]
    assert sorted(again["policies"]) == [f"P-{one}" for one in (1, 2, 3, 4, 5, 7, 8)]
    assert (len(first["contacts"]), len(again["contacts"])) == (3, 4)
    assert "Bensville" not in str(again)
