"""A task is a transaction (P30): cleared after success, or run twice, it leaves list, ledger, rejected records and audit as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Table, select

from crosswalk.core.model import FULL, UNDO, RunStatus
from crosswalk.engine import approve, extract, load, replay, transform, undo, validate
from crosswalk.engine.context import Run, Trigger
from crosswalk.engine.retry import rejected_now, restrict
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.database import reading
from crosswalk.store.runs import RunRow
from crosswalk.store.tables import audit, audit_head, binding, delivered, rejected
from reliability.conftest import Tally
from reliability.order_office import night
from reliability.small_world import Kept, SmallWorld
from reliability.truth import Holding, holding
from world import INTEGRATION

pytestmark = [pytest.mark.reliability, pytest.mark.usefixtures("unreported")]

OFFICE = "/smartoffice/offices/DEMO01"
SEEN = {"last_snapshot", "last_seen_at", "attempts"}
"""Columns of a rejected record that count attempts; only a new run, which clearing extract begins, may move them."""
WHEN = {"snapshot", "first_snapshot", "first_seen_at", "resolved_at", "resolved_snapshot", "at", "bound_at", "prev_hash", "hash", "details"}
"""Columns that tell when, or by which run: two worlds may differ in them."""


@dataclass(frozen=True)
class State:
    """All that a task repeated must leave alone."""

    holding: Holding
    rows: dict[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, world: SmallWorld) -> State:
        return cls(holding(world), {table.name: _rows(world, table) for table in (delivered, rejected, audit, audit_head, binding)})

    def differences(self, other: State, ignored: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
        """Names of what differs."""
        found = [] if self.holding.same_list(other.holding) else ["the list"]
        found += [] if self.holding.generation == other.holding.generation else ["generation"]
        return found + [name for name in self.rows if _without(self.rows[name], ignored) != _without(other.rows[name], ignored)]


def _rows(world: SmallWorld, table: Table) -> list[dict[str, Any]]:
    with reading(world.store.engine, "comparing") as connection:
        return [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key))]


def _without(rows: list[dict[str, Any]], ignored: set[str]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in ignored} for row in rows]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Delivered twice; then edits of every kind, a record that is rejected and one that was and is put right."""
    with SandboxServer(contacts=24, groups=4, seed=3) as box:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("twice") / "world")
        contacts = world.source_contacts()
        world.source_contact(contacts[7]["id"], LastName=" ")
        world.run("first", interval=night(1))
        world.source_contact(contacts[8]["id"], Greeting="Second night")
        world.run("second", interval=night(2))
        world.source_contact(contacts[7]["id"], LastName="Whole")
        world.source_contact(contacts[9]["id"], **{"Person.Dob": "1970-02-30"})
        world.source_contact(contacts[0]["id"], **{"PreferredEmail.Address": "moved@elsewhere.example"})
        world.control(
            "POST", f"{OFFICE}/contacts", **{**contacts[0], "id": "Contact.7.9999", "PreferredEmail.Address": "new@elsewhere.example"}
        )
        world.control("DELETE", f"{OFFICE}/contacts/{contacts[11]['id']}")
        world.control("PATCH", f"{OFFICE}/groups/TagGroup.7.3", Name="Renamed")
        yield Kept.now(world)


def _ran(world: SmallWorld) -> RunRow:
    return world.run("third", interval=night(3))


def _retried(world: SmallWorld) -> RunRow:
    return world.run("retry", only=rejected_now(world.store, INTEGRATION, "summit"), interval=night(4))


def _held(world: SmallWorld) -> RunRow:
    world.control("DELETE", f"{OFFICE}/groups/TagGroup.7.1")
    return world.run("held", approve=lambda _: True)


def _replayed(world: SmallWorld) -> RunRow:
    row = world.account().replay("backfill", night(1))
    assert row is not None
    return row


ACTS: dict[str, Callable[[SmallWorld], RunRow]] = {
    "a run": _ran,
    "a full resync": lambda world: world.run("full", full_resync=True),
    "a held run that was approved": _held,
    "a retry": _retried,
    "an undo": lambda world: world.undo("undo"),
    "a dry run": lambda world: world.run("dry", dry_run=True),
    "a dry undo": lambda world: world.undo("dry undo", dry_run=True),
    "a backfill": _replayed,
}
STEPS = {"an undo": ["load"], "a dry undo": ["load"], "a backfill": ["validate", "transform", "approve", "load"]}
FIVE = ["extract", "validate", "transform", "approve", "load"]
ENDS = {"a dry run": RunStatus.DRY_RUN, "a dry undo": RunStatus.DRY_RUN, "a backfill": RunStatus.REPLAYED, "an undo": RunStatus.SUCCESS}


@pytest.mark.requirement("SAFE-5", "CARD-8", "SAFE-8")
@pytest.mark.parametrize("what", ACTS)
def test_a_task_cleared_after_success_changes_nothing(start: Kept, tally: Tally, what: str) -> None:
    """Each task once; clearing extract reads anew, so it comes last and may count another attempt."""
    with start.again() as world:
        row = ACTS[what](world)
        assert row.status is ENDS.get(what, RunStatus.PARTIAL)
        before, writes, wrong = State.of(world), world.writes(), []
        steps = STEPS.get(what, FIVE[1:] + (["extract"] if what != "a retry" else []))
        for step in steps:
            again = world.account().clear(row.key, step)
            found = State.of(world).differences(before, SEEN if step == "extract" else set())
            found += ["FMG was written to"] if world.writes() != writes else []
            found += [f"it ended {again.status}"] if again.status is not row.status else []
            if (what, step) == ("a full resync", "extract"):  # another full resync: everything is sent again
                found = [one for one in found if one not in ("generation", "FMG was written to")]
            wrong += [f"{step}: {one}" for one in found]
        tally("P30", "tasks cleared once after success", len(steps), len({one.partition(":")[0] for one in wrong}))
        assert not wrong, wrong


def _steps_of(world: SmallWorld, what: str) -> list[Callable[[Run], Any]]:
    account = world.account()
    ending: list[Callable[[Run], Any]] = [lambda run: load.load(run, account.target, lambda: account.source)]
    if "undo" in what:
        return [lambda run: undo.undo(run, account.target, generation=None, by="test"), *ending]
    first = replay.replay if what == "a backfill" else lambda run: extract.extract(run, account.source, account.target)
    return [first, validate.validate, transform.transform, *([_approve] if "held" in what else []), *ending]


def _approve(run: Run) -> None:
    """What the approve task does once a person answered."""
    if transform.is_held(run):
        approve.record_decision(run, approved=True, plan_hash=run.store.runs.get(run.key).plan_hash, by="test")


def _begun(world: SmallWorld, what: str, name: str) -> Run:
    account = world.account()
    interval = night(1) if what == "a backfill" else (None, None)
    trigger = Trigger("in_process", name, interval_start=interval[0], interval_end=interval[1])
    mode = UNDO if "undo" in what else FULL if "full" in what else ""
    landed = replay.landed_snapshot(world.store, world.zone, INTEGRATION, "summit", trigger) if what == "a backfill" else None
    run = Run.begin(account.settings, account.spec, account.store, account.zone, trigger, dry_run="dry" in what, mode=mode, replays=landed)
    if what == "a retry":
        restrict(run, rejected_now(world.store, INTEGRATION, "summit"))
    return run


def _carried_out(start: Kept, what: str, times: int) -> State:
    """All steps, each so many times in a row; the first one begins a run of its own each time, as its task does."""
    with start.again() as world:
        if "held" in what:
            world.control("DELETE", f"{OFFICE}/groups/TagGroup.7.1")
        first, *others = _steps_of(world, what)
        for _ in range(times):
            run = _begun(world, what, "together")
            first(run)
        for step in others:
            for _ in range(1 if step is _approve else times):
                step(run)
        assert (world.store.runs.get(run.key).delivered_at is not None) == (what in DELIVERING)
        return State.of(world)


DELIVERING = {"a run", "a full resync", "a held run that was approved", "a retry", "an undo"}


@pytest.mark.requirement("SAFE-5", "CARD-8")
@pytest.mark.parametrize("what", ACTS)
def test_every_step_run_twice_in_a_row_comes_to_the_same(start: Kept, tally: Tally, what: str) -> None:
    once, twice = (_carried_out(start, what, times) for times in (1, 2))
    ignored = WHEN | SEEN
    wrong = twice.differences(once, ignored)
    extra = len(twice.rows["audit"]) - len(once.rows["audit"])
    if what == "an undo":  # each time it is asked for, the audit says so
        wrong = [one for one in wrong if one not in ("audit", "audit_head")] + ([] if extra == 1 else ["audit"])
    tally("P30", "runs of which every step is run twice in a row", 1, int(bool(wrong)))
    assert not wrong, wrong
