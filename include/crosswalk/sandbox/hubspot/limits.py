"""How often a HubSpot account may be asked. Off until the control API switches it on; 0 is no limit."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

POLICIES = {"burst": ("TEN_SECONDLY_ROLLING", 10.0), "search": ("SECONDLY", 1.0), "daily": ("DAILY", 86_400.0)}
"""Each limit's policyName, and the seconds it looks back."""


@dataclass
class Limits:
    """Requests in 10 seconds, searches a second, requests a day."""

    burst: int = 0
    search: int = 0
    daily: int = 0


class Meter:
    """Counts the requests of an account. Thread-safe."""

    def __init__(self) -> None:
        self.limits = Limits()
        self._lock = threading.Lock()
        self._passed: dict[str, deque[float]] = {name: deque() for name in POLICIES}

    def copy(self, later: float) -> Meter:
        """As full as this one; times moved by `later` seconds."""
        other = Meter()
        with self._lock:
            other.limits = Limits(**vars(self.limits))
            other._passed = {name: deque(moment + later for moment in moments) for name, moments in self._passed.items()}
        return other

    def take(self, *, search: bool) -> str:
        """Count a request; return the policy it breaks, "" when it may pass. A refused request does not count."""
        now = time.monotonic()
        with self._lock:
            asked = [name for name in POLICIES if getattr(self.limits, name) and (name != "search" or search)]
            for name in asked:
                policy, seconds = POLICIES[name]
                moments = self._passed[name]
                while moments and now - moments[0] >= seconds:
                    moments.popleft()
                if len(moments) >= getattr(self.limits, name):
                    return policy
            for name in asked:
                self._passed[name].append(now)
        return ""
