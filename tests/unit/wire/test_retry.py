"""How long a refused request waits."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from crosswalk.errors import RateLimited, TransientError
from crosswalk.wire.retry_policy import RetryPolicy, retry_after_seconds

NOW = datetime(2026, 1, 5, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        (format_datetime(NOW.replace(minute=2), usegmt=True), 120.0),
        (format_datetime(NOW.replace(hour=8), usegmt=True), 0.0),
        ("Mon, 05 Jan 2026 09:00:30", 30.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("9" * 400, None),
        ("Mon, 99 Jan 2026 09:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


def waits(monkeypatch: pytest.MonkeyPatch, policy: RetryPolicy, error: TransientError) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)

    def attempt() -> None:
        raise error

    with pytest.raises(TransientError) as caught:
        policy.run(attempt)
    assert caught.value is error
    return slept


def limited(seconds: float | None) -> RateLimited:
    error = RateLimited("CONN_RATE_LIMITED", operation="a", problem="b", next_step="c")
    error.wait_seconds = seconds
    return error


def test_the_wait_doubles_and_never_falls_short(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = waits(monkeypatch, RetryPolicy(), TransientError("SRC_BUSY", operation="a", problem="b", next_step="c"))
    assert len(slept) == 4
    assert all(wait >= least for wait, least in zip(slept, (0.5, 1, 2, 4), strict=True))


def test_the_vendor_s_wish_is_a_floor_and_clients_come_back_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = [waits(monkeypatch, RetryPolicy(attempts=2), limited(10))[0] for _ in range(20)]
    assert min(slept) >= 10
    assert max(slept) - min(slept) > 0.5


def test_all_waits_together_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(waits(monkeypatch, RetryPolicy(max_total_wait=15), limited(10))) == 1
    assert waits(monkeypatch, RetryPolicy(max_total_wait=25), limited(3600)) == []


def test_other_errors_are_not_tried_again() -> None:
    tries = []

    def attempt() -> None:
        tries.append(1)
        raise KeyError

    with pytest.raises(KeyError):
        RetryPolicy().run(attempt)
    assert tries == [1]
