"""One ConnectWise company: its contacts, companies, statuses and types, and its API member."""

from __future__ import annotations

from typing import Any

from crosswalk.sandbox.crm.customer import CrmCustomer, now
from crosswalk.sandbox.crm.invented import CONTACT_TYPES, TYPES, Contact, companies, contacts
from crosswalk.sandbox.crm.table import Record, Table

DEFAULT_PUBLIC, DEFAULT_PRIVATE = "publickey", "sandbox-secret"
CLIENT_ID = "00000000-0000-4000-8000-000000000007"
ACTIVE, INACTIVE = 1, 2
STATUSES = ({"id": ACTIVE, "name": "Active", "inactiveFlag": False}, {"id": INACTIVE, "name": "Closed", "inactiveFlag": True})
TABLES = ("contacts", "companies", "statuses", "types", "contact_types")


class ConnectWiseCompany(CrmCustomer):
    """A company that uses ConnectWise, and the keys of its API member. codebase: part of the path it answers under."""

    def __init__(self, name: str, tables: dict[str, Table]) -> None:
        super().__init__(name, tables)
        self.public_key, self.private_key, self.client_id, self.codebase = DEFAULT_PUBLIC, DEFAULT_PRIVATE, CLIENT_ID, "v2099_1"

    def copy(self, later: float) -> ConnectWiseCompany:  # noqa: ARG002 - nothing in it ages
        """The same company, for itself."""
        other = ConnectWiseCompany(self.name, {})
        with self.lock:
            self.copied_into(other)
            other.public_key, other.private_key = self.public_key, self.private_key
            other.client_id, other.codebase = self.client_id, self.codebase
        return other


def populated(name: str, *, contact_count: int, company_count: int, seed: int) -> ConnectWiseCompany:
    """A company full of invented people."""
    employers = companies(company_count, seed)
    names = {one.number: one.name for one in employers}
    tables: dict[str, list[Record]] = {
        "contacts": [_contact(one, names) for one in contacts(contact_count, employers, seed)],
        "companies": [
            {
                "id": one.number,
                "identifier": f"C{one.number}",
                "name": one.name,
                "status": {"id": ACTIVE, "name": "Active"} if one.active else {"id": INACTIVE, "name": "Closed"},
                "types": [{"id": one.type + 1, "name": TYPES[one.type]}],
                "deletedFlag": False,
                "_info": {"lastUpdated": one.changed, "updatedBy": "jroe"},
            }
            for one in employers
        ],
        "statuses": list(STATUSES),
        "types": [{"id": place, "name": label} for place, label in enumerate(TYPES, 1)],
        "contact_types": [{"id": place, "name": label} for place, label in enumerate(CONTACT_TYPES, 1)],
    }
    return ConnectWiseCompany(name, {table: Table({one["id"]: one for one in rows}) for table, rows in tables.items()})


def stamp(record: Record) -> Record:
    """The record as edited now."""
    return {**record, "_info": {"lastUpdated": now(), "updatedBy": "jroe"}}


def item(number: int, kind: str, value: str, name: str = "", *, default: bool = True) -> dict[str, Any]:
    """One communication item. kind: Email or Phone; name: of its type."""
    return {
        "id": number,
        "type": {"id": number % 10, "name": name or kind},
        "value": value,
        "defaultFlag": default,
        "communicationType": kind,
    }


def _contact(person: Contact, names: dict[int, str]) -> Record:
    number = person.number * 10
    items = [
        item(number + 2, "Phone", person.phone, "Direct") if person.phone else None,
        item(number + 3, "Phone", person.mobile, "Mobile", default=not person.phone) if person.mobile else None,
        item(number + 4, "Email", person.email) if person.email else None,
    ]
    record: dict[str, Any] = {
        "id": person.number,
        "firstName": person.first,
        "lastName": person.last,
        "addressLine1": person.street,
        "city": person.city,
        "state": person.state,
        "zip": person.zip_code,
        "inactiveFlag": not person.active,
        "unsubscribeFlag": False,
        "communicationItems": [one for one in items if one],
        "types": [{"id": person.type + 1, "name": CONTACT_TYPES[person.type]}],
        "_info": {"lastUpdated": person.changed, "updatedBy": "jroe"},
    }
    if person.title:
        record["title"] = person.title
    if person.company:
        record["company"] = {"id": person.company, "identifier": f"C{person.company}", "name": names[person.company]}
    return record
