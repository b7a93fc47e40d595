"""A vendor's request quota: a limit per time window, counted over every process that uses the connection.

The throttle spreads the requests of one process over seconds; a quota is what the vendor grants all processes together per minute. Where
the count is kept is decided outside of the wire: the hook passes one in (store/quotas.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

_SLACK = 1.05
"""Requests sent exactly one window apart may arrive closer together, so we keep a slightly longer window than the vendor."""
_LONGEST_SLEEP = 5.0
"""Seconds. Another process may free a slot or pause the quota during the wait, so we ask again now and then."""


@dataclass(frozen=True)
class Quota:
    """At most `limit` requests within any `seconds` (a sliding window). Pure: times are seconds on one clock, ascending."""

    limit: int
    seconds: float = 60.0

    @property
    def window(self) -> float:
        """Our window in seconds, slightly longer than the vendor's."""
        return self.seconds * _SLACK

    def still_counted(self, taken: Sequence[float], now: float) -> list[float]:
        """Return the times that fall into the window of a request sent now; one from a clock ahead of ours counts as now."""
        return [min(one, now) for one in taken if one > now - self.window]

    def wait(self, taken: Sequence[float], now: float) -> float:
        """Return the seconds until one more request may be sent, 0 when it may be sent now."""
        counted = self.still_counted(taken, now)
        return 0.0 if len(counted) < self.limit else counted[-self.limit] + self.window - now

    def estimate(self, taken: Sequence[float], now: float, requests: int) -> float:
        """Return the seconds until the last of this many further requests may be sent, if no other process sends any."""
        counted = self.still_counted(taken, now)[-self.limit :]
        if requests <= 0:
            return 0.0
        rounds, place = divmod(len(counted) + requests - 1, self.limit)
        first = counted[place] if place < len(counted) else now
        return max(0.0, first + rounds * self.window - now)


class SharedQuota(Protocol):
    """A quota and the requests already counted against it, shared by all processes. Thread-safe."""

    def take(self) -> float:
        """Count one request and return 0.0, or count none and return the seconds to wait before asking again."""

    def pause(self, seconds: float) -> None:
        """Let no process send a request for this long: the vendor asked for it."""

    def estimate(self, requests: int) -> float:
        """Return the seconds until the last of this many further requests may be sent, if no other process sends any."""


def take_request(quota: SharedQuota) -> None:
    """Wait until one request is granted. Raises what `take` raises."""
    while (left := quota.take()) > 0:
        time.sleep(min(left, _LONGEST_SLEEP))
