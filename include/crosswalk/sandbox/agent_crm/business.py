"""One business: its records, its users, and the rules that hold inside it. Used under its lock."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crosswalk.sandbox.agent_crm.book import Book
from crosswalk.sandbox.agent_crm.fields import MAX_TEXT, OBJECTS, OTHER_TEXT, record_id, record_json, record_name, record_number
from crosswalk.sandbox.messages import Refused

BOOKED, MADE = 0, 1
"""Which part of a record's UUID says whether the book made it up or somebody wrote it."""


@dataclass
class Shelf:
    """The records of one object: the book's, changed ones in place of the book's, and those made since.

    changed and made: values by number. by_key, by_email: numbers of made records.
    """

    name: str
    book: Book
    changed: dict[int, dict[str, str]] = field(default_factory=dict)
    made: dict[int, dict[str, str]] = field(default_factory=dict)
    archived: set[str] = field(default_factory=set)
    by_key: dict[str, str] = field(default_factory=dict)
    by_email: dict[str, str] = field(default_factory=dict)

    def ids(self) -> Iterator[str]:
        """Every record, the book's first."""
        yield from (record_id(self.name, number, BOOKED) for number in range(self.book.count(self.name)))
        yield from self.made_ids()

    def made_ids(self) -> list[str]:
        """The records the book did not make up."""
        return [record_id(self.name, number, MADE) for number in self.made]

    def values(self, one: str) -> dict[str, str] | None:
        """The values of a record; None when there is none of this id here."""
        number = record_number(self.name, one, BOOKED)
        if number is not None and number < self.book.count(self.name):
            return self.changed.get(number) or self.book.values(self.name, number)
        return self.made.get(record_number(self.name, one, MADE) or -1)

    def keep(self, one: str | None, values: dict[str, str]) -> str:
        """Write a record, or make one; return its id."""
        if one is None:
            number = len(self.made) + 1
            one = record_id(self.name, number, MADE)
        before = self.values(one)
        if before and before.get("email"):
            self.by_email.pop(before["email"].casefold(), None)
        booked = record_number(self.name, one, BOOKED)
        if booked is not None:
            self.changed[booked] = values
        else:
            self.made[record_number(self.name, one, MADE) or 0] = values
        if values["sync_key"]:
            self.by_key[values["sync_key"]] = one
        if values.get("email"):
            self.by_email[values["email"].casefold()] = one
        return one

    def keyed(self, key_field: str, value: str) -> str | None:
        """The record that has this key, this e-mail or this name."""
        if not value:
            return None
        if key_field == "sync_key":
            return self.by_key.get(value) or self._booked_key(value)
        if key_field == "email":
            return self.by_email.get(value.casefold())
        return next((one for one in self.ids() if record_name(self.name, self.values(one) or {}) == value), None)

    def _booked_key(self, key: str) -> str | None:
        tail = key.rpartition("-")[2]
        if self.name == "agents_agencies":
            numbers = [agent for agent in range(self.book.agents) if self.book.npn(agent) == key]
        else:
            numbers = [int(tail)] if tail.isascii() and tail.isdigit() and int(tail) < self.book.count(self.name) else []
        fitting = [number for number in numbers if self.book.values(self.name, number)["sync_key"] == key]
        return record_id(self.name, fitting[0], BOOKED) if fitting else None

    def json(self, one: str) -> dict[str, Any]:
        """A record as it is shown."""
        return record_json(self.name, one, self.values(one) or {}, archived=one in self.archived)

    def copy(self) -> Shelf:
        """The same records, for themselves: values are replaced, never changed."""
        parts = (self.changed.copy(), self.made.copy(), self.archived.copy(), self.by_key.copy(), self.by_email.copy())
        return Shelf(self.name, self.book, *parts)


@dataclass
class Business:
    """One tenant. npns: whose policies may be in it, None for the FMO's own. members: ids of the users who may
    come in. parent: the business that made it.
    """

    business_id: str
    name: str
    kind: str = "agent"
    external_key: str = ""
    npns: list[str] | None = None
    policy_sync: bool = False
    parent: str = ""
    members: set[str] = field(default_factory=set)
    users: list[dict[str, str]] = field(default_factory=list)
    shelves: dict[str, Shelf] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def shelf(self, name: str) -> Shelf:
        """The records of an object. Raises Refused (404 NOT_FOUND)."""
        if name not in self.shelves:
            raise Refused(404, "NOT_FOUND", "no such object")
        return self.shelves[name]

    def json(self) -> dict[str, Any]:
        """The business as its own calls show it."""
        shown = {"id": self.business_id, "external_key": self.external_key, "name": self.name, "kind": self.kind}
        return {**shown, "npns": self.npns or [], "policy_sync": self.policy_sync}

    def write(self, name: str, one: str | None, values: Mapping[str, str]) -> str:
        """Write one record by the rules. Raises Refused (400 INVALID, 409 EMAIL_TAKEN, ARCHIVED)."""
        shelf, new = self.shelf(name), dict.fromkeys(OBJECTS[name], "") | dict(values)
        for field_name, value in new.items():
            if len(value) > MAX_TEXT.get(field_name, OTHER_TEXT):
                raise Wrong(400, "INVALID", field_name)
        if one in shelf.archived:
            raise Wrong(409, "ARCHIVED", "sync_key")
        holder = shelf.keyed("sync_key", new["sync_key"])
        if holder not in (None, one):
            raise Wrong(400, "INVALID", "sync_key")
        self._require_tenant(new)
        if name == "contacts":
            _require_email(shelf, one, new)
        return shelf.keep(one, new)

    def _require_tenant(self, values: Mapping[str, str]) -> None:
        if self.npns is None or "writing_agent_npn" not in values or not values["sync_key"]:
            return
        named = values["writing_agent_npn"].split()
        if not named or not set(named) <= set(self.npns):
            raise Wrong(400, "INVALID", "writing_agent_npn")

    def copy(self, later: float) -> Business:  # noqa: ARG002 - nothing in it ages
        """The same business, independent of this one."""
        shelves = {name: shelf.copy() for name, shelf in self.shelves.items()}
        npns = None if self.npns is None else list(self.npns)
        about = (self.business_id, self.name, self.kind, self.external_key, npns, self.policy_sync, self.parent)
        return Business(*about, set(self.members), [dict(user) for user in self.users], shelves)


def furnished(business: Business, book: Book | None = None) -> Business:
    """Give a business the objects of its kind. book: what an FMO's holds."""
    names = ("policies", "members", "agents_agencies") if business.npns is None else ("policies", "contacts")
    business.shelves = {name: Shelf(name, book or Book()) for name in names}
    return business


class Wrong(Refused):
    """A refusal that names a field."""

    def __init__(self, status: int, code: str, field_name: str) -> None:
        super().__init__(status, code, f"{field_name} breaks a rule")
        self.field = field_name


def _require_email(shelf: Shelf, one: str | None, values: Mapping[str, str]) -> None:
    if not values["email"]:
        if not values["sync_key"]:
            raise Wrong(400, "INVALID", "email")
        return
    if "@" not in values["email"].strip("@"):
        raise Wrong(400, "INVALID", "email")
    if shelf.by_email.get(values["email"].casefold()) not in (None, one):
        raise Wrong(409, "EMAIL_TAKEN", "email")
