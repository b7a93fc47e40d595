"""CRM → Mindmatrix: a customer of each of two CRMs and the organizations they feed, as include/accounts/mindmatrix.toml names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosswalk.local.control import Sandbox
from crosswalk.local.scenario import Connections, Job


@dataclass(frozen=True)
class Customer:
    """One customer of a CRM, and its organization."""

    account: str
    system: str
    organization: str
    contacts: int = 800
    companies: int = 80


CUSTOMERS = (Customer("northwind", "autotask", "MM-3001"), Customer("contoso", "connectwise", "MM-3002"))


@dataclass(frozen=True)
class MindmatrixScenario:
    """Customers full of invented people, and organizations that hold nobody."""

    customers: tuple[Customer, ...] = CUSTOMERS

    @property
    def announced(self) -> str:
        return f"{len(self.customers)} CRMs for Mindmatrix"

    def open(self, sandbox: Sandbox) -> None:
        for one in self.customers:
            sandbox.open(one.system, one.account, sandbox.secret("crm"), contacts=one.contacts, companies=one.companies)
            sandbox.open("mindmatrix", one.organization, sandbox.secret("mindmatrix"), name=one.account.title())

    def connections(self, sandbox: Sandbox) -> Connections:
        made: Connections = {}
        for one in self.customers:
            made[f"{one.system}_{one.account}"] = sandbox.connection(one.system, one.account, sandbox.secret("crm"))
            target = sandbox.connection("mindmatrix", one.organization, sandbox.secret("mindmatrix"), opt_in_acknowledged=True)
            made[f"mindmatrix_{one.account}"] = target
        return made

    def jobs(self) -> Sequence[Job]:
        return [Job("mindmatrix_contact_sync", "crm_to_mindmatrix", {one.account: "delivered" for one in self.customers})]

    def writes(self, sandbox: Sandbox) -> dict[str, int]:
        return {one.account: sandbox.writes("mindmatrix", one.organization) for one in self.customers}
