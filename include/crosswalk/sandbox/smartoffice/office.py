"""One SmartOffice office: its users, contacts, tag groups and SmartPad notes, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from crosswalk.sandbox.messages import Refused

CONTACT, TAG_GROUP, NOTE = "Contact", "TagGroup", "SmartPadNote"
HOUSEHOLD, MEMBER, KEY_RELATION = "HouseHold", "HouseHoldMember", "KeyRelation"
INVESTMENT, POLICY = "Investment", "Policy"
KINDS = (CONTACT, TAG_GROUP, NOTE, HOUSEHOLD, MEMBER, KEY_RELATION, INVESTMENT, POLICY)
DEFAULT_USER, DEFAULT_PASSWORD = "integration", "sandbox-secret"
EVERY_RIGHT = ("FMG", "eMoney", "PolicyTracking", "PendingCasePolicySetupAdministrator", "InvestmentTracking")


@dataclass(frozen=True, slots=True)
class Record:
    """One object; never changed, only replaced, so that a frozen result keeps what it found.

    values: texts by field name ("Person.Dob"). links: ids of other objects: a contact's tag groups; a note's contact; a member's
    household and contact; a key relation's contact and the other one; the contacts of an investment or a policy. parts: other
    objects as they are shown inside this one, by property, put in when it is read.
    """

    kind: str
    site: int
    number: int
    values: Mapping[str, str]
    links: tuple[str, ...] = ()
    parts: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`Type.site.number`."""
        return f"{self.kind}.{self.site}.{self.number}"


@dataclass(frozen=True)
class User:
    """A SmartOffice user; `rights` are the integration licences it holds."""

    name: str
    password: str
    rights: tuple[str, ...] = ()


@dataclass
class Office:
    """The database of one office."""

    name: str
    site: int = 7
    users: dict[str, User] = field(default_factory=dict)
    records: dict[str, dict[int, Record]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    lock: threading.RLock = field(default_factory=threading.RLock)

    def copy(self, later: float) -> Office:  # noqa: ARG002 - sessions age, and are kept by the system
        """The same users and records, independent of these."""
        with self.lock:
            records = {kind: held.copy() for kind, held in self.records.items()}
            return Office(self.name, self.site, self.users.copy(), records)

    def set_user(self, user: User) -> None:
        """Add a user, or replace the one of that name."""
        self.users[user.name.casefold()] = user

    def sign_in(self, name: str, password: str) -> User:
        """The user of that name. Raises Refused (AUTH_FAILED)."""
        user = self.users.get(name.casefold())
        if user is None or user.password != password:
            raise Refused(200, "AUTH_FAILED", f"unknown user {name} or wrong password")
        return user

    def all(self, kind: str) -> list[Record]:
        """Every object of a kind in ascending order of number."""
        with self.lock:
            return sorted(self.records[kind].values(), key=lambda record: record.number)

    def count(self, kind: str) -> int:
        """How many objects of a kind there are."""
        return len(self.records[kind])

    def get(self, kind: str, record_id: str) -> Record:
        """The object with this id. Raises Refused (NOT_FOUND)."""
        record = self.records[kind].get(self._number(kind, record_id))
        if record is None:
            raise Refused(200, "NOT_FOUND", f"no {kind} with id {record_id}")
        return record

    def insert(self, kind: str, values: Mapping[str, str], links: Iterable[str] = (), number: int | None = None) -> Record:
        """Add an object under the next number, or under the one given."""
        with self.lock:
            chosen = max(self.records[kind], default=0) + 1 if number is None else number
            record = Record(kind, self.site, chosen, values, tuple(links))
            self.records[kind][chosen] = record
            return record

    def change(self, records: Iterable[Record], edit: Callable[[Record], Record]) -> int:
        """Replace each record by an edited one and return how many there were."""
        with self.lock:
            edited = [edit(record) for record in records]
            for record in edited:
                self.records[record.kind][record.number] = record
            return len(edited)

    def remove(self, kind: str, ids: Iterable[str]) -> int:
        """Delete objects, and what others say of them: memberships, key relations. Raises Refused (NOT_FOUND), then nothing is deleted."""
        with self.lock:
            gone = {record.id: record for record in (self.get(kind, record_id) for record_id in ids)}
            for record in gone.values():
                del self.records[kind][record.number]
            if kind == TAG_GROUP:
                self._unlink(CONTACT, gone.keys())
            if kind == CONTACT:
                self._unlink(INVESTMENT, gone.keys())
                self._unlink(POLICY, gone.keys())
            if kind in (CONTACT, HOUSEHOLD):
                for about in (MEMBER, KEY_RELATION):
                    left = {key: one for key, one in self.records[about].items() if gone.keys().isdisjoint(one.links)}
                    self.records[about] = left
            return len(gone)

    def _unlink(self, kind: str, gone: Collection[str]) -> None:
        linked = [record for record in self.records[kind].values() if any(link in gone for link in record.links)]
        self.change(linked, lambda one: replace(one, links=tuple(link for link in one.links if link not in gone)))

    def _number(self, kind: str, record_id: str) -> int:
        prefix, _, number = record_id.rpartition(".")
        known = prefix == f"{kind}.{self.site}" and number.isascii() and number.isdigit() and len(number) < 19
        return int(number) if known else -1
