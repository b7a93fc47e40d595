"""A retry of rejected records among other changes: its report adds up, and what it leaves alone is left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.engine.retry import rejected_now
from crosswalk.sandbox.server import SandboxServer
from reliability.conftest import Tally
from reliability.small_world import Kept, SmallWorld
from reliability.truth import Truth, differences, holding
from world import INTEGRATION

pytestmark = pytest.mark.reliability

ADDRESS = "PreferredEmail.Address"
REJECTED = 7


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Delivered, but for one contact without a last name."""
    with SandboxServer(contacts=24, groups=4, seed=3) as box:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("retry") / "world")
        world.source_contact(world.source_contacts()[REJECTED]["id"], LastName=" ")
        world.run("first")
        yield Kept.now(world)


@pytest.mark.requirement("SAFE-6", "SAFE-10")
def test_the_report_of_a_retry_adds_up_while_somebody_left_the_source(world: SmallWorld, tally: Tally) -> None:
    contacts = world.source_contacts()
    gone = next(one["id"] for one in contacts if not one["TagGroups"] and one is not contacts[REJECTED])
    world.control("DELETE", f"/smartoffice/offices/{world.office}/contacts/{gone}")
    world.source_contact(contacts[REJECTED]["id"], LastName="Whole")
    row = world.run("retry", only=rejected_now(world.store, INTEGRATION, "summit"))
    assert row.status is RunStatus.SUCCESS
    sums = json.loads(world.zone.report_folder(row.key).read_bytes("report.json"))["sums"]
    wrong = [f"{one['side']} {one['entity']}s: {one['total']}, {one['parts']}" for one in sums if not one["adds_up"]]
    tally("P11", "sums of a retry while somebody left the source", len(sums), len(wrong))
    assert not wrong, wrong
    assert gone in world.seen(), "a retry deletes nobody"


@pytest.mark.requirement("SAFE-10", "FMG-11")
def test_a_retried_record_whose_address_somebody_still_has_waits_alone(world: SmallWorld, tally: Tally) -> None:
    """The holder's own change of address is left out of the retry, so the address is free only after the next run."""
    contacts, before = world.source_contacts(), holding(world)
    holder = next(one for one in contacts if "@" in one[ADDRESS] and one is not contacts[REJECTED])
    world.source_contact(holder["id"], **{ADDRESS: "elsewhere@moved.example"})
    world.source_contact(contacts[REJECTED]["id"], LastName="Whole", **{ADDRESS: holder[ADDRESS]})
    row = world.run("retry", only={contacts[REJECTED]["id"]})
    tally("P9", "a retried record whose address somebody still has", 1, int(row.status is not RunStatus.PARTIAL))
    assert row.status is RunStatus.PARTIAL
    assert world.run("next").status is RunStatus.SUCCESS
    assert not differences(holding(world), before, Truth.now(world))
