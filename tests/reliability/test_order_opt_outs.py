"""Nobody who opted out is mailed again (T13), whatever becomes of the address between plan, delivery and the next one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.sandbox.server import SandboxServer
from reliability.conftest import Tally
from reliability.small_world import Kept, SmallWorld

pytestmark = pytest.mark.reliability

ADDRESS = "PreferredEmail.Address"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with SandboxServer(contacts=24, groups=4, seed=3) as box:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("opt_outs") / "world")
        world.run("first")
        yield Kept.now(world)


def _someone(world: SmallWorld) -> dict[str, Any]:
    return next(one for one in world.contacts() if one["email"])


def _now(world: SmallWorld, someone: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in world.contacts() if one["contact_id"] == someone["contact_id"])


def _opts_out(world: SmallWorld, someone: dict[str, Any]) -> None:
    world.control("POST", f"/fmg/accounts/{world.fmg}/opt-outs", email=someone["email"])


@pytest.mark.requirement("SAFE-3", "FMG-06")
def test_who_opts_out_while_a_plan_waits_stays_opted_out(world: SmallWorld, tally: Tally) -> None:
    """The plan moves somebody to a new address; before a person answers, that somebody unsubscribes from the old one."""
    someone = _someone(world)
    world.source_contact(someone["source_id"], **{ADDRESS: "moved@elsewhere.example"})
    world.control("DELETE", f"/smartoffice/offices/{world.office}/groups/TagGroup.7.1")
    row = world.run("held")
    assert row.status is RunStatus.HELD
    _opts_out(world, someone)
    assert world.account().clear(row.key, "approve", approve=lambda _: True).delivered_at
    now = _now(world, someone)
    tally("P6", "opted out between plan and delivery, e-mail changed", 1, int(not now["opted_out"]))
    assert now["email"] == "moved@elsewhere.example"
    assert now["opted_out"], "who opted out would be mailed again under the new address"


@pytest.mark.requirement("FMG-06", "SAFE-6")
def test_the_address_of_somebody_who_opted_out_may_be_cleared(world: SmallWorld) -> None:
    """Without an address nobody can be mailed: no opt-out is lost, and the delivery ends well."""
    someone = _someone(world)
    _opts_out(world, someone)
    world.source_contact(someone["source_id"], **{ADDRESS: ""})
    assert world.run("cleared").delivered_at
    assert _now(world, someone)["email"] == ""
    assert someone["email"] in {one["email"] for one in world.opt_outs()}
    assert world.undo("undo").delivered_at
    assert _now(world, someone)["opted_out"]
