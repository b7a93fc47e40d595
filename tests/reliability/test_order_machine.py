"""Runs, clears, backfills, undos, edits and pauses in any order: FMG holds what the newest delivered snapshot says, nothing older wins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from crosswalk.sandbox.server import SandboxServer
from reliability.conftest import Scale, Tally
from reliability.order_edits import BROKEN, FIELDS
from reliability.order_office import OrderedOffice
from reliability.small_world import Kept, SmallWorld

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(3600)]

SETTINGS = settings(
    max_examples=10,
    stateful_step_count=30,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
PLACES = st.integers(0, 999)
ANSWERS = st.sampled_from([True, True, True, None, None, False])
DRIFT = ["appears", "changes", "moves", "vanishes", "group appears", "group changes", "group vanishes"]


class OrderMachine(RuleBasedStateMachine):
    """start: the world every example begins with. steps: rules carried out so far, over all examples."""

    start: Kept
    steps = 0
    office: OrderedOffice

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()

    @initialize(delivered=st.booleans())
    def begin_world(self, delivered: bool) -> None:
        self.office = OrderedOffice(self._stack.enter_context(self.start.again()))
        if delivered:
            self.office.run("run", True)

    @rule(answer=ANSWERS)
    def run(self, answer: bool | None) -> None:
        self.office.run("run", answer)

    @rule(kind=st.sampled_from(["dry", "full", "retry"]), answer=ANSWERS)
    def run_otherwise(self, kind: str, answer: bool | None) -> None:
        self.office.run(kind, answer)

    @rule(pause=st.sampled_from([True, True, True, False]))
    def begin_only(self, pause: bool) -> None:
        self.office.begin()
        if pause:
            self.office.pause()

    @rule(place=PLACES, step=st.sampled_from(["extract", "validate", "transform", "approve", "load"]), answer=ANSWERS)
    def clear(self, place: int, step: str, answer: bool | None) -> None:
        self.office.clear(place, step, answer)

    @rule(step=st.sampled_from(["extract", "validate", "transform", "approve", "load"]), answer=ANSWERS)
    def clear_newest(self, step: str, answer: bool | None) -> None:
        self.office.clear(-1, step, answer)

    @rule(place=PLACES)
    def approve_later(self, place: int) -> None:
        self.office.approve_later(place)

    @rule(place=PLACES)
    def replay(self, place: int) -> None:
        self.office.replay(place)

    @rule(generation=st.sampled_from([None, None, None, 0, 1, 2, 99]), dry=st.sampled_from([False, False, True]))
    def undo(self, generation: int | None, dry: bool) -> None:
        self.office.undo(generation, dry)

    @rule()
    def pause(self) -> None:
        self.office.pause()

    @rule(place=PLACES, name=st.sampled_from(sorted(FIELDS)), value=PLACES)
    def source_changes(self, place: int, name: str, value: int) -> None:
        self.office.edits.contact(place, **{name: FIELDS[name][value % len(FIELDS[name])]})

    @rule(place=PLACES, broken=st.sampled_from(BROKEN))
    def source_record_breaks(self, place: int, broken: tuple[str, str]) -> None:
        self.office.edits.contact(place, **dict([broken]))

    @rule(place=PLACES, other=PLACES, how=st.sampled_from(["swap", "share", "repair", "groups"]))
    def source_moves(self, place: int, other: int, how: str) -> None:
        edits = self.office.edits
        pairs: dict[str, Any] = {"swap": edits.swap_addresses, "share": edits.share_address, "groups": edits.join_or_leave}
        if how == "repair":
            edits.repair(place)
        else:
            pairs[how](place, other)

    @rule(place=PLACES, how=st.sampled_from(["add", "add group", "remove", "remove", "remove group", "rename group", "blank group"]))
    def source_grows_or_shrinks(self, place: int, how: str) -> None:
        edits = self.office.edits
        if how == "add":
            edits.add_contact(place)
        elif how == "add group":
            edits.add_group()
        elif how == "remove":
            edits.remove_contact(place)
        elif how == "remove group":
            edits.remove_group(place)
        else:
            edits.name_group(place, f"Renamed {place}" if how == "rename group" else " ")

    @rule(place=PLACES, other=PLACES, how=st.sampled_from(DRIFT))
    def target_drifts(self, place: int, other: int, how: str) -> None:
        self.office.edits.drift(place, other, how)

    @rule(place=PLACES)
    def somebody_opts_out(self, place: int) -> None:
        self.office.edits.opt_out(place)

    @invariant()
    def the_audit_chain_is_whole(self) -> None:
        type(self).steps += 1
        if hasattr(self, "office"):
            assert self.office.world.store.audit.verify() == []

    def teardown(self) -> None:
        self._stack.close()


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """A few contacts in SmartOffice; in FMG some nobody imported, one of them with an address of SmartOffice, and who opted out."""
    with SandboxServer(contacts=24, groups=4, seed=3) as box:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("order") / "world", page_size=20)
        known = world.source_contacts()[4]["PreferredEmail.Address"]
        own: list[dict[str, Any]] = [{"last_name": f"Own{number}", "email": f"own{number}@only-fmg.example"} for number in range(3)]
        world.control("POST", "/fmg/accounts", account=world.fmg, contacts=[*own, {"last_name": "Known", "email": known}], opt_outs=[known])
        yield Kept.now(world)


@pytest.mark.requirement("SAFE-4", "SAFE-3", "SAFE-6", "SAFE-7", "CARD-6", "CARD-8", "FMG-10")
def test_whatever_the_order_nothing_older_wins(start: Kept, scale: Scale, tally: Tally) -> None:
    """A seed makes the same examples again."""
    OrderMachine.start, OrderMachine.steps = start, 0
    number = 0
    try:
        for number in range(scale(1, 40)):
            run_state_machine_as_test(seed(number)(OrderMachine), settings=SETTINGS)
        number = -1
    finally:
        tally("P15", "steps in any order", max(OrderMachine.steps, 1), int(number >= 0))
        print(f"seed {number}")  # noqa: T201 - shown when it fails
