from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from crosswalk.core.model import RunKey, RunStatus
from crosswalk.core.ports import Receipt
from crosswalk.errors import ConfigurationError
from crosswalk.store.database import connect
from crosswalk.store.store import Store

FMG = "smartoffice_to_fmg"


def test_a_run_is_kept_as_it_began(store: Store, begin: Callable[..., RunKey]) -> None:
    night = datetime(2026, 11, 21, 22, 0, tzinfo=timezone(timedelta(hours=-5)))
    key = begin(run_id="scheduled__1", map_index=3, try_number=2, interval_start=night, dry_run=True)
    run = store.runs.get(key)
    assert key == RunKey(FMG, "summit", 1)
    assert (run.status, run.run_id, run.map_index, run.try_number, run.dry_run) == (RunStatus.RUNNING, "scheduled__1", 3, 2, True)
    assert run.interval_start == night
    assert run.interval_start.tzinfo is UTC
    assert abs(datetime.now(UTC) - run.started_at) < timedelta(minutes=1)
    assert (run.counts, run.holds, run.durations, run.plan_hash, run.generation, run.ended_at) == ({}, [], {}, "", None, None)


def test_a_time_without_zone_is_not_stored(begin: Callable[..., RunKey]) -> None:
    with pytest.raises(Exception, match="refused a statement"):
        begin(interval_start=datetime(2026, 11, 21, 22, 0))  # noqa: DTZ001  # the fault under test


def test_each_account_counts_for_itself(begin: Callable[..., RunKey]) -> None:
    assert [begin(account).snapshot for account in ("summit", "harbor", "summit")] == [1, 1, 2]


@pytest.mark.requirement("SAFE-4")
def test_snapshot_numbers_are_unique_in_eight_processes(store: Store, url: str, at_once: Callable[..., list[Any]]) -> None:
    def work(number: int) -> list[int]:
        runs = Store(connect(url)).runs
        begun = {"dag_id": "d", "run_id": str(number), "map_index": 0, "try_number": 1, "dry_run": False, "settings_digest": ""}
        return [runs.begin(FMG, "summit", interval_start=None, interval_end=None, **begun).snapshot for _ in range(5)]

    found = at_once(8, work)
    assert all(numbers == sorted(numbers) for numbers in found)
    assert sorted(number for numbers in found for number in numbers) == list(range(1, 41))
    assert len(store.runs.latest(FMG, "summit", limit=100)) == 40


def test_columns_of_a_run_can_be_set(store: Store, begin: Callable[..., RunKey]) -> None:
    key = begin()
    now = datetime.now(UTC)
    hold = {"code": "MASS_DELETE", "found": "501", "limit": "500"}
    store.runs.update(key, status=RunStatus.HELD, ended_at=now, counts={"contact": {"create": 3}}, durations={"extract": 1.5}, holds=[hold])
    store.runs.update(key, error_code="SRC_TRUNCATED", error_text="cut \x00 here \ud800")
    run = store.runs.get(key)
    assert (run.status, run.ended_at, run.counts, run.durations, run.holds) == (
        RunStatus.HELD,
        now,
        {"contact": {"create": 3}},
        {"extract": 1.5},
        [hold],
    )
    assert run.error_text == "cut \ufffd here \ufffd"


@pytest.mark.parametrize("column", ["snapshot", "generation", "delivered_at", "no_such_column"])
def test_only_a_delivery_sets_the_columns_of_a_delivery(store: Store, begin: Callable[..., RunKey], column: str) -> None:
    key = begin()
    with pytest.raises(TypeError, match=column):
        store.runs.update(key, **{column: 7})


def test_a_run_of_another_store_is_unknown(store: Store) -> None:
    stranger = RunKey(FMG, "summit", 7)
    for work in (store.runs.get, store.ledger.finished, lambda key: store.runs.update(key, mode="delta")):
        with pytest.raises(ConfigurationError, match="has no run smartoffice_to_fmg/summit#7") as raised:
            work(stranger)
        assert raised.value.code == "RUN_UNKNOWN"


def test_the_newest_runs_come_first(store: Store, begin: Callable[..., RunKey]) -> None:
    keys = [begin() for _ in range(16)]
    assert [run.key for run in store.runs.latest(FMG, "summit")] == keys[:-15:-1]
    assert [run.key for run in store.runs.latest(FMG, "summit", limit=2)] == [keys[15], keys[14]]
    assert store.runs.latest(FMG, "harbor") == []


def test_the_last_delivery_is_found_behind_later_failures(store: Store, begin: Callable[..., RunKey]) -> None:
    assert store.runs.last_delivered(FMG, "summit") is None
    assert store.runs.newest_delivered_snapshot(FMG, "summit") == 0
    begin()
    delivered = begin()
    store.ledger.finish(delivered, Receipt(4, 9, {}), {}, {}, status=RunStatus.PARTIAL)
    store.runs.update(begin(), status=RunStatus.FAILED)
    found = store.runs.last_delivered(FMG, "summit")
    assert found is not None
    assert (found.key, found.status, found.generation) == (delivered, RunStatus.PARTIAL, 4)
    assert found.delivered_at == found.ended_at
    assert store.runs.newest_delivered_snapshot(FMG, "summit") == delivered.snapshot


@pytest.mark.requirement("SAFE-5")
def test_runs_that_ended_without_a_word_are_said_to_have_ended(store: Store, begin: Callable[..., RunKey]) -> None:
    dead, held, done, other, replayed = begin(), begin(), begin(), begin("harbor"), begin(dry_run=True, replays=1)
    store.runs.update(held, status=RunStatus.HELD)
    store.ledger.finish(done, Receipt(1, 1, {}), {}, {})
    now = begin()
    store.runs.give_up_on_older(now)
    states = [(store.runs.get(key).status, store.runs.get(key).error_code) for key in (dead, held, done, other, replayed, now)]
    running = (RunStatus.RUNNING, "")
    assert states == [(RunStatus.FAILED, "RUN_ABANDONED"), (RunStatus.HELD, ""), (RunStatus.SUCCESS, ""), running, running, running]
    assert store.runs.get(dead).ended_at is not None


def test_what_a_backfill_looked_at_again_is_not_the_latest_run(store: Store, begin: Callable[..., RunKey]) -> None:
    real = begin()
    replay = begin(dry_run=True, replays=real.snapshot)
    assert store.runs.get(replay).replays == real.snapshot
    assert [row.key for row in store.runs.latest(FMG, "summit")] == [real]


@pytest.mark.requirement("CARD-6")
def test_the_runs_of_a_night_are_found_by_its_interval_the_delivered_one_first(store: Store, begin: Callable[..., RunKey]) -> None:
    start, end = datetime(2026, 11, 20, 10, tzinfo=UTC), datetime(2026, 11, 21, 10, tzinfo=UTC)
    night: dict[str, Any] = {"dag_id": "fmg_daily_sync", "interval_start": start, "interval_end": end}
    older, delivered, newest = (begin(**night, run_id="scheduled__1") for _ in range(3))
    by_hand = begin(**night, run_id="manual__1")
    store.ledger.finish(delivered, Receipt(1, 1, {}), {}, {})
    store.ledger.finish(by_hand, Receipt(2, 1, {}), {}, {})
    begin(**{**night, "dag_id": "another"})
    begin(**{**night, "interval_end": end + timedelta(hours=1)})
    begin(**night, dry_run=True, replays=1)
    undo = begin(**night)
    store.runs.update(undo, mode="undo")
    found = store.runs.of_interval(FMG, "summit", "fmg_daily_sync", start, end)
    assert [row.key for row in found] == [delivered, newest, older, by_hand]
    assert store.runs.of_interval(FMG, "harbor", "fmg_daily_sync", start, end) == []


@pytest.mark.requirement("SAFE-7")
def test_the_run_that_made_a_generation_is_the_first_that_delivered_it(store: Store, begin: Callable[..., RunKey]) -> None:
    first, second, quiet = begin(run_id="a"), begin(run_id="a"), begin(run_id="b")
    for key, generation in ((first, 1), (second, 2), (quiet, 2)):
        store.ledger.finish(key, Receipt(generation, 1, {}), {}, {})
    made = [store.runs.maker_of(FMG, "summit", generation) for generation in (1, 2, 3)]
    assert [row.key if row else None for row in made] == [first, second, None]
    assert [row.key for row in store.runs.of_trigger(FMG, "summit", "fmg_daily_sync", "a")] == [second, first]
