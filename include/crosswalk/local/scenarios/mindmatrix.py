"""CRM → Mindmatrix: a customer of each of two CRMs and the organizations they feed, as include/accounts/mindmatrix.toml names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.local.control import Sandbox
from crosswalk.local.scenario import Connections, Job

CLIENT_ID = "00000000-0000-4000-8000-000000000007"
CODE = "CROSSWALKLOCAL"
USER = "api@northwind.example"
NEARBY = {"allow_private_network": True}


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
class MindmatrixScene:
    """Customers full of invented people, and organizations that hold nobody."""

    customers: tuple[Customer, ...] = CUSTOMERS

    @property
    def announced(self) -> str:
        return f"{len(self.customers)} CRMs for Mindmatrix"

    def open(self, sandbox: Sandbox) -> None:
        for one in self.customers:
            sandbox.call("POST", *_customer(one, sandbox.secret("crm")))
            body = {"organization": one.organization, "name": one.account.title(), "api_key": sandbox.secret("mindmatrix")}
            sandbox.call("POST", "/mindmatrix/organizations", body)

    def connections(self, sandbox: Sandbox) -> Connections:
        made: Connections = {}
        for one in self.customers:
            source = {"conn_type": one.system, **sandbox.server, "password": sandbox.secret("crm"), **_login(one)}
            made[f"{one.system}_{one.account}"] = source
            extra = {"organization": one.organization, "opt_in_acknowledged": True, "path": "/mindmatrix", **NEARBY}
            target = {"conn_type": "mindmatrix", **sandbox.server, "password": sandbox.secret("mindmatrix"), "extra": extra}
            made[f"mindmatrix_{one.account}"] = target
        return made

    def jobs(self) -> Sequence[Job]:
        return [Job("mindmatrix_contact_sync", "crm_to_mindmatrix", {one.account: "delivered" for one in self.customers})]

    def writes(self, sandbox: Sandbox) -> dict[str, int]:
        return {one.account: sandbox.writes("mindmatrix", one.organization) for one in self.customers}


def _customer(one: Customer, secret: str) -> tuple[str, dict[str, Any]]:
    numbers = {"contacts": one.contacts, "companies": one.companies}
    if one.system == "autotask":
        return "/autotask/databases", {"database": one.account.upper(), "user": USER, "secret": secret, "code": CODE, **numbers}
    keys = {"public_key": "publickey", "private_key": secret, "client_id": CLIENT_ID}
    return "/connectwise/companies", {"company": one.account, **keys, **numbers}


def _login(one: Customer) -> dict[str, Any]:
    if one.system == "autotask":
        return {"login": USER, "extra": {"integration_code": CODE, "path": "/autotask", **NEARBY}}
    return {"login": "publickey", "extra": {"company": one.account, "client_id": CLIENT_ID, "path": "/connectwise", **NEARBY}}
