"""The sandbox without its server: the systems, their faults and the log, from request to reply."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from crosswalk.sandbox.damage import replacement
from crosswalk.sandbox.faults import PAGE_KINDS, Fault, FaultBook
from crosswalk.sandbox.fmg import control as fmg_control
from crosswalk.sandbox.fmg.limits import Limits
from crosswalk.sandbox.fmg.system import Fmg
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, refusal
from crosswalk.sandbox.request_log import Entry, RequestLog
from crosswalk.sandbox.smartoffice import control as smartoffice_control
from crosswalk.sandbox.smartoffice.system import SmartOffice

DEFAULT_OFFICE, DEFAULT_ACCOUNT = "DEMO01", "FMG-1001"


@dataclass(frozen=True)
class Start:
    """What the default office holds."""

    contacts: int = 200
    groups: int = 10
    seed: int = 7


@dataclass
class Settings:
    """compress: answer with gzip where the caller takes it."""

    compress: bool = False


class System(Protocol):
    """What the sandbox asks of a vendor."""

    name: str

    def describe(self, request: Request) -> Call: ...

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply: ...

    def expire(self, request: Request) -> Reply: ...

    def error(self, code: str, status: int) -> Reply: ...


class Sandbox:
    """Every vendor, in memory."""

    def __init__(self, start: Start) -> None:
        self.log = RequestLog()
        self.faults = FaultBook()
        self.settings = Settings()
        self.smartoffice = SmartOffice()
        self.fmg = Fmg()
        self.systems: dict[str, System] = {system.name: system for system in (self.smartoffice, self.fmg)}
        self.reset(start)

    def reset(self, start: Start) -> None:
        """Begin anew: one office, one empty account, no faults, no log, settings as at the start."""
        self.start = start
        self.smartoffice.offices.clear()
        self.fmg.accounts.clear()
        smartoffice_control.open_office(
            self.smartoffice, {"office": DEFAULT_OFFICE, "contacts": start.contacts, "groups": start.groups, "seed": start.seed}
        )
        fmg_control.open_account(self.fmg, {"account": DEFAULT_ACCOUNT, "name": "Summit Advisors"})
        self.fmg.limits = Limits()
        self.settings = Settings()
        self.faults.clear()
        self.log.clear()

    def handle(self, request: Request) -> tuple[Reply, Fault | None]:
        """Answer a vendor's request; the fault says how the answer is to be spoiled on its way."""
        system = self.systems.get(request.path.split("/")[1])
        if system is None:
            return refusal(Refused(404, "NOT_FOUND", "the sandbox serves /smartoffice/, /fmg/ and /_sandbox/")), None
        began = time.perf_counter()
        call = system.describe(request)
        index = self.log.count(system.name, call.owner, request.method, write=call.write)
        fault = self.faults.strike(request, call)
        reply = self._reply(system, request, call, fault)
        broken = fault is not None and fault.kind in ("reset", "lost_answer")
        self.log.remember(
            Entry(
                index=index,
                system=system.name,
                owner=call.owner,
                method=request.method,
                path=request.path,
                operation=call.operation,
                status=0 if broken else reply.status,
                fault=fault.kind if fault else "",
                milliseconds=round((time.perf_counter() - began) * 1000, 2),
            )
        )
        return reply, fault

    def _reply(self, system: System, request: Request, call: Call, fault: Fault | None) -> Reply:
        if fault and fault.replaces:
            return replacement(fault, system, request)
        reply = system.answer(request, call, fault if fault and fault.kind in PAGE_KINDS else None)
        return replacement(fault, system, request) if fault and fault.carry_out else reply
