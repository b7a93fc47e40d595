"""One Flex site: its contacts, links, deals and resource types."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from crosswalk.sandbox import trade
from crosswalk.sandbox.idempotency import Answers
from crosswalk.sandbox.messages import Refused

DEFAULT_SITE, DEFAULT_KEY = "demo", "sandbox-flex-key"
RESOURCE_TYPES = ("Clients", "Employees", "Freelance Labor", "Labor Providers", "Vendors", "Venues")
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_NAMESPACE = uuid.UUID("5b1f8c0e-3a57-4c4e-9f43-0d1f6a2b7c11")


@dataclass(frozen=True)
class Contact:
    """A person or a company. `values` holds the members of the contract that are texts, `address` its parts."""

    contact_id: str
    organization: bool
    values: Mapping[str, str]
    address: Mapping[str, str] = field(default_factory=dict)
    emails: tuple[str, ...] = ()
    websites: tuple[str, ...] = ()
    phones: tuple[tuple[str, str], ...] = ()
    """Number and type, the default one first."""
    employer: str = ""
    types: tuple[str, ...] = ()
    created: datetime = BEGINNING
    edited: datetime = BEGINNING
    deleted: bool = False

    @property
    def name(self) -> str:
        if self.organization:
            return self.values.get("name", "")
        return " ".join(filter(None, (self.values.get("firstName", ""), self.values.get("lastName", ""))))


Link = tuple[str, str, str]
"""System, kind, source id."""


@dataclass
class Site:
    """A site. Writers hold `lock`. users: user name → password, for tokens; links: link → contact id."""

    site_id: str
    api_key: str = DEFAULT_KEY
    users: dict[str, str] = field(default_factory=lambda: {"integration": "sandbox-secret"})
    contacts: dict[str, Contact] = field(default_factory=dict)
    links: dict[Link, str] = field(default_factory=dict)
    deals: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=lambda: {name: f"rt-{place}" for place, name in enumerate(RESOURCE_TYPES, 1)})
    tokens: set[str] = field(default_factory=set)
    renew: bool = False
    answers: Answers = field(default_factory=Answers)
    lock: threading.RLock = field(default_factory=threading.RLock)
    made: int = 0
    last_edit: datetime = BEGINNING

    def copy(self, later: float) -> Site:
        """The same site for itself; times moved by `later` seconds."""
        with self.lock:
            other = replace(self, lock=threading.RLock(), answers=self.answers.copy(later))
            for name in ("users", "contacts", "links", "deals", "types"):
                setattr(other, name, dict(getattr(self, name)))
            other.tokens = set(self.tokens)
            return other

    def new_id(self) -> str:
        """A UUID never given before, the same in every run."""
        self.made += 1
        return str(uuid.uuid5(_NAMESPACE, f"{self.site_id} {self.made}"))

    def now(self) -> datetime:
        """A moment later than any before, to the millisecond: an edit is always told from the one before."""
        moment = datetime.now(UTC)
        self.last_edit = max(moment.replace(microsecond=moment.microsecond // 1000 * 1000), self.last_edit + timedelta(milliseconds=1))
        return self.last_edit

    def find(self, contact_id: str) -> Contact:
        """Raises Refused (404 NOT_FOUND)."""
        if contact_id not in self.contacts:
            raise Refused(404, "NOT_FOUND", "no such contact")
        return self.contacts[contact_id]

    def link_of(self, contact_id: str) -> Link | None:
        """What a contact is linked with."""
        return next((link for link, linked in self.links.items() if linked == contact_id), None)

    def named(self, link: Link) -> str:
        """The contact of a link that is there and not deleted, "" otherwise."""
        contact_id = self.links.get(link, "")
        return contact_id if contact_id in self.contacts and not self.contacts[contact_id].deleted else ""


def populated(site_id: str, api_key: str, numbers: Mapping[str, int], seed: int) -> Site:
    """A site that holds what a CRM of that seed holds, as other people typed it; every fourth record is of its own."""
    site = Site(site_id, api_key)
    firms = trade.companies(2 * numbers["companies"], seed)
    chosen = [2 * numbers["companies"] - 1 - place if place % 4 == 3 else place for place in range(numbers["companies"])]
    ids: dict[int, str] = {}
    for place in chosen:
        firm = firms[place]
        ids[place] = site.new_id()
        site.contacts[ids[place]] = _company(ids[place], firm)
    people = trade.workers(2 * numbers["contacts"], firms[: numbers["companies"]], seed)
    for place in range(numbers["contacts"]):
        person = people[2 * numbers["contacts"] - 1 - place if place % 4 == 3 else place]
        contact_id = site.new_id()
        site.contacts[contact_id] = _person(contact_id, person, firms, ids)
    return site


def _company(contact_id: str, firm: trade.Company) -> Contact:
    name = firm.name.rsplit(" ", 1)[0].removesuffix(" &")
    return Contact(
        contact_id,
        organization=True,
        values={"name": name.upper() if firm.number % 6 == 0 else name},
        address={"city": firm.city.name, "region": firm.city.state} if firm.number % 3 else {},
        websites=(firm.host,) if firm.number % 5 else (),
        phones=((f"+1{firm.phone}", "Work"),) if firm.number % 7 else (),
        types=("Clients",),
    )


def _person(contact_id: str, person: trade.Worker, firms: list[trade.Company], ids: Mapping[int, str]) -> Contact:
    email = person.email if person.number % 6 else ""
    company = firms[person.company].name if person.company >= 0 else ""
    return Contact(
        contact_id,
        organization=False,
        values={"firstName": person.first if person.number % 8 else person.first[:1], "lastName": person.last, "company": company},
        emails=(email,) if email else (),
        phones=((f"+1{person.phone}", "Work"),) if person.number % 9 else (),
        employer=ids.get(person.company, ""),
        types=("Clients",),
    )
