"""One FMG account: its list as it stands, the opt-outs beside it, the imports under way."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from crosswalk.sandbox.fmg.imports import Import
from crosswalk.sandbox.idempotency import Answers
from crosswalk.sandbox.limits import Gate

DEFAULT_KEY = "sandbox-key"


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact; `source_id` is "" for one no import put there, `groups` are group ids."""

    contact_id: str
    source_id: str
    values: Mapping[str, str]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A group; `source_id` is "" for one no import put there."""

    group_id: str
    source_id: str
    name: str

    @property
    def public_id(self) -> str:
        """How a contact names the group."""
        return self.source_id or self.group_id


@dataclass(frozen=True)
class Listing:
    """The list at one moment. Never changed, only replaced as a whole: a reader cannot see half of a commit."""

    contacts: Mapping[str, Contact] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    revision: int = 0
    generation: int = 0
    last_snapshot: int = 0
    managed_by: Mapping[str, str] | None = None

    @cached_property
    def contact_order(self) -> list[str]:
        """Contact ids in the order of the pages."""
        return sorted(self.contacts)

    @cached_property
    def group_order(self) -> list[str]:
        """Group ids in the order of the pages."""
        return sorted(self.groups)

    @cached_property
    def contact_by_source(self) -> dict[str, str]:
        """contact_id by source_id."""
        return {contact.source_id: contact.contact_id for contact in self.contacts.values() if contact.source_id}

    @cached_property
    def group_by_public_id(self) -> dict[str, str]:
        """group_id by the id contacts name a group by."""
        return {group.public_id: group.group_id for group in self.groups.values()}


@dataclass(frozen=True, slots=True)
class OptOut:
    """An address that wants no more mail, whatever the list says."""

    email: str
    source_id: str | None
    opted_out_at: str


@dataclass(frozen=True, slots=True)
class Activity:
    """One entry of the feed; its place in it is its number."""

    activity_id: str
    type: str
    contact_id: str | None
    source_id: str | None
    email: str
    occurred_at: str
    title: str


class Account:
    """An account. Writers hold `lock`; readers take `listing` once and need none.

    had: the FMG ids of every contact and every group that was ever in the list, by entity.
    """

    def __init__(self, account_id: str, name: str, api_key: str = DEFAULT_KEY) -> None:
        self.account_id = account_id
        self.name = name
        self.api_key = api_key
        self.listing = Listing()
        self.opt_outs: Mapping[str, OptOut] = {}
        self.activities: tuple[Activity, ...] = ()
        self.imports: dict[str, Import] = {}
        self.answers = Answers()
        self.gate = Gate()
        self.lock = threading.RLock()
        self.had: Mapping[str, frozenset[str]] = {"contacts": frozenset(), "groups": frozenset()}
        self._numbers = dict.fromkeys(("c", "g", "i", "a"), 0)

    def copy(self, later: float) -> Account:
        """The same list, opt-outs, activities, imports and kept answers, for itself; times moved by `later` seconds."""
        other = Account(self.account_id, self.name, self.api_key)
        with self.lock:
            other.listing, other.opt_outs, other.had = self.listing, self.opt_outs, self.had
            other.activities = self.activities
            other.imports = {import_id: job.copy() for import_id, job in self.imports.items()}
            other.answers, other.gate = self.answers.copy(later), self.gate.copy(later)
            other._numbers = self._numbers.copy()
        return other

    def new_id(self, prefix: str) -> str:
        """An id never given before: c contact, g group, i import, a activity."""
        self._numbers[prefix] += 1
        number = self._numbers[prefix]
        return f"c-{number:06d}" if prefix == "c" else f"{prefix}-{number}"

    def show(self, listing: Listing) -> None:
        """Put a list in place of the one before, and remember the ids in it."""
        self.had = {
            "contacts": _with(self.had["contacts"], listing.contacts),
            "groups": _with(self.had["groups"], listing.groups),
        }
        self.listing = listing

    def edit(self, *, contacts: Mapping[str, Contact] | None = None, groups: Mapping[str, Group] | None = None) -> None:
        """Replace the list outside any import; raises the revision."""
        now = self.listing
        self.show(
            replace(
                now,
                contacts=now.contacts if contacts is None else contacts,
                groups=now.groups if groups is None else groups,
                revision=now.revision + 1,
            )
        )

    def opt_out(self, emails: Iterable[tuple[str, str]]) -> None:
        """Add pairs of e-mail and source id ("" where none) to the opt-outs; those already there stay as they are."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        added = {email.casefold(): OptOut(email, source_id or None, stamp) for email, source_id in emails if email}
        if added.keys() - self.opt_outs.keys():
            self.opt_outs = {**added, **self.opt_outs}

    def opt_in(self, email: str) -> bool:
        """Take an address off the opt-outs; whether it was there."""
        known = email.casefold() in self.opt_outs
        self.opt_outs = {key: entry for key, entry in self.opt_outs.items() if key != email.casefold()}
        return known

    def summary(self) -> dict[str, Any]:
        """The account as its own resource shows it."""
        listing = self.listing
        return {
            "account_id": self.account_id,
            "name": self.name,
            "managed_by": dict(listing.managed_by) if listing.managed_by else None,
            "contacts": len(listing.contacts),
            "groups": len(listing.groups),
            "generation": listing.generation,
            "last_snapshot": listing.last_snapshot,
            "revision": listing.revision,
        }


def _with(ids: frozenset[str], records: Mapping[str, object]) -> frozenset[str]:
    new = records.keys() - ids
    return ids | new if new else ids
