"""Everything the vendors hold and what was asked of them, replaced as a whole; and the checkpoints to come back to."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from crosswalk.sandbox.discovery import found_vendors
from crosswalk.sandbox.faults import FaultBook
from crosswalk.sandbox.messages import Refused
from crosswalk.sandbox.request_log import RequestLog
from crosswalk.sandbox.system import System


def _without_customers() -> Mapping[str, System[Any]]:
    return {name: vendor.system() for name, vendor in found_vendors().items()}


@dataclass(frozen=True)
class Vendors:
    """Every system with its customers, the faults and the log.

    A reset or a restored checkpoint puts others in their place and leaves these as they are: a request still in work ends with
    the vendors it began with, and writes nothing into those that came after them.
    """

    systems: Mapping[str, System[Any]] = field(default_factory=_without_customers)
    faults: FaultBook = field(default_factory=FaultBook)
    log: RequestLog = field(default_factory=RequestLog)

    def system(self, name: str) -> System[Any] | None:
        """The system of that name."""
        return self.systems.get(name)

    def copy(self, later: float) -> Vendors:
        """What all systems hold at one moment, with times moved by `later` seconds; no faults and an empty log."""
        with ExitStack() as held:
            # Always in the same order, or two copies at a time could wait for each other.
            for system in self.systems.values():
                for customer in system.customers.copy().values():
                    held.enter_context(customer.lock)
            return Vendors({name: system.copy(later) for name, system in self.systems.items()})


class Checkpoints:
    """Moments to come back to, by number. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._kept: dict[int, tuple[float, Vendors]] = {}

    def take(self, vendors: Vendors) -> int:
        """Remember what the vendors hold now, and return the number to ask for it by."""
        with self._lock:
            number = next(self._numbers)
            self._kept[number] = (time.monotonic(), vendors.copy(later=0.0))
            return number

    def copy_of(self, number: int) -> Vendors:
        """Vendors that hold what was remembered, as old as it was then. Raises Refused (404 NOT_FOUND)."""
        with self._lock:
            if number not in self._kept:
                raise Refused(404, "NOT_FOUND", "no such checkpoint")
            taken, vendors = self._kept[number]
            return vendors.copy(later=time.monotonic() - taken)

    def forget(self) -> int:
        """Forget every checkpoint and return how many there were; their numbers are not given again."""
        with self._lock:
            number = len(self._kept)
            self._kept.clear()
            return number
