"""One rate limit per connection, shared by everything in the process that uses the connection."""

from __future__ import annotations

from threading import Lock

from pyrate_limiter import InMemoryBucket, Limiter, Rate

from crosswalk.errors import ConfigurationError

_WINDOW = 1050  # milliseconds; a little over a second, for requests that set out evenly may arrive unevenly
_limiters: dict[str, tuple[float, Limiter]] = {}
_lock = Lock()


def limiter(name: str, requests_per_second: float) -> Limiter:
    """Give the limiter of the connection `name`; a changed rate takes the place of the old one."""
    if requests_per_second <= 0:
        raise ConfigurationError(
            "CONN_EXTRA", doing=f"checking the connection {name}", found="Requests per second is not above 0", fix="correct it"
        )
    with _lock:
        rate, known = _limiters.get(name, (None, None))
        if known is None or rate != requests_per_second:
            known = Limiter(InMemoryBucket([_rate(requests_per_second)]), buffer_ms=5)
            _limiters[name] = requests_per_second, known
        return known


def wait_for_turn(limits: Limiter) -> None:
    """Return once the next request may go."""
    limits.try_acquire()


def _rate(requests_per_second: float) -> Rate:
    if requests_per_second >= 1:
        return Rate(int(requests_per_second), _WINDOW)
    return Rate(1, int(_WINDOW / requests_per_second))
