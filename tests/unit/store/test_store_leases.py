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
from crosswalk.store.engine import connect
from crosswalk.store.leases import Lease
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
    return store.leases.acquire(FMG, account, holder, snapshot, TTL)


def refusal(work: Callable[..., object], *arguments: Any) -> str:
    with pytest.raises(Fenced) as raised:
        work(*arguments)
    return raised.value.code


@pytest.mark.requirement("SAFE-4")
def test_a_second_run_is_told_who_is_writing(store: Store) -> None:
    acquire(store, "manual__1", 1)
    with pytest.raises(Fenced, match=r"manual__1 \(snapshot 1\) is writing, until 2027-01-15 08:01:00 UTC") as raised:
        acquire(store, "scheduled__2", 2)
    assert raised.value.code == "LEASE_HELD"
    acquire(store, "scheduled__2", 2, account="harbor")


def test_the_same_run_takes_its_lease_again(store: Store, clock: Clock) -> None:
    lease = acquire(store, "run", 1)
    clock.now += TTL - 1
    assert acquire(store, "run", 1) == lease
    clock.now += TTL - 1
    store.leases.check(lease)


def test_the_same_name_with_another_snapshot_is_another_run(store: Store) -> None:
    acquire(store, "run", 1)
    assert refusal(acquire, store, "run", 2) == "LEASE_HELD"


def test_a_lease_is_taken_over_only_once_it_expired(store: Store, clock: Clock) -> None:
    first = acquire(store, "first", 1)
    clock.now += TTL - 0.001
    assert refusal(acquire, store, "second", 2) == "LEASE_HELD"
    clock.now += 0.001
    second = acquire(store, "second", 2)
    assert second.fence == 2
    store.leases.check(second)
    assert refusal(store.leases.check, first) == "LEASE_LOST"
    assert refusal(store.leases.renew, first) == "LEASE_LOST"
    store.leases.release(first)
    store.leases.check(second)


def test_another_attempt_of_the_run_takes_over_after_expiry(store: Store, clock: Clock) -> None:
    first = acquire(store, "try 1", 1)
    clock.now += TTL
    store.leases.check(acquire(store, "try 2", 1))
    assert refusal(store.leases.check, first) == "LEASE_LOST"


def test_a_renewed_lease_lasts(store: Store, clock: Clock) -> None:
    lease = acquire(store, "run", 1)
    for _ in range(3):
        clock.now += TTL - 1
        store.leases.renew(lease)
    store.leases.check(lease)


def test_a_sleeper_may_go_on_when_nobody_took_over(store: Store, clock: Clock) -> None:
    lease = acquire(store, "run", 1)
    clock.now += 2 * TTL
    assert refusal(store.leases.check, lease) == "LEASE_LOST"
    store.leases.renew(lease)
    store.leases.check(lease)


def test_a_released_lease_is_free_but_never_for_an_older_snapshot(store: Store) -> None:
    lease = acquire(store, "second", 2)
    store.leases.release(lease)
    assert refusal(store.leases.check, lease) == "LEASE_LOST"
    assert refusal(acquire, store, "first", 1) == "STALE_SNAPSHOT"
    acquire(store, "again", 2)


@pytest.mark.requirement("SAFE-4")
def test_no_lease_below_a_delivered_snapshot(store: Store, begin: Callable[..., RunKey]) -> None:
    old, new = begin(), begin()
    store.ledger.finish(new, Receipt(1, 1, {}), {}, {})
    with pytest.raises(Fenced, match="snapshot 2 of smartoffice_to_fmg/summit is newer than 1") as raised:
        acquire(store, "run", old.snapshot)
    assert raised.value.code == "STALE_SNAPSHOT"


@pytest.mark.requirement("SAFE-4")
def test_of_eight_processes_one_gets_the_lease(url: str, engine: Engine, at_once: Callable[..., list[Any]]) -> None:
    found = at_once(8, lambda number: Store(connect(url)).leases.acquire(FMG, "summit", f"run{number}", 1, TTL))
    assert len([answer for answer in found if isinstance(answer, Lease)]) == 1
    assert len([answer for answer in found if "LEASE_HELD" in str(answer)]) == 7


@pytest.mark.requirement("SAFE-4")
def test_in_any_order_of_five_runs_the_newest_snapshot_wins(sqlite_engine: Engine) -> None:
    store = Store(sqlite_engine)
    for number, order in enumerate(permutations(range(5))):
        account = f"account{number}"
        for key in (RunKey(FMG, account, snapshot + 1) for snapshot in order):
            newest = max(snapshot + 1 for snapshot in order[: order.index(key.snapshot - 1) + 1])
            try:
                store.leases.acquire(FMG, account, str(key), key.snapshot, ttl_seconds=0)
                assert key.snapshot == newest
            except Fenced as error:
                assert (error.code, key.snapshot < newest) == ("STALE_SNAPSHOT", True)


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
        other = self.owner is not None and (self.owner.holder, self.owner.fence) != (holder, snapshot)
        return "LEASE_HELD" if other and self.expires > now else ""

    def take(self, lease: Lease, now: float) -> None:
        assert lease.fence >= self.fenced, "the fence only rises"
        self.fenced, self.owner, self.expires = lease.fence, lease, now + TTL
        self.handed.append(lease)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("acquire"), st.sampled_from("ab"), st.integers(1, 4)),
        st.tuples(st.just("wait"), st.sampled_from([1, TTL // 2, TTL]), st.just(0)),
        st.tuples(st.sampled_from(["renew", "release", "check"]), st.just(""), st.integers(0, 5)),
    ),
    max_size=14,
)
ACCOUNTS = count()


@pytest.mark.requirement("SAFE-4")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_one_run_at_most_may_write(sqlite_engine: Engine, clock: Clock, steps: list[tuple[str, Any, int]]) -> None:
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
        writers = [lease for lease in dict.fromkeys(model.handed) if may_write(store, lease)]
        assert writers == ([model.owner] if model.owner and model.expires > clock.now else [])


def act_on_lease(store: Store, clock: Clock, model: Model, action: str, lease: Lease) -> None:
    ours = lease == model.owner
    if action == "release":
        store.leases.release(lease)
        model.owner = None if ours else model.owner
    elif action == "renew" and ours:
        store.leases.renew(lease)
        model.expires = clock.now + TTL
    elif action == "renew":
        assert refusal(store.leases.renew, lease) == "LEASE_LOST"


def may_write(store: Store, lease: Lease) -> bool:
    try:
        store.leases.check(lease)
    except Fenced:
        return False
    return True
