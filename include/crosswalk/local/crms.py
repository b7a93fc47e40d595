"""The two CRMs of the local world and the Mindmatrix organizations they feed, as include/accounts/mindmatrix.toml names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

CLIENT_ID = "00000000-0000-4000-8000-000000000007"
CODE = "CROSSWALKLOCAL"
USER = "api@northwind.example"
Call = Callable[[str, str, dict[str, Any]], object]
"""Method, address and body of a request to the sandbox's control interface."""


@dataclass(frozen=True)
class Customer:
    """One customer of a CRM, and its organization."""

    account: str
    system: str
    organization: str
    contacts: int = 3000
    companies: int = 300


CUSTOMERS = (Customer("northwind", "autotask", "MM-3001"), Customer("contoso", "connectwise", "MM-3002"))


def open_customers(url: str, secret: Mapping[str, str], call: Call) -> None:
    """Create the customers, full of invented people, and their organizations, which hold nobody. secret: by vendor."""
    for one in CUSTOMERS:
        numbers = {"contacts": one.contacts, "companies": one.companies}
        if one.system == "autotask":
            who = {"database": one.account.upper(), "user": USER, "secret": secret["crm"], "code": CODE}
            call("POST", f"{url}/_sandbox/autotask/databases", {**who, **numbers})
        else:
            keys = {"public_key": "publickey", "private_key": secret["crm"], "client_id": CLIENT_ID}
            call("POST", f"{url}/_sandbox/connectwise/companies", {"company": one.account, **keys, **numbers})
        body = {"organization": one.organization, "name": one.account.title(), "api_key": secret["mindmatrix"]}
        call("POST", f"{url}/_sandbox/mindmatrix/organizations", body)


def customer_connections(server: Mapping[str, Any], secret: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Build the Airflow connections that lead there. server: host, port and schema of the sandbox."""
    made: dict[str, dict[str, Any]] = {}
    private = {"allow_private_network": True}
    for one in CUSTOMERS:
        if one.system == "autotask":
            login: dict[str, Any] = {"login": USER, "extra": {"integration_code": CODE, "path": "/autotask", **private}}
        else:
            extra = {"company": one.account, "client_id": CLIENT_ID, "path": "/connectwise", **private}
            login = {"login": "publickey", "extra": extra}
        made[f"{one.system}_{one.account}"] = {"conn_type": one.system, **server, "password": secret["crm"], **login}
        extra = {"organization": one.organization, "opt_in_acknowledged": True, "path": "/mindmatrix", **private}
        made[f"mindmatrix_{one.account}"] = {"conn_type": "mindmatrix", **server, "password": secret["mindmatrix"], "extra": extra}
    return made
