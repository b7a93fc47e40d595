"""So many requests in any window of time, counted together by every process that uses a connection.

The pace (rate.py) spreads one process's requests over seconds; a budget is what the vendor grants all of us for a minute. Where it is
kept is not the wire's business: a hook hands one in (store/quotas.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

_SLACK = 1.05
"""Requests that set out exactly a window apart may arrive closer together."""
_LONGEST_SLEEP = 5.0
"""Others may give room, or ask for a pause, before the time that was named: nobody sleeps through it."""


@dataclass(frozen=True)
class Allowance:
    """At most `limit` requests in any `seconds`, wherever the window begins. Pure: the times are seconds on one clock, ascending."""

    limit: int
    seconds: float = 60.0

    @property
    def window(self) -> float:
        """The window we keep, a little over the vendor's."""
        return self.seconds * _SLACK

    def still_counted(self, taken: Sequence[float], now: float) -> list[float]:
        """Give the times a request of now has to share the window with; one from a future clock counts as of now."""
        return [min(one, now) for one in taken if one > now - self.window]

    def wait(self, taken: Sequence[float], now: float) -> float:
        """Give the seconds until one more request may go, 0 when it may go now."""
        counted = self.still_counted(taken, now)
        return 0.0 if len(counted) < self.limit else counted[-self.limit] + self.window - now

    def estimate(self, taken: Sequence[float], now: float, requests: int) -> float:
        """Give the seconds until the last of so many further requests may go, if nobody else asks meanwhile."""
        counted = self.still_counted(taken, now)[-self.limit :]
        if requests <= 0:
            return 0.0
        rounds, place = divmod(len(counted) + requests - 1, self.limit)
        first = counted[place] if place < len(counted) else now
        return max(0.0, first + rounds * self.window - now)


class Budget(Protocol):
    """An allowance and what was taken of it, shared by all who use the connection. Thread-safe."""

    def take(self) -> float:
        """Take one request and give 0.0, or take nothing and give the seconds until it is worth asking again."""

    def pause(self, seconds: float) -> None:
        """Give nobody a request for so long: the vendor asked for it."""

    def estimate(self, requests: int) -> float:
        """Give the seconds until the last of so many further requests may go, if nobody else asks meanwhile."""


def wait_for_turn(budget: Budget) -> None:
    """Return once a request was taken. Raises what the budget's place raises."""
    while (left := budget.take()) > 0:
        time.sleep(min(left, _LONGEST_SLEEP))
