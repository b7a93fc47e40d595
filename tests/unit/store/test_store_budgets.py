"""A vendor's minute is one quota for every process: never a request too many in any window, none lost to a crash."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from crosswalk.store.database import connect
from crosswalk.store.quotas import StoredQuota
from crosswalk.wire.quota import Quota

AT_ONCE = Callable[[int, Callable[[int], Any]], list[Any]]


@given(
    limit=st.integers(1, 6),
    arrivals=st.lists(st.floats(0, 30), max_size=40).map(sorted),
)
@pytest.mark.requirement("EMON-07")
def test_no_window_ever_holds_more_than_the_limit(limit: int, arrivals: list[float]) -> None:
    allowance, taken, now = Quota(limit, 10), [], 0.0
    for arrival in arrivals:
        now = max(now, arrival)
        now += allowance.wait(taken, now)
        assert allowance.wait(taken, now) <= 1e-9
        taken.append(now)
    assert all(later - earlier > 10 for earlier, later in zip(taken, taken[limit:], strict=False))


@given(limit=st.integers(1, 6), taken=st.lists(st.floats(0, 100), max_size=8).map(sorted), requests=st.integers(0, 30))
def test_an_estimate_is_what_the_waits_add_up_to(limit: int, taken: list[float], requests: int) -> None:
    allowance, now, times = Quota(limit, 10), 100.0, list(taken)
    for _ in range(requests):
        now += allowance.wait(times, now)
        times.append(now)
    assert allowance.estimate(taken, 100.0, requests) == pytest.approx(now - 100.0)


def test_a_clock_set_back_locks_nobody_out() -> None:
    assert Quota(1, 10).wait([5_000.0], 100.0) == pytest.approx(10.5)


@pytest.mark.requirement("EMON-07")
def test_processes_share_one_quota(url: str, engine: Engine, at_once: AT_ONCE) -> None:
    limit, window = 12, 1.0

    def work(_: int) -> list[tuple[float, float]]:
        quota = StoredQuota(connect(url), "emoney_summit", Quota(limit, window))
        return [taken(quota) for _ in range(8)]

    spans = sorted(one for spans in at_once(4, work) for one in spans)
    assert len(spans) == 32
    for (began, _), (_, ended) in zip(spans, spans[limit:], strict=False):
        assert ended - began > window  # each was taken somewhere within its span
    assert spans[-1][1] - spans[0][0] > 2 * window


def taken(quota: StoredQuota) -> tuple[float, float]:
    """Take one request; when the successful call began and ended."""
    while True:
        began = time.time()
        left = quota.take()
        if not left:
            return began, time.time()
        time.sleep(left)


def test_connections_do_not_share_and_a_pause_binds_everybody(engine: Engine) -> None:
    one, other = (StoredQuota(engine, name, Quota(1, 60)) for name in ("emoney_summit", "emoney_harbor"))
    assert (one.take(), other.take()) == (0.0, 0.0)
    assert 60 < one.take() <= 63
    assert one.estimate(2) == pytest.approx(126, abs=5)
    again = StoredQuota(engine, "emoney_summit", Quota(100, 60))
    again.pause(500)
    again.pause(5)
    assert 490 < one.take() <= 500
    assert StoredQuota(engine, "emoney_unheard_of", Quota(1, 60)).estimate(3) == pytest.approx(126)
