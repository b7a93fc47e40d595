"""One HubSpot account: its objects, what is associated with what, and how often it may be asked."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from crosswalk.sandbox import trade
from crosswalk.sandbox.hubspot.limits import Meter
from crosswalk.sandbox.messages import Refused

TYPES = ("companies", "contacts", "deals")
SCOPES = frozenset(f"crm.objects.{name}.read" for name in TYPES)
ALIASES = {
    **{name: name for name in TYPES},
    "company": "companies",
    "contact": "contacts",
    "deal": "deals",
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
}
SINGULAR = {"companies": "company", "contacts": "contact", "deals": "deal"}
DEFAULT_PORTAL, DEFAULT_TOKEN = "24100001", "sandbox-hubspot-token"
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Record:
    """One object. `values` holds its properties as text."""

    number: int
    values: Mapping[str, str]
    created: datetime
    updated: datetime
    archived: bool = False

    @property
    def id(self) -> str:
        return str(self.number)


@dataclass
class Portal:
    """An account. `lock` is held by whoever changes it; records are replaced, never changed.

    associated: (type, id, other type) → other ids, True for the primary company.
    """

    portal_id: str
    token: str = DEFAULT_TOKEN
    scopes: frozenset[str] = SCOPES
    objects: dict[str, dict[int, Record]] = field(default_factory=lambda: {name: {} for name in TYPES})
    associated: dict[tuple[str, int, str], dict[int, bool]] = field(default_factory=dict)
    meter: Meter = field(default_factory=Meter)
    lock: threading.RLock = field(default_factory=threading.RLock)
    last: int = 500

    def copy(self, later: float) -> Portal:
        """The same account for itself; times moved by `later` seconds."""
        with self.lock:
            objects = {name: dict(records) for name, records in self.objects.items()}
            associated = {key: dict(ids) for key, ids in self.associated.items()}
            return Portal(self.portal_id, self.token, self.scopes, objects, associated, self.meter.copy(later), last=self.last)

    def listed(self, kind: str, *, archived: bool) -> list[int]:
        """Ids of one kind, in order."""
        with self.lock:
            return sorted(number for number, record in self.objects[kind].items() if record.archived is archived)

    def find(self, kind: str, record_id: str, *, archived: bool = False) -> Record:
        """Raises Refused (404 OBJECT_NOT_FOUND)."""
        record = self.objects[kind].get(int(record_id)) if record_id.isascii() and record_id.isdigit() else None
        if record is None or record.archived is not archived:
            raise Refused(404, "OBJECT_NOT_FOUND", "resource not found")
        return record

    def add(self, kind: str, values: Mapping[str, str | None], number: int | None = None) -> Record:
        """Add a record under the next id, or the one given."""
        with self.lock:
            chosen = self.last + 1 if number is None else number
            if chosen in self.objects[kind]:
                raise Refused(422, "INVALID", "the id is taken")
            self.last = max(self.last, chosen)
            now = datetime.now(UTC)
            self.objects[kind][chosen] = Record(chosen, {name: text for name, text in values.items() if text}, now, now)
            return self.objects[kind][chosen]

    def change(self, kind: str, record: Record, values: Mapping[str, str | None], *, archived: bool | None = None) -> Record:
        """Give a record other property values; it becomes the newest."""
        with self.lock:
            merged = {name: text for name, text in {**record.values, **values}.items() if text}
            chosen = record.archived if archived is None else archived
            changed = replace(record, values=merged, updated=datetime.now(UTC), archived=chosen)
            self.objects[kind][record.number] = changed
            return changed

    def associate(self, one: tuple[str, int], other: tuple[str, int], *, primary: bool = False) -> None:
        """Associate two records, in both directions; a record has one primary company."""
        with self.lock:
            for (kind, number), (to, to_number) in ((one, other), (other, one)):
                held = self.associated.setdefault((kind, number, to), {})
                if primary and to == "companies":
                    held.update(dict.fromkeys(held, False))
                held[to_number] = primary and to == "companies"

    def part(self, one: tuple[str, int], other: tuple[str, int]) -> None:
        """Take an association away."""
        with self.lock:
            for (kind, number), (to, to_number) in ((one, other), (other, one)):
                self.associated.get((kind, number, to), {}).pop(to_number, None)

    def others(self, kind: str, number: int, to: str) -> list[tuple[int, bool]]:
        """Ids a record is associated with, in order, archived ones left out."""
        with self.lock:
            held = self.associated.get((kind, number, to), {})
            return sorted(
                (other, primary) for other, primary in held.items() if other in self.objects[to] and not self.objects[to][other].archived
            )

    def merge(self, kind: str, survivor: Record, gone: Record) -> Record:
        """Let one record take another in: the id of the other is no more."""
        with self.lock:
            taken = ";".join(
                filter(None, (survivor.values.get("hs_merged_object_ids", ""), gone.values.get("hs_merged_object_ids", ""), gone.id))
            )
            values = {**gone.values, **survivor.values, "hs_merged_object_ids": taken}
            for to in TYPES:
                for other, _ in self.others(kind, gone.number, to):
                    self.part((kind, gone.number), (to, other))
                    self.associate((kind, survivor.number), (to, other))
            del self.objects[kind][gone.number]
            return self.change(kind, survivor, values)

    def remove(self, kind: str, numbers: Iterable[int]) -> None:
        """Take records away as if they had never been."""
        with self.lock:
            for number in numbers:
                del self.objects[kind][number]

    def counts(self) -> dict[str, Any]:
        """Records by kind, archived ones apart."""
        return {name: len(self.listed(name, archived=False)) for name in TYPES} | {
            "archived": sum(len(self.listed(name, archived=True)) for name in TYPES)
        }


def populated(portal_id: str, token: str, numbers: Mapping[str, int], seed: int) -> Portal:
    """An account with so many companies, contacts and deals; every third deal names its company only as a text."""
    portal = Portal(portal_id, token)
    firms = trade.companies(numbers["companies"], seed)
    moment = BEGINNING
    ids: dict[str, list[int]] = {name: [] for name in TYPES}

    def put(kind: str, values: Mapping[str, str]) -> int:
        nonlocal moment
        moment += timedelta(minutes=1)
        portal.last += 1 + (portal.last % 7 == 0)
        portal.objects[kind][portal.last] = Record(portal.last, {name: text for name, text in values.items() if text}, moment, moment)
        ids[kind].append(portal.last)
        return portal.last

    for firm in firms:
        put("companies", _company(firm))
    for person in trade.workers(numbers["contacts"], firms, seed):
        number = put("contacts", _contact(person))
        if person.company >= 0:
            portal.associate(("contacts", number), ("companies", ids["companies"][person.company]), primary=True)
    for place in range(numbers["deals"]):
        text_only = place % 3 == 2 or not firms
        firm_name = f"Walk-in {place}" if text_only else ""
        stage = trade.STAGES[place % len(trade.STAGES)]
        values = {
            "dealname": f"Deal {place + 1}",
            "dealstage": stage,
            "pipeline": "default",
            "amount": str(100 * place + 50),
            "company_name": firm_name,
        }
        number = put("deals", {**values, "closedate": f"2026-0{1 + place % 9}-15T00:00:00Z"})
        if not text_only:
            portal.associate(("deals", number), ("companies", ids["companies"][place % len(firms)]), primary=True)
        if ids["contacts"]:
            portal.associate(("deals", number), ("contacts", ids["contacts"][place % len(ids["contacts"])]))
    return portal


def _company(firm: trade.Company) -> dict[str, str]:
    place = {
        "address": firm.street,
        "city": firm.city.name,
        "state": firm.city.state,
        "zip": firm.city.zip_code,
        "country": "United States",
    }
    website = f"https://www.{firm.host}/" if firm.number % 4 else ""
    return {"name": firm.name, "domain": firm.host, "website": website, "phone": _written(firm.phone, firm.number), **place}


def _contact(person: trade.Worker) -> dict[str, str]:
    return {
        "firstname": person.first,
        "lastname": person.last,
        "email": person.email,
        "phone": _written(person.phone, person.number),
        "mobilephone": _written(person.mobile, person.number + 1) if person.mobile else "",
        "jobtitle": person.title,
    }


def _written(number: str, style: int) -> str:
    styles = ("({0}) {1}-{2}", "+1 {0} {1} {2}", "{0}-{1}-{2}", "{0}.{1}.{2}")
    return styles[style % len(styles)].format(number[:3], number[3:6], number[6:])
