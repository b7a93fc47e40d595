"""One rate limit per connection, shared by everything in the process that uses the connection."""

from __future__ import annotations

from threading import Lock

from pyrate_limiter import Limiter, Rate

_SECOND = 1000  # pyrate_limiter counts in milliseconds
_limiters: dict[str, tuple[float, Limiter]] = {}
_lock = Lock()


def limiter(name: str, requests_per_second: float) -> Limiter:
    """Give the limiter of the connection `name`; a changed rate takes the place of the old one."""
    with _lock:
        rate, known = _limiters.get(name, (None, None))
        if known is None or rate != requests_per_second:
            known = Limiter(_rate(requests_per_second), buffer_ms=5)
            _limiters[name] = requests_per_second, known
        return known


def wait_for_turn(limits: Limiter) -> None:
    """Return once the next request may go."""
    limits.try_acquire()


def _rate(requests_per_second: float) -> Rate:
    if requests_per_second >= 1:
        return Rate(int(requests_per_second), _SECOND)
    return Rate(1, int(_SECOND / requests_per_second))
