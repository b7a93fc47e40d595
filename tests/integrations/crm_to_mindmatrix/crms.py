"""Both CRMs behind one face for a test: people put in through the sandbox's control API, read back through the real client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from crosswalk.features.eligibility.ports import LabelledSource
from crosswalk.systems.autotask.conformance import connect as autotask
from crosswalk.systems.connectwise.conformance import connect as connectwise

CUSTOMER, PROSPECT, DEAD = 1, 2, 4


@dataclass(frozen=True)
class Crm:
    """base: of its control API; contact, company: turn plain words into a record as the vendor keeps it."""

    system: str
    base: str
    source: Callable[..., LabelledSource]
    contact: Callable[..., dict[str, Any]]
    company: Callable[..., dict[str, Any]]

    def put(self, url: str, table: str, records: list[dict[str, Any]]) -> None:
        answer = requests.post(f"{url}{self.base}/{table}", json={table: records}, timeout=30)
        assert answer.status_code == 201, answer.text

    def change(self, url: str, table: str, record_id: int, **changes: Any) -> None:
        answer = requests.patch(f"{url}{self.base}/{table}/{record_id}", json=changes, timeout=30)
        assert answer.status_code == 200, answer.text

    def empty(self, url: str) -> None:
        for table in ("contacts", "companies"):
            assert requests.post(f"{url}{self.base}/{table}/bulk", json={"all": True, "delete": True}, timeout=30).ok


def _autotask_contact(number: int, *, active: bool, company: int | None, email: str, kind: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "companyID": company,
        "firstName": "Ana",
        "lastName": f"Ruiz {number}",
        "emailAddress": email or None,
        "isActive": int(active),
        "userDefinedFields": [{"name": "Contact Type", "value": str(kind)}],
        **more,
    }


def _autotask_company(number: int, *, active: bool, kind: int) -> dict[str, Any]:
    return {"id": number, "companyName": f"Company {number}", "companyType": kind, "isActive": active}


def _connectwise_contact(number: int, *, active: bool, company: int | None, email: str, kind: int = 1, **more: Any) -> dict[str, Any]:
    items = [{"id": 1, "type": {"id": 1, "name": "Email"}, "value": email, "defaultFlag": True, "communicationType": "Email"}]
    record = {
        "id": number,
        "firstName": "Ana",
        "lastName": f"Ruiz {number}",
        "inactiveFlag": not active,
        "communicationItems": items if email else [],
        "types": [{"id": kind, "name": "x"}],
        **more,
    }
    return {**record, "company": {"id": company, "identifier": f"C{company}", "name": f"Company {company}"}} if company else record


def _connectwise_company(number: int, *, active: bool, kind: int) -> dict[str, Any]:
    status = {"id": 1, "name": "Active"} if active else {"id": 2, "name": "Closed"}
    return {"id": number, "identifier": f"C{number}", "name": f"Company {number}", "status": status, "types": [{"id": kind, "name": "x"}]}


CRMS = (
    Crm("autotask", "/_sandbox/autotask/databases/NORTHWIND", autotask, _autotask_contact, _autotask_company),
    Crm("connectwise", "/_sandbox/connectwise/companies/northwind", connectwise, _connectwise_contact, _connectwise_company),
)
