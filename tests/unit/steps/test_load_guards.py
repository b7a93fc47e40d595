"""What load refuses, and what it looks at afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from crosswalk.core.model import RunKey, RunStatus
from crosswalk.core.ports import Operation
from crosswalk.engine.context import Run
from crosswalk.errors import CrosswalkError, DataError, Fenced, SafetyStop, TransientError
from memory import NAME, MemoryOffice, MemoryTarget, person

NIGHT = datetime(2026, 11, 20, 10, tzinfo=UTC), datetime(2026, 11, 21, 10, tzinfo=UTC)


def stopped(work: Callable[[], Any], kind: type[CrosswalkError]) -> str:
    with pytest.raises(kind) as caught:
        work()
    return caught.value.code


def untouched(office: MemoryOffice) -> Any:
    return office.target.writes, office.target.seen(), office.target.seen("group"), office.target.generation


def shrink(office: MemoryOffice) -> None:
    """Remove more from the source than may go unseen."""
    del office.source.contacts[:12]


def begun(office: MemoryOffice) -> RunKey:
    """A run whose plan is made and not loaded."""
    shrink(office)
    row = office.run()
    assert row.status is RunStatus.HELD
    return row.key


@pytest.mark.requirement("SAFE-3")
@pytest.mark.parametrize("answer", [None, "0" * 64], ids=["nobody", "another_plan"])
def test_a_held_plan_is_loaded_only_when_exactly_it_was_approved(delivered: MemoryOffice, answer: str | None) -> None:
    key, before = begun(delivered), untouched(delivered)
    if answer:
        delivered.store.runs.update(key, approved_hash=answer)
    assert stopped(lambda: delivered.load(key), SafetyStop) == "PLAN_NOT_APPROVED"
    assert untouched(delivered) == before
    delivered.store.runs.update(key, approved_hash=delivered.store.runs.get(key).plan_hash)
    delivered.load(key)
    assert len(delivered.target.seen()) == 8


@pytest.mark.requirement("SAFE-3")
def test_a_plan_that_is_not_the_one_that_was_made_is_not_loaded(delivered: MemoryOffice) -> None:
    key, before = begun(delivered), untouched(delivered)
    delivered.store.runs.update(key, approved_hash=delivered.store.runs.get(key).plan_hash)
    folder = delivered.zone.folder(key)
    plan = folder.read_frame("plan")
    folder.write_frame("plan", plan.assign(outcome=plan["outcome"].replace("unchanged", "delete")))
    assert stopped(lambda: delivered.load(key), DataError) == "PLAN_CHANGED"
    assert untouched(delivered) == before


@pytest.mark.requirement("SAFE-3")
@pytest.mark.parametrize("change", ["field", "record"])
def test_an_approval_ends_when_the_source_changes(delivered: MemoryOffice, change: str) -> None:
    shrink(delivered)
    before = untouched(delivered)

    def approve(_run: Run) -> bool:
        if change == "field":
            delivered.source.contacts[3]["Greeting"] = "Changed"
        else:
            delivered.source.contacts.append(person(99))
        return True

    assert stopped(lambda: delivered.run(approve=approve), SafetyStop) == "PLAN_OUTDATED"
    assert untouched(delivered) == before


@pytest.mark.requirement("SAFE-3")
def test_an_approval_ends_when_the_source_changes_between_two_attempts(delivered: MemoryOffice) -> None:
    key, before = begun(delivered), delivered.target.seen()
    delivered.store.runs.update(key, approved_hash=delivered.store.runs.get(key).plan_hash)
    delivered.target.answer = broken
    assert stopped(lambda: delivered.load(key), TransientError) == "CONN_SERVER_ERROR"
    delivered.target.answer = lambda _operation: ""
    delivered.source.contacts[0]["Greeting"] = "Changed"
    assert stopped(lambda: delivered.load(key), SafetyStop) == "PLAN_OUTDATED"
    assert delivered.target.seen() == before


def broken(_operation: Operation) -> str:
    raise TransientError("CONN_SERVER_ERROR", operation="sending", problem="nothing", next_step="wait")


@pytest.mark.requirement("SAFE-4")
def test_an_older_run_never_writes_once_a_newer_one_began_to(office: MemoryOffice) -> None:
    older = office.run(dry_run=True).key
    office.target.answer = broken
    assert stopped(office.run, TransientError) == "CONN_SERVER_ERROR"
    office.target.answer = lambda _operation: ""
    as_a_real_one(office, older)
    before = untouched(office)
    assert stopped(lambda: office.load(older), Fenced) == "STALE_SNAPSHOT"
    assert untouched(office) == before


def as_a_real_one(office: MemoryOffice, key: RunKey) -> None:
    from sqlalchemy import update

    from crosswalk.store.runs import is_run
    from crosswalk.store.tables import run

    with office.store.engine.begin() as connection:
        connection.execute(update(run).where(*is_run(key)).values(dry_run=False, status=RunStatus.RUNNING))


@pytest.mark.requirement("SAFE-5")
def test_what_was_delivered_is_not_delivered_or_planned_again(delivered: MemoryOffice) -> None:
    row = delivered.store.runs.latest(NAME, "summit", limit=1)[0]
    before = untouched(delivered)
    for step in ("validate", "transform", "load"):
        again = delivered.account().clear(row.key, step)
        assert (again.plan_hash, again.status, again.generation) == (row.plan_hash, RunStatus.SUCCESS, 1)
    assert untouched(delivered) == before


@pytest.mark.requirement("SAFE-8", "CARD-6")
def test_neither_a_dry_run_nor_a_backfill_writes(delivered: MemoryOffice) -> None:
    delivered.source.contacts[0]["Greeting"] = "Changed"
    delivered.run("night", interval=NIGHT)
    delivered.source.contacts[0]["Greeting"] = "Changed again"
    before = untouched(delivered)
    assert delivered.run("dry", dry_run=True).status is RunStatus.DRY_RUN
    replayed = delivered.account().replay("backfill", NIGHT)
    assert replayed is not None
    assert replayed.status is RunStatus.REPLAYED
    assert untouched(delivered) == before


@pytest.mark.requirement("SAFE-7")
def test_what_was_undone_is_not_done_again_unasked(delivered: MemoryOffice) -> None:
    delivered.source.contacts[0]["Greeting"] = "Changed"
    delivered.run()
    delivered.account().undo("undo")
    before = untouched(delivered)
    row = delivered.run()
    assert (row.status, [hold["code"] for hold in row.holds]) == (RunStatus.HELD, ["UNDONE"])
    assert untouched(delivered) == before


@pytest.mark.requirement("SAFE-4")
def test_a_delivery_names_what_it_is_based_on(delivered: MemoryOffice) -> None:
    delivered.target.revision = 41
    delivered.source.contacts[0]["Greeting"] = "Changed"
    row = delivered.run()
    assert delivered.target.opened[-1] == {
        "mode": "delta",
        "snapshot": row.key.snapshot,
        "base_revision": 41,
        "source": {"system": "smartoffice", "office": "DEMO01"},
    }


def _change_a_sent_one(target: MemoryTarget) -> None:
    target.lists["contact"]["c-Contact.7.1"]["city"] = "Elsewhere"


def _lose_a_sent_one(target: MemoryTarget) -> None:
    del target.lists["contact"]["c-Contact.7.1"]


def _bring_a_deleted_one_back(target: MemoryTarget) -> None:
    target.put("contact", [{"target_id": "c-Contact.7.20", "source_id": "Contact.7.20", "last_name": "Back"}])


def _lose_another(target: MemoryTarget) -> None:
    del target.lists["contact"]["c-Contact.7.9"]


def _hold_one_more(target: MemoryTarget) -> None:
    target.put("contact", [{"target_id": "c-more", "last_name": "More"}])


def _state_another_number(target: MemoryTarget) -> None:
    target.states = {"contact": 500}


@pytest.mark.requirement("SAFE-6")
@pytest.mark.parametrize(
    ("meddle", "code"),
    [
        (_change_a_sent_one, "TGT_READBACK_DIFFERS"),
        (_lose_a_sent_one, "TGT_READBACK_DIFFERS"),
        (_bring_a_deleted_one_back, "TGT_READBACK_DIFFERS"),
        (_lose_another, "SUMS_DIFFER"),
        (_hold_one_more, "SUMS_DIFFER"),
        (_state_another_number, "SUMS_DIFFER"),
    ],
)
def test_what_the_target_holds_afterwards_is_compared(delivered: MemoryOffice, meddle: Callable[[MemoryTarget], None], code: str) -> None:
    delivered.source.contacts[0]["Greeting"] = "Changed"
    delivered.source.contacts.pop()
    delivered.target.after_commit = meddle
    assert stopped(delivered.run, DataError) == code
    row = delivered.store.runs.latest(NAME, "summit", limit=1)[0]
    assert (row.status, row.delivered_at) == (RunStatus.FAILED, None)


@pytest.mark.requirement("FMG-06")
def test_an_opt_out_is_carried_with_the_contact(delivered: MemoryOffice) -> None:
    told: list[Operation] = []

    def note(operation: Operation) -> str:
        told.append(operation)
        return ""

    delivered.target.lists["contact"]["c-Contact.7.1"]["opted_out"] = "true"
    for contact in delivered.source.contacts[:2]:
        contact["PreferredEmail.Address"] = f"new-{contact['PreferredEmail.Address']}"
    delivered.target.answer = note
    delivered.run()
    assert {one.source_id: one.values.get("opted_out", "") for one in told} == {"Contact.7.1": "true", "Contact.7.2": ""}


@pytest.mark.requirement("FMG-06")
def test_who_opts_out_while_the_plan_waits_stays_opted_out(delivered: MemoryOffice) -> None:
    told: dict[str, str] = {}

    def approve(_run: Run) -> bool:
        delivered.target.addresses = {"quill20@example.test"}
        return True

    def note(operation: Operation) -> str:
        told[operation.key] = operation.values.get("opted_out", "")
        return ""

    delivered.source.contacts[-1]["PreferredEmail.Address"] = "new@example.test"
    shrink(delivered)
    delivered.target.answer = note
    delivered.run(approve=approve)
    assert told["Contact.7.20"] == "true"


@pytest.mark.requirement("SAFE-4")
def test_nothing_to_do_is_said_of_the_list_the_plan_was_made_for_only(delivered: MemoryOffice) -> None:
    assert delivered.run().status is RunStatus.SUCCESS

    def move_on(target: MemoryTarget, _entity: str) -> None:
        target.generation += 1

    delivered.target.while_read = move_on
    assert stopped(delivered.run, DataError) == "TGT_LIST_CHANGED"


@pytest.mark.requirement("FMG-06")
def test_an_opt_out_that_is_lost_fails_the_run(delivered: MemoryOffice) -> None:
    def forget(target: MemoryTarget) -> None:
        target.lists["contact"]["c-Contact.7.5"]["opted_out"] = ""

    delivered.target.lists["contact"]["c-Contact.7.5"]["opted_out"] = "true"
    delivered.source.contacts[0]["Greeting"] = "Changed"
    delivered.target.after_commit = forget
    assert stopped(delivered.run, DataError) == "TGT_OPT_OUT_LOST"
