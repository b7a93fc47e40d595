"""One pace per connection, shared by everything in the process that uses the connection."""

from __future__ import annotations

import time
from threading import Lock

from pyrate_limiter import InMemoryBucket, Limiter, Rate

from crosswalk.errors import ConfigurationError

_WINDOW = 1050  # milliseconds; a little over a second, for requests that set out evenly may arrive unevenly


class Pace:
    """When the next request of a connection may go: so many a second, and none before an instant the vendor named."""

    def __init__(self, requests_per_second: float) -> None:
        self._limiter = Limiter(InMemoryBucket([_rate(requests_per_second)]), buffer_ms=5)
        self._not_before = 0.0

    def wait_for_turn(self) -> None:
        """Return once the next request may go."""
        while True:
            while (left := self._not_before - time.monotonic()) > 0:
                time.sleep(left)
            self._limiter.try_acquire()
            if self._not_before <= time.monotonic():
                return

    def pause(self, seconds: float) -> None:
        """Let nobody ask for so long: the vendor's wish binds every caller, not only the one who was told."""
        self._not_before = max(self._not_before, time.monotonic() + seconds)

    def close(self) -> None:
        """End the limiter's own thread."""
        self._limiter.close()


_paces: dict[str, tuple[float, Pace]] = {}
_lock = Lock()


def pace_of(name: str, requests_per_second: float) -> Pace:
    """Give the pace of the connection `name`; a changed rate takes the place of the old one."""
    if requests_per_second <= 0:
        raise ConfigurationError(
            "CONN_EXTRA",
            operation=f"checking the connection {name}",
            problem="Requests per second is not above 0",
            next_step="set Requests per second to a number above 0, such as 5",
        )
    with _lock:
        rate, known = _paces.get(name, (None, None))
        if known is None or rate != requests_per_second:
            known = Pace(requests_per_second)
            _paces[name] = requests_per_second, known
        return known


def forget_paces() -> None:
    """End every pace and its thread; before a process forks."""
    with _lock:
        for _, pace in _paces.values():
            pace.close()
        _paces.clear()


def _rate(requests_per_second: float) -> Rate:
    if requests_per_second >= 1:
        return Rate(int(requests_per_second), _WINDOW)
    return Rate(1, int(_WINDOW / requests_per_second))
