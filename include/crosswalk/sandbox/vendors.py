"""Everything the vendors hold and what was asked of them, replaced as a whole; and the moments to come back to."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol

from crosswalk.sandbox.agent_crm.system import AgentCrm
from crosswalk.sandbox.autotask.system import Autotask
from crosswalk.sandbox.connectwise.system import ConnectWise
from crosswalk.sandbox.emoney.system import Emoney
from crosswalk.sandbox.faults import Fault, FaultBook
from crosswalk.sandbox.flex.system import Flex
from crosswalk.sandbox.fmg.system import Fmg
from crosswalk.sandbox.hubspot.system import HubSpot
from crosswalk.sandbox.messages import Call, Refused, Reply, Request
from crosswalk.sandbox.mindmatrix.system import Mindmatrix
from crosswalk.sandbox.request_log import RequestLog
from crosswalk.sandbox.smartoffice.system import SmartOffice


class System(Protocol):
    """What the sandbox asks of a vendor."""

    name: str

    def describe(self, request: Request) -> Call: ...

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply: ...

    def expire(self, request: Request) -> Reply: ...

    def error(self, code: str, status: int) -> Reply: ...


@dataclass(frozen=True)
class Vendors:
    """Every system with its customers, the faults and their log.

    A reset or a restored checkpoint puts others in their place and leaves these as they are: a request still in work ends with
    the vendors it began with, and writes nothing into those that came after them.
    """

    smartoffice: SmartOffice = field(default_factory=SmartOffice)
    fmg: Fmg = field(default_factory=Fmg)
    emoney: Emoney = field(default_factory=Emoney)
    autotask: Autotask = field(default_factory=Autotask)
    connectwise: ConnectWise = field(default_factory=ConnectWise)
    mindmatrix: Mindmatrix = field(default_factory=Mindmatrix)
    agent_crm: AgentCrm = field(default_factory=AgentCrm)
    hubspot: HubSpot = field(default_factory=HubSpot)
    flex: Flex = field(default_factory=Flex)
    faults: FaultBook = field(default_factory=FaultBook)
    log: RequestLog = field(default_factory=RequestLog)

    def system(self, name: str) -> System | None:
        """The system of that name."""
        sources: tuple[System, ...] = (self.smartoffice, self.autotask, self.connectwise, self.hubspot)
        systems: tuple[System, ...] = (self.fmg, self.emoney, self.mindmatrix, self.agent_crm, self.flex, *sources)
        return {system.name: system for system in systems}.get(name)

    def copy(self, later: float) -> Vendors:
        """What all systems hold at one moment, with times moved by `later` seconds; no faults and an empty log."""
        with ExitStack() as held:
            for lock in self._locks():
                held.enter_context(lock)
            return Vendors(
                self.smartoffice.copy(later),
                self.fmg.copy(later),
                self.emoney.copy(later),
                self.autotask.copy(later),
                self.connectwise.copy(later),
                self.mindmatrix.copy(later),
                self.agent_crm.copy(later),
                self.hubspot.copy(later),
                self.flex.copy(later),
            )

    def _locks(self) -> Iterator[AbstractContextManager[Any]]:
        """The lock of every customer of every system, always in the same order."""
        for customers in (
            self.fmg.accounts,
            self.smartoffice.offices,
            self.emoney.firms,
            self.autotask.databases,
            self.connectwise.companies,
            self.mindmatrix.organizations,
            self.agent_crm.businesses,
            self.hubspot.portals,
            self.flex.sites,
        ):
            yield from (customer.lock for customer in dict[str, Any](customers).values())


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
