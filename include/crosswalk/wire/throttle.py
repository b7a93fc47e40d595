"""Client-side rate limiting: one throttle per connection, shared by all clients of the process."""

from __future__ import annotations

import time
from threading import Lock

from pyrate_limiter import InMemoryBucket, Limiter, Rate

from crosswalk.errors import ConfigurationError

_WINDOW = 1050  # milliseconds; slightly over a second, because evenly spaced requests may arrive bunched together


class Throttle:
    """Limits one connection to a number of requests per second, and to none during a pause the vendor asked for."""

    def __init__(self, requests_per_second: float) -> None:
        self._limiter = Limiter(InMemoryBucket([_rate(requests_per_second)]), buffer_ms=5)
        self._not_before = 0.0

    def wait_for_turn(self) -> None:
        """Block until the next request may be sent."""
        while True:
            while (left := self._not_before - time.monotonic()) > 0:
                time.sleep(left)
            self._limiter.try_acquire()
            if self._not_before <= time.monotonic():
                return

    def pause(self, seconds: float) -> None:
        """Block every caller for this long, not only the one that got the 429: the vendor limits the whole connection."""
        self._not_before = max(self._not_before, time.monotonic() + seconds)

    def close(self) -> None:
        """Stop the limiter's background thread."""
        self._limiter.close()


_throttles: dict[str, tuple[float, Throttle]] = {}
_lock = Lock()


def throttle_of(name: str, requests_per_second: float) -> Throttle:
    """Return the throttle of the connection `name`; a changed rate replaces the old throttle."""
    if requests_per_second <= 0:
        raise ConfigurationError(
            "CONN_EXTRA",
            operation=f"checking the connection {name}",
            problem="Requests per second is not above 0",
            next_step="set Requests per second to a number above 0, such as 5",
        )
    with _lock:
        rate, known = _throttles.get(name, (None, None))
        if known is None or rate != requests_per_second:
            known = Throttle(requests_per_second)
            _throttles[name] = requests_per_second, known
        return known


def forget_throttles() -> None:
    """Stop every throttle and its thread, before a process forks: a child inherits the lock but not the thread that releases it."""
    with _lock:
        for _, throttle in _throttles.values():
            throttle.close()
        _throttles.clear()


def _rate(requests_per_second: float) -> Rate:
    if requests_per_second >= 1:
        return Rate(int(requests_per_second), _WINDOW)
    return Rate(1, int(_WINDOW / requests_per_second))
