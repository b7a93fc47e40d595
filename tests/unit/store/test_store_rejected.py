from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from crosswalk.core.model import Rejection, RunKey
from crosswalk.store.database import reading
from crosswalk.store.rejected import RejectedRow
from crosswalk.store.store import Store
from crosswalk.store.tables import rejected

FMG = "smartoffice_to_fmg"
ACCOUNTS = count()
BLANK = Rejection("contact", "4711", "EMAIL_INVALID", "email", "the address is not one", "correct it in SmartOffice", "q***@e***.test")

pytestmark = pytest.mark.requirement("SAFE-10")


def keep(store: Store, key: RunKey, *source_ids: str, present: set[str] | None) -> None:
    store.rejected.record(key, "contact", [replace(BLANK, source_id=source_id) for source_id in source_ids], present)


def still_open(store: Store, account: str = "summit") -> dict[str, RejectedRow]:
    return {row.source_id: row for row in store.rejected.open(FMG, account)}


def closed(engine: Engine) -> dict[str, tuple[str, int]]:
    query = select(rejected).where(rejected.c.resolved_at.is_not(None))
    with reading(engine, "looking") as connection:
        return {row.source_id: (row.resolution, row.resolved_snapshot) for row in connection.execute(query)}


def test_a_rejection_is_kept_with_reason_and_fix(store: Store, begin: Callable[..., RunKey]) -> None:
    key = begin()
    store.rejected.record(key, "contact", [BLANK], {"4711"})
    (row,) = store.rejected.open(FMG, "summit")
    assert (row.source_id, row.code, row.field, row.reason, row.fix, row.masked) == (
        "4711",
        "EMAIL_INVALID",
        "email",
        BLANK.reason,
        BLANK.fix,
        "q***@e***.test",
    )
    assert (row.first_snapshot, row.last_snapshot, row.attempts, row.resolved_at) == (key.snapshot, key.snapshot, 1, None)
    assert row.first_seen_at == row.last_seen_at


def test_later_runs_count_and_the_first_sight_stays(store: Store, begin: Callable[..., RunKey]) -> None:
    keys = [begin() for _ in range(3)]
    for key in keys:
        keep(store, key, "1", present={"1"})
    row = still_open(store)["1"]
    assert (row.first_snapshot, row.last_snapshot, row.attempts) == (1, 3, 3)
    assert row.first_seen_at < row.last_seen_at


@pytest.mark.requirement("CARD-8")
def test_a_task_run_again_counts_once(store: Store, begin: Callable[..., RunKey]) -> None:
    key = begin()
    for _ in range(2):
        keep(store, key, "1", "2", present={"1", "2"})
    assert [row.attempts for row in store.rejected.open(FMG, "summit")] == [1, 1]


def test_what_is_no_longer_rejected_is_closed_with_how(store: Store, engine: Engine, begin: Callable[..., RunKey]) -> None:
    keep(store, begin(), "better", "gone", "same", present={"better", "gone", "same"})
    keep(store, begin(), "same", present={"better", "same"})
    assert still_open(store).keys() == {"same"}
    assert closed(engine) == {"better": ("passed", 2), "gone": ("gone", 2)}


def test_what_comes_back_is_opened_again(store: Store, engine: Engine, begin: Callable[..., RunKey]) -> None:
    keep(store, begin(), "1", present={"1"})
    keep(store, begin(), present={"1"})
    keep(store, begin(), "1", present={"1"})
    row = still_open(store)["1"]
    assert (row.first_snapshot, row.last_snapshot, row.attempts, row.resolution, row.resolved_snapshot) == (1, 3, 2, "", None)
    assert closed(engine) == {}


def test_rejections_of_the_target_come_on_top(store: Store, begin: Callable[..., RunKey]) -> None:
    key = begin()
    keep(store, key, "1", present={"1", "2"})
    keep(store, key, "2", present=None)
    keep(store, key, "1", present={"1", "2"})
    assert still_open(store).keys() == {"1", "2"}


def test_accounts_and_entities_do_not_close_each_other(store: Store, begin: Callable[..., RunKey]) -> None:
    keep(store, begin("harbor"), "1", present={"1"})
    keep(store, begin(), "1", present={"1"})
    store.rejected.record(begin(), "group", [], set())
    keep(store, begin("harbor"), present={"1"})
    assert still_open(store).keys() == {"1"}
    assert still_open(store, "harbor") == {}


@pytest.mark.requirement("SAFE-4")
def test_an_older_run_does_not_touch_what_a_newer_one_found(store: Store, engine: Engine, begin: Callable[..., RunKey]) -> None:
    first, second, third = begin(), begin(), begin()
    keep(store, first, "passed later", present={"passed later"})
    keep(store, third, "new", present={"passed later", "new"})
    before = still_open(store)
    keep(store, second, "passed later", "new", present=set())
    assert still_open(store) == before
    assert closed(engine) == {"passed later": ("passed", 3)}


def test_ids_no_database_takes_are_kept_readable(store: Store, begin: Callable[..., RunKey]) -> None:
    keep(store, begin(), "4\x007", "4\ud800", "Zoë 漢😀", present=None)
    assert still_open(store).keys() == {"4\ufffd7", "4\ufffd", "Zoë 漢😀"}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights=st.lists(st.tuples(st.sets(st.integers(1, 5)), st.sets(st.integers(1, 5))), max_size=8))
def test_over_many_runs_the_index_is_exact(sqlite_engine: Engine, nights: list[tuple[set[int], set[int]]]) -> None:
    store, account = Store(sqlite_engine), f"account{next(ACCOUNTS)}"
    model: dict[str, tuple[int, int]] = {}
    for snapshot, (present, bad) in enumerate(nights, start=1):
        rejections = {str(number) for number in bad & present}
        key = RunKey(FMG, account, snapshot)
        keep(store, key, *sorted(rejections), present={str(number) for number in present})
        model |= {source_id: (model.get(source_id, (snapshot, 0))[0], model.get(source_id, (0, 0))[1] + 1) for source_id in rejections}
        found = still_open(store, account)
        assert {source_id: (row.first_snapshot, row.attempts) for source_id, row in found.items()} == {
            source_id: model[source_id] for source_id in rejections
        }
