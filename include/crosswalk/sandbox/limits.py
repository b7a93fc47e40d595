"""The rate and the parallelism an account is held to. Off until the control API switches them on."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

TOLERANCE = 1.1  # a client that keeps the limit by its own clock must not fail by the jitter of the way


@dataclass
class Limits:
    """Limits of one account; 0 is no limit."""

    requests_per_second: int = 0
    parallel: int = 0


class Gate:
    """A token bucket and a count of requests under way. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens = math.inf
        self._filled = time.monotonic()
        self._inside = 0

    def copy(self, later: float) -> Gate:
        """A gate as full as this one was, with nobody in it; times moved by `later` seconds."""
        other = Gate()
        with self._lock:
            other._tokens, other._filled = self._tokens, self._filled + later
        return other

    @contextmanager
    def passing(self, limits: Limits) -> Iterator[float]:
        """Yield 0 when the request may pass, else the seconds to wait; count it as under way meanwhile."""
        with self._lock:
            self._inside += 1
            wait = self._take(limits.requests_per_second)
            if limits.parallel and self._inside > limits.parallel:
                wait = max(wait, 1.0)
        try:
            yield wait
        finally:
            with self._lock:
                self._inside -= 1

    def _take(self, rate: int) -> float:
        if not rate:
            self._tokens = math.inf
            return 0.0
        now = time.monotonic()
        self._tokens = min(rate * TOLERANCE, self._tokens + (now - self._filled) * rate * TOLERANCE)
        self._filled = now
        if self._tokens < 1:
            return (1 - self._tokens) / (rate * TOLERANCE)
        self._tokens -= 1
        return 0.0
