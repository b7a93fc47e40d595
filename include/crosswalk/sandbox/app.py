"""The sandbox without its server: the systems, their faults and the log, from request to reply."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from crosswalk.sandbox.damage import replacement
from crosswalk.sandbox.discovery import found_vendors
from crosswalk.sandbox.faults import PAGE_KINDS, Fault, FaultBook
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, refusal
from crosswalk.sandbox.request_log import Entry, RequestLog
from crosswalk.sandbox.system import System
from crosswalk.sandbox.vendor import Start
from crosswalk.sandbox.vendors import Checkpoints, Vendors


@dataclass
class Settings:
    """compress: answer with gzip where the caller takes it."""

    compress: bool = False


class Sandbox:
    """Every vendor, in memory."""

    def __init__(self, start: Start) -> None:
        self.vendors = Vendors()
        self.checkpoints = Checkpoints()
        self.reset(start)

    @property
    def faults(self) -> FaultBook:
        """The faults that wait to strike."""
        return self.vendors.faults

    @property
    def log(self) -> RequestLog:
        """What was asked since the last reset or restored checkpoint."""
        return self.vendors.log

    def reset(self, start: Start) -> None:
        """Start again: the default customers of each vendor, no faults, no log, settings as at the start."""
        vendors = Vendors()
        for name, vendor in found_vendors().items():
            for body in vendor.defaults(start):
                vendor.open(vendors.systems[name], body)
        self.start = start
        self.settings = Settings()
        self.vendors = vendors

    def restore(self, number: int) -> None:
        """Go back to a checkpoint; settings stay. Raises Refused (404 NOT_FOUND)."""
        vendors = self.checkpoints.copy_of(number)
        for name, system in vendors.systems.items():
            system.settings = self.vendors.systems[name].settings
        self.vendors = vendors

    def handle(self, request: Request, vendors: Vendors | None = None) -> tuple[Reply, Fault | None]:
        """Answer a vendor's request; the fault says how the answer is to be spoiled on its way.

        vendors: those it is meant for, when they may have been replaced since it was sent.
        """
        vendors = vendors or self.vendors
        system = vendors.system(request.path.split("/")[1])
        if system is None:
            return refusal(Refused(404, "NOT_FOUND", f"the sandbox serves /{'/, /'.join(found_vendors())}/ and /_sandbox/")), None
        began = time.perf_counter()
        call = system.describe(request)
        index = vendors.log.count(system.name, call.owner, request.method, write=call.write)
        fault = vendors.faults.strike(request, call)
        if fault and fault.kind == "late":
            time.sleep(fault.options.get("seconds", 1.0))
        reply = self._reply(system, request, call, fault)
        broken = fault is not None and fault.kind in ("reset", "lost_answer")
        vendors.log.remember(
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

    def _reply(self, system: System[Any], request: Request, call: Call, fault: Fault | None) -> Reply:
        if fault and fault.replaces:
            return replacement(fault, system, request)
        reply = system.answer(request, call, fault if fault and fault.kind in PAGE_KINDS else None)
        return replacement(fault, system, request) if fault and fault.carry_out else reply
