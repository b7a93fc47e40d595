"""The sandbox without its server: the systems, their faults and the log, from request to reply."""

from __future__ import annotations

import time
from dataclasses import dataclass

from crosswalk.sandbox.agent_crm import control as agent_crm_control
from crosswalk.sandbox.agent_crm.system import AgentCrm
from crosswalk.sandbox.autotask import control as autotask_control
from crosswalk.sandbox.connectwise import control as connectwise_control
from crosswalk.sandbox.damage import replacement
from crosswalk.sandbox.emoney import control as emoney_control
from crosswalk.sandbox.emoney.firm import DEFAULT_FIRM
from crosswalk.sandbox.emoney.system import Emoney
from crosswalk.sandbox.faults import PAGE_KINDS, SYSTEMS, Fault, FaultBook
from crosswalk.sandbox.flex import control as flex_control
from crosswalk.sandbox.flex.site import DEFAULT_SITE
from crosswalk.sandbox.flex.system import Flex
from crosswalk.sandbox.fmg import control as fmg_control
from crosswalk.sandbox.fmg.system import Fmg
from crosswalk.sandbox.hubspot import control as hubspot_control
from crosswalk.sandbox.hubspot.portal import DEFAULT_PORTAL
from crosswalk.sandbox.hubspot.system import HubSpot
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, refusal
from crosswalk.sandbox.mindmatrix import control as mindmatrix_control
from crosswalk.sandbox.request_log import Entry, RequestLog
from crosswalk.sandbox.smartoffice import control as smartoffice_control
from crosswalk.sandbox.smartoffice.system import SmartOffice
from crosswalk.sandbox.vendors import Checkpoints, System, Vendors

DEFAULT_OFFICE, DEFAULT_ACCOUNT = "DEMO01", "FMG-1001"
FAMILY_OFFICE, FAMILIES = "DEMO02", 24
DEFAULT_DATABASE, DEFAULT_COMPANY, DEFAULT_ORGANIZATION = "NORTHWIND", "northwind", "MM-2001"
CRM_PEOPLE = {"contacts": 200, "companies": 20, "seed": 7}
CRM = {"companies": 20, "contacts": 60}
"""What the default HubSpot portal holds, and the default Flex site."""


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


class Sandbox:
    """Every vendor, in memory."""

    def __init__(self, start: Start) -> None:
        self.vendors = Vendors()
        self.checkpoints = Checkpoints()
        self.reset(start)

    @property
    def smartoffice(self) -> SmartOffice:
        """SmartOffice as it stands."""
        return self.vendors.smartoffice

    @property
    def fmg(self) -> Fmg:
        """FMG as it stands."""
        return self.vendors.fmg

    @property
    def emoney(self) -> Emoney:
        """The planning system as it stands."""
        return self.vendors.emoney

    @property
    def agent_crm(self) -> AgentCrm:
        """Agent CRM as it stands."""
        return self.vendors.agent_crm

    @property
    def hubspot(self) -> HubSpot:
        """HubSpot as it stands."""
        return self.vendors.hubspot

    @property
    def flex(self) -> Flex:
        """Flex as it stands."""
        return self.vendors.flex

    @property
    def faults(self) -> FaultBook:
        """The faults that wait to strike."""
        return self.vendors.faults

    @property
    def log(self) -> RequestLog:
        """What was asked since the last reset or restored checkpoint."""
        return self.vendors.log

    def reset(self, start: Start) -> None:
        """Begin anew: one customer of each system, the target lists empty, no faults, no log, settings as at the start."""
        vendors = Vendors()
        smartoffice_control.open_office(
            vendors.smartoffice, {"office": DEFAULT_OFFICE, "contacts": start.contacts, "groups": start.groups, "seed": start.seed}
        )
        smartoffice_control.open_office(vendors.smartoffice, {"office": FAMILY_OFFICE, "families": FAMILIES, "seed": start.seed})
        fmg_control.open_account(vendors.fmg, {"account": DEFAULT_ACCOUNT, "name": "Summit Advisors"})
        emoney_control.open_firm(vendors.emoney, {"firm": DEFAULT_FIRM, "name": "Quill Planning"})
        autotask_control.open_database(vendors.autotask, {"database": DEFAULT_DATABASE, **CRM_PEOPLE})
        connectwise_control.open_company(vendors.connectwise, {"company": DEFAULT_COMPANY, **CRM_PEOPLE})
        mindmatrix_control.open_organization(vendors.mindmatrix, {"organization": DEFAULT_ORGANIZATION, "name": "Northwind Partners"})
        agent_crm_control.open_fmo(vendors.agent_crm, {})
        hubspot_control.open_portal(vendors.hubspot, {"portal": DEFAULT_PORTAL, **CRM, "deals": 30, "seed": start.seed})
        flex_control.open_site(vendors.flex, {"site": DEFAULT_SITE, **CRM, "seed": start.seed})
        self.start = start
        self.settings = Settings()
        self.vendors = vendors

    def restore(self, number: int) -> None:
        """Go back to a checkpoint; settings stay. Raises Refused (404 NOT_FOUND)."""
        vendors = self.checkpoints.copy_of(number)
        vendors.fmg.limits, vendors.emoney.limit = self.fmg.limits, self.emoney.limit
        vendors.mindmatrix.limits = self.vendors.mindmatrix.limits
        self.vendors = vendors

    def handle(self, request: Request, vendors: Vendors | None = None) -> tuple[Reply, Fault | None]:
        """Answer a vendor's request; the fault says how the answer is to be spoiled on its way.

        vendors: those it is meant for, when they may have been replaced since it was sent.
        """
        vendors = vendors or self.vendors
        system = vendors.system(request.path.split("/")[1])
        if system is None:
            return refusal(Refused(404, "NOT_FOUND", f"the sandbox serves /{'/, /'.join(SYSTEMS)}/ and /_sandbox/")), None
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

    def _reply(self, system: System, request: Request, call: Call, fault: Fault | None) -> Reply:
        if fault and fault.replaces:
            return replacement(fault, system, request)
        reply = system.answer(request, call, fault if fault and fault.kind in PAGE_KINDS else None)
        return replacement(fault, system, request) if fault and fault.carry_out else reply
