"""One Autotask database: its contacts and companies, who may ask, and how many requests it took."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crosswalk.sandbox.crm.customer import CrmCustomer, now
from crosswalk.sandbox.crm.invented import CONTACT_TYPES, TYPES, Contact, companies, contacts
from crosswalk.sandbox.crm.table import Record, Table
from crosswalk.sandbox.messages import Refused

DEFAULT_USER, DEFAULT_SECRET, DEFAULT_CODE = "api@example.test", "sandbox-secret", "SANDBOXCODE"
TYPE_FIELD = "Contact Type"
PARALLEL = 3
WINDOW = 3600.0

BLANKS: dict[str, Record] = {
    "contacts": {
        **dict.fromkeys(
            ("firstName", "lastName", "emailAddress", "emailAddress2", "emailAddress3", "title", "phone", "extension", "alternatePhone")
        ),
        **dict.fromkeys(("mobilePhone", "faxNumber", "addressLine", "addressLine1", "city", "state", "zipCode", "countryID", "externalID")),
        "companyID": None,
        "isActive": 1,
        "isOptedOutFromBulkEmail": False,
        "solicitationOptOut": False,
        "surveyOptOut": False,
        "primaryContact": False,
        "createDate": "2024-01-01T00:00:00Z",
        "userDefinedFields": [],
    },
    "companies": {
        **dict.fromkeys(("companyName", "companyNumber", "companyType", "phone", "webAddress", "address1", "address2", "city", "state")),
        "postalCode": None,
        "isActive": True,
        "userDefinedFields": [],
    },
}
"""Every field of a record, for those it does not say."""


class Database(CrmCustomer):
    """A database, and its API user.

    zone: part of the path it answers under. picklists: {"companyType" or "contactType": [[value, label, whether it is active]]}.
    threshold: requests it may take in 60 minutes. parallel: whether more than 3 requests at a time for an entity are refused.
    """

    def __init__(self, name: str, tables: dict[str, Table]) -> None:
        super().__init__(name, tables)
        self.user, self.secret, self.code, self.zone = DEFAULT_USER, DEFAULT_SECRET, DEFAULT_CODE, "zone1"
        self.picklists: dict[str, list[list[Any]]] = {"companyType": _entries(TYPES), "contactType": _entries(CONTACT_TYPES)}
        self.threshold = 10_000
        self.parallel = PARALLEL
        self._asked: deque[float] = deque()
        self._inside = dict.fromkeys((*BLANKS, ""), 0)

    def copy(self, later: float) -> Database:
        """The same database, for itself; times moved by `later` seconds."""
        other = Database(self.name, {})
        with self.lock:
            self.copied_into(other)
            other.user, other.secret, other.code, other.zone = self.user, self.secret, self.code, self.zone
            other.picklists, other.threshold, other.parallel = self.picklists, self.threshold, self.parallel
            other._asked = deque(moment + later for moment in self._asked)
        return other

    @property
    def used(self) -> int:
        """Requests of the last 60 minutes."""
        with self.lock:
            while self._asked and time.monotonic() - self._asked[0] > WINDOW:
                self._asked.popleft()
            return len(self._asked)

    def use(self, requests: int) -> None:
        """Let it look as if so many requests had come just now."""
        with self.lock:
            self._asked = deque([time.monotonic()] * requests)

    @contextmanager
    def passing(self, table: str) -> Iterator[None]:
        """Count a request as taken and as under way. Raises Refused (429)."""
        with self.lock:
            if self.used >= self.threshold:
                raise Refused(429, "THRESHOLD", "the request threshold is exceeded")
            if self.parallel and self._inside[table] >= self.parallel:
                raise Refused(429, "THREADS", "too many threads for this entity")
            self._asked.append(time.monotonic())
            self._inside[table] += 1
        try:
            yield
        finally:
            with self.lock:
                self._inside[table] -= 1


def populated(name: str, *, contact_count: int, company_count: int, seed: int) -> Database:
    """A database full of invented people."""
    employers = companies(company_count, seed)
    companies_table = {
        one.number: {
            "id": one.number,
            "companyName": one.name,
            "companyType": one.type + 1,
            "isActive": one.active,
            "lastActivityDate": one.changed,
            "lastTrackedModifiedDateTime": one.changed,
        }
        for one in employers
    }
    contacts_table = {one.number: _contact(one) for one in contacts(contact_count, employers, seed)}
    return Database(name, {"contacts": Table(contacts_table), "companies": Table(companies_table)})


def stamp_contact(record: Record) -> Record:
    """The record as edited now."""
    return {**record, "lastActivityDate": now(), "lastModifiedDate": now()}


def stamp_company(record: Record) -> Record:
    """The record as edited now."""
    return {**record, "lastActivityDate": now(), "lastTrackedModifiedDateTime": now()}


def _contact(person: Contact) -> Record:
    return {
        "id": person.number,
        "companyID": person.company or None,
        "firstName": person.first,
        "lastName": person.last,
        "emailAddress": person.email or None,
        "phone": person.phone or None,
        "mobilePhone": person.mobile or None,
        "title": person.title or None,
        "addressLine": person.street,
        "city": person.city,
        "state": person.state,
        "zipCode": person.zip_code,
        "isActive": int(person.active),
        "userDefinedFields": [{"name": TYPE_FIELD, "value": str(person.type + 1)}],
        "lastActivityDate": person.changed,
        "lastModifiedDate": person.changed,
    }


def _entries(labels: tuple[str, ...]) -> list[list[Any]]:
    return [[str(place), label, True] for place, label in enumerate(labels, 1)]
