"""Thirty simulated days: edits of every kind, activities, opt-outs, other settings, questions answered both ways, two outages. After each
night FMG holds what the model says, under the ids and with the opt-outs it must, and SmartOffice one note an activity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from random import Random

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.errors import CrosswalkError, SafetyStop, TransientError
from crosswalk.features.writeback.run_writeback import write_back
from crosswalk.sandbox.server import SandboxServer
from integrations.smartoffice_to_fmg.month import Month
from integrations.smartoffice_to_fmg.month_notes import Notes
from reliability.order_model import Plan
from reliability.small_world import SmallWorld
from remembered import without_reports
from world import World

DAYS, SEED = 30, 20260301
FIRST = datetime(2026, 3, 1, 10, tzinfo=UTC)
NEWS, CLIENTS = "Newsletter", "Clients A"
SCOPES: dict[int, tuple[str, ...] | None] = {8: (NEWS, CLIENTS), 12: (NEWS,), 16: (NEWS, CLIENTS), 19: None}
"""From this day on the settings name these groups."""
TIGHT = {"max_deletes": 1}
TIGHTENED, SOURCE_AWAY, TARGET_AWAY = 23, 5, 26
DELIVERED = {RunStatus.SUCCESS, RunStatus.PARTIAL}


@pytest.fixture
def month(tmp_path: Path) -> Iterator[Month]:
    with SandboxServer(contacts=34, groups=5, seed=11) as box, without_reports():
        yield Month(SmallWorld(box.url, tmp_path / "world"), Random(SEED))


@pytest.mark.requirement("FMG-04", "FMG-05", "FMG-07", "FMG-10", "FMG-11", "FMG-06", "SAFE-2", "SAFE-3")
def test_after_every_night_of_a_month_fmg_is_what_the_model_says(month: Month) -> None:
    nights: Counter[str] = Counter()
    notes = Notes(month)
    answers = cycle(["approved", "rejected", "approved", "outdated"])
    for number in range(3):
        month.world.control(
            "POST", f"/fmg/accounts/{month.world.fmg}/contacts", last_name=f"Own {number}", email=f"own{number}@only-fmg.example"
        )
    for day in range(DAYS):
        month.scope = SCOPES.get(day, month.scope)
        month.work(month.random.randint(2, 7))
        month.look()
        notes.happen(month.random.randint(0, 3))
        if day not in (SOURCE_AWAY, TARGET_AWAY):
            _write_back(notes, day)
        month.look()
        nights[_night(month, day, answers)] += 1
    _write_back(notes, DAYS)
    assert len(notes.due) >= DAYS / 2
    assert notes.gone
    assert nights["delivered"] >= 12
    assert all(nights[one] >= 1 for one in ("approved", "rejected", "outdated", "source away", "target away")), nights
    assert sum(nights.values()) == DAYS


def _write_back(notes: Notes, day: int) -> None:
    write_back(notes.month.world.work())
    notes.write()
    assert notes.wrong() == [], f"day {day}"


def _night(month: Month, day: int, answers: Iterator[str]) -> str:
    """One night: how it ended."""
    plan = month.expected()
    holds = set(plan.holds)
    world = month.world.with_(scope=month.scope, safety=TIGHT if day >= TIGHTENED else {})
    if day >= TIGHTENED and _deletes(month, plan) > TIGHT["max_deletes"]:
        holds.add("MASS_DELETE")
    if day == SOURCE_AWAY:
        return _source_away(month, world, plan, day)
    if day == TARGET_AWAY:
        return _target_away(month, world, plan, day)
    answer = next(answers) if holds else "delivered"
    row = None
    try:
        row = world.run(f"day {day}", interval=_interval(day), approve=_answer(month, answer))
    except SafetyStop as stop:
        assert stop.code == {"rejected": "PLAN_NOT_APPROVED", "outdated": "PLAN_OUTDATED"}[answer], (day, stop)
    found = world.store.runs.latest("smartoffice_to_fmg", "summit", limit=1)[0]
    assert {hold["code"] for hold in found.holds} == holds, day
    if row is None:
        before = month.books.listing
        month.look()
        assert month.books.listing == before, f"day {day}: nothing may be written when the answer is no"
    else:
        assert row.status in DELIVERED
        assert month.wrong(plan) == [], f"day {day}, {answer}"
    return answer


def _answer(month: Month, answer: str) -> Callable[[object], bool]:
    def answered(_run: object) -> bool:
        if answer == "outdated":
            month.edits.contact(_in_scope(month), FirstName=f"Meanwhile {month.place()}")
        return answer != "rejected"

    return answered


def _in_scope(month: Month) -> int:
    """The place of somebody whom the run reads."""
    return sorted(month.books.office.contacts).index(month.random.choice(sorted(month.office.contacts)))


def _source_away(month: Month, world: World, plan: Plan, day: int) -> str:
    before = month.books.listing
    world.control("POST", "/faults", system="smartoffice", kind="status", status=503, times=None)
    with pytest.raises(CrosswalkError):
        world.run(f"day {day}", interval=_interval(day), approve=lambda _: True)
    with suppress(CrosswalkError):  # without an activity there is nothing to ask SmartOffice
        write_back(world.work())
    world.control("DELETE", "/faults")
    month.look()
    assert month.books.listing == before
    return "source away"


def _target_away(month: Month, world: World, plan: Plan, day: int) -> str:
    """FMG goes away after the first part; the task that failed is cleared once it is back."""
    world.control("POST", "/faults", system="fmg", kind="status", status=503, match="put part", at=2, times=None)
    with pytest.raises(TransientError):
        world.run(f"day {day}", interval=_interval(day), full_resync=True, approve=lambda _: True)
    key = world.store.runs.latest("smartoffice_to_fmg", "summit", limit=1)[0].key
    before = month.books.listing
    month.look()
    assert month.books.listing == before, "half of a delivery is nothing"
    world.control("DELETE", "/faults")
    assert world.account().clear(key, "load").status in DELIVERED
    assert month.wrong(plan) == [], f"day {day}"
    return "target away"


def _deletes(month: Month, plan: Plan) -> int:
    now, after = month.books.listing, plan.after
    return max(len(now.people.keys() - after.people.keys()), len(now.groups.keys() - after.groups.keys()))


def _interval(day: int) -> tuple[datetime, datetime]:
    return FIRST + timedelta(days=day - 1), FIRST + timedelta(days=day)
