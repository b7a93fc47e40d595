from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count, permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from crosswalk.core.model import RunKey
from crosswalk.core.ports import Receipt
from crosswalk.errors import Fenced
from crosswalk.store.database import connect, reading
from crosswalk.store.leases import Lease, require
from crosswalk.store.store import Store

FMG = "smartoffice_to_fmg"
TTL = 60


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(engine: Engine, clock: Clock) -> Store:
    return Store(engine, clock)


def acquire(store: Store, holder: str, snapshot: int, account: str = "summit") -> Lease:
    return store.leases.acquire(RunKey(FMG, account, snapshot), holder, TTL)


def may_write(store: Store, lease: Lease) -> bool:
    try:
        with reading(store.engine, "asking") as connection:
            require(connection, lease)
    except Fenced as error:
        assert error.code == "LEASE_LOST"
        return False
    return True


def refusal(work: Callable[..., object], *arguments: Any) -> str:
    with pytest.raises(Fenced) as raised:
        work(*arguments)
    return raised.value.code


@pytest.mark.requirement("SAFE-4")
def test_a_second_run_is_told_who_has_the_account(store: Store) -> None:
    acquire(store, "fmg_daily_sync manual__1", 1)
    found = r"fmg_daily_sync manual__1 \(snapshot 1\) has the account since 2027-01-15 08:00:00 UTC, until 2027-01-15 08:01:00 UTC"
    with pytest.raises(Fenced, match=found) as raised:
        acquire(store, "fmg_daily_sync scheduled__2", 2)
    assert raised.value.code == "ACCOUNT_BUSY"
    acquire(store, "fmg_daily_sync scheduled__2", 2, account="harbor")


@pytest.mark.requirement("SAFE-4")
@pytest.mark.parametrize("snapshot", [1, 2])
def test_a_later_attempt_of_the_run_takes_over_at_once_and_fences_the_earlier(store: Store, snapshot: int) -> None:
    first = acquire(store, "run", 1)
    second = acquire(store, "run", snapshot)
    assert may_write(store, second)
    assert not may_write(store, first)
    assert refusal(store.leases.renew, first, TTL) == "LEASE_LOST"
    store.leases.release(first)
    assert may_write(store, second)


def test_another_run_takes_over_only_once_the_lease_expired(store: Store, clock: Clock) -> None:
    first = acquire(store, "first", 1)
    clock.now += TTL - 0.001
    assert refusal(acquire, store, "second", 2) == "ACCOUNT_BUSY"
    clock.now += 0.001
    second = acquire(store, "second", 2)
    assert may_write(store, second)
    assert not may_write(store, first)
    assert refusal(store.leases.fence, first) == "LEASE_LOST"


def test_a_renewed_lease_lasts(store: Store, clock: Clock) -> None:
    lease = acquire(store, "run", 1)
    for _ in range(3):
        clock.now += TTL - 1
        store.leases.renew(lease, TTL)
    assert refusal(acquire, store, "other", 2) == "ACCOUNT_BUSY"
    assert store.leases.at_work(lease.key)


def test_a_sleeper_may_go_on_when_nobody_took_over(store: Store, clock: Clock) -> None:
    lease = acquire(store, "run", 1)
    clock.now += 2 * TTL
    assert not store.leases.at_work(lease.key)
    store.leases.renew(lease, TTL)
    assert may_write(store, lease)
    assert refusal(acquire, store, "other", 2) == "ACCOUNT_BUSY"


def test_a_released_lease_is_free_for_any_run(store: Store) -> None:
    lease = acquire(store, "second", 2)
    store.leases.release(lease)
    assert not may_write(store, lease)
    assert not store.leases.at_work(lease.key)
    assert may_write(store, acquire(store, "first", 1))


@pytest.mark.requirement("SAFE-4")
def test_the_fence_keeps_older_snapshots_out_for_good(store: Store) -> None:
    newer = acquire(store, "second", 2)
    store.leases.fence(newer)
    store.leases.release(newer)
    assert refusal(acquire, store, "first", 1) == "STALE_SNAPSHOT"
    acquire(store, "second again", 2)


@pytest.mark.requirement("SAFE-4")
def test_no_lease_below_a_delivered_snapshot(store: Store, begin: Callable[..., RunKey]) -> None:
    old, new = begin(), begin()
    store.ledger.finish(new, Receipt(1, 1, {}), {}, {})
    with pytest.raises(Fenced, match="snapshot 2 of smartoffice_to_fmg/summit is newer than 1") as raised:
        acquire(store, "run", old.snapshot)
    assert raised.value.code == "STALE_SNAPSHOT"


@pytest.mark.requirement("SAFE-4")
def test_of_eight_processes_one_gets_the_lease(url: str, engine: Engine, at_once: Callable[..., list[Any]]) -> None:
    found = at_once(8, lambda number: acquire(Store(connect(url)), f"run{number}", 1))
    assert len([answer for answer in found if isinstance(answer, Lease)]) == 1
    assert len([answer for answer in found if "ACCOUNT_BUSY" in str(answer)]) == 7


@pytest.mark.requirement("SAFE-4")
def test_in_any_order_of_five_runs_the_newest_snapshot_wins(sqlite_engine: Engine) -> None:
    store = Store(sqlite_engine)
    for number, order in enumerate(permutations(range(1, 6))):
        newest = 0
        for snapshot in order:
            key = RunKey(FMG, f"account{number}", snapshot)
            if snapshot < newest:
                assert refusal(store.leases.acquire, key, str(key), 0) == "STALE_SNAPSHOT"
            else:
                store.leases.fence(store.leases.acquire(key, str(key), 0))
                newest = snapshot


@dataclass
class Model:
    """What the leases of one account must do, in a few lines of memory."""

    fenced: int = 0
    owner: Lease | None = None
    expires: float = 0.0
    handed: list[Lease] = field(default_factory=list)

    def expected(self, holder: str, snapshot: int, now: float) -> str:
        if snapshot < self.fenced:
            return "STALE_SNAPSHOT"
        other = self.owner is not None and self.owner.holder != holder
        return "ACCOUNT_BUSY" if other and self.expires > now else ""

    def take(self, lease: Lease, now: float) -> None:
        self.owner, self.expires = lease, now + TTL
        self.handed.append(lease)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("acquire"), st.sampled_from("ab"), st.integers(1, 4)),
        st.tuples(st.just("wait"), st.sampled_from([1, TTL // 2, TTL]), st.just(0)),
        st.tuples(st.sampled_from(["renew", "release", "fence"]), st.just(""), st.integers(0, 5)),
    ),
    max_size=14,
)
ACCOUNTS = count()


@pytest.mark.requirement("SAFE-4")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_one_attempt_at_most_may_write(sqlite_engine: Engine, clock: Clock, steps: list[tuple[str, Any, int]]) -> None:
    store, model, account = Store(sqlite_engine, clock), Model(), f"account{next(ACCOUNTS)}"
    for action, what, number in steps:
        if action == "wait":
            clock.now += what
        elif action == "acquire":
            expected = model.expected(what, number, clock.now)
            if expected:
                assert refusal(acquire, store, what, number, account) == expected
            else:
                model.take(acquire(store, what, number, account), clock.now)
        elif model.handed:
            act_on_lease(store, clock, model, action, model.handed[number % len(model.handed)])
        assert [lease for lease in model.handed if may_write(store, lease)] == ([model.owner] if model.owner else [])


def act_on_lease(store: Store, clock: Clock, model: Model, action: str, lease: Lease) -> None:
    ours = lease == model.owner
    if action == "release":
        store.leases.release(lease)
        model.owner = None if ours else model.owner
    elif not ours:
        assert refusal(store.leases.fence, lease) == "LEASE_LOST"
        assert refusal(store.leases.renew, lease, TTL) == "LEASE_LOST"
    elif action == "renew":
        store.leases.renew(lease, TTL)
        model.expires = clock.now + TTL
    elif lease.key.snapshot < model.fenced:
        assert refusal(store.leases.fence, lease) == "STALE_SNAPSHOT"
    else:
        store.leases.fence(lease)
        model.fenced = lease.key.snapshot
