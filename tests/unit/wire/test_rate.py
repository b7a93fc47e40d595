"""The throttle of a connection: shared by all its callers, and a pause the vendor asked for holds all of them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from crosswalk.errors import ConfigurationError
from crosswalk.wire import throttle as rate
from crosswalk.wire.throttle import Throttle, throttle_of


def test_a_connection_has_one_throttle_in_a_process_until_its_rate_changes() -> None:
    first = throttle_of("shared_test", 5)
    assert throttle_of("shared_test", 5) is first
    assert throttle_of("other_test", 5) is not first
    assert throttle_of("shared_test", 6) is not first
    with pytest.raises(ConfigurationError, match="CONN_EXTRA"):
        throttle_of("shared_test", 0)


def test_a_pause_binds_every_caller_and_a_shorter_one_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(rate, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    throttle = Throttle(1000)
    throttle.wait_for_turn()
    assert slept == []
    throttle.pause(30)
    throttle.pause(2)
    throttle.wait_for_turn()
    assert sum(slept) == pytest.approx(30)
    throttle.wait_for_turn()
    assert sum(slept) == pytest.approx(30)


def test_who_already_waits_for_a_turn_hears_of_a_pause_too() -> None:
    throttle = Throttle(1)
    throttle.wait_for_turn()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(throttle.wait_for_turn)
        time.sleep(0.1)
        until = time.monotonic() + 1.5
        throttle.pause(1.5)
        waiting.result()
    assert time.monotonic() >= until
