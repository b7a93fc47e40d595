"""One Mindmatrix organization: its contacts, the opt-in states of addresses, the deliveries under way."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crosswalk.sandbox.idempotency import Answers
from crosswalk.sandbox.limits import Gate

DEFAULT_KEY = "sandbox-key"
STATES = ("opted_in", "opted_out", "unknown")


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact; `source_id` is "" for one no delivery put there."""

    contact_id: str
    source_id: str
    values: Mapping[str, str]


@dataclass
class Delivery:
    """A delivery. status: open, finished or closed. accepted: operations by op, by key, so that a repetition counts once."""

    delivery_id: str
    snapshot: int
    status: str = "open"
    accepted: Mapping[str, frozenset[str]] = field(default_factory=lambda: {"upsert": frozenset(), "delete": frozenset()})
    receipt: Mapping[str, Any] = field(default_factory=dict)


class Organization:
    """An organization. Writers hold `lock`; readers take `contacts` once and need none.

    had: every contact id there ever was. opt_in: state by e-mail address, folded.
    """

    def __init__(self, organization_id: str, name: str, api_key: str = DEFAULT_KEY) -> None:
        self.organization_id = organization_id
        self.name = name
        self.api_key = api_key
        self.contacts: Mapping[str, Contact] = {}
        self.opt_in: Mapping[str, str] = {}
        self.deliveries: dict[str, Delivery] = {}
        self.managed_by: Mapping[str, str] | None = None
        self.revision = self.generation = self.last_snapshot = 0
        self.had: frozenset[str] = frozenset()
        self.answers = Answers()
        self.gate = Gate()
        self.lock = threading.RLock()
        self._numbers = {"m": 0, "d": 0}

    def copy(self, later: float) -> Organization:
        """The same organization, for itself; times moved by `later` seconds."""
        other = Organization(self.organization_id, self.name, self.api_key)
        with self.lock:
            other.contacts, other.opt_in, other.had, other.managed_by = self.contacts, self.opt_in, self.had, self.managed_by
            other.revision, other.generation, other.last_snapshot = self.revision, self.generation, self.last_snapshot
            other.deliveries = {key: replace(one) for key, one in self.deliveries.items()}
            other.answers, other.gate = self.answers.copy(later), self.gate.copy(later)
            other._numbers = self._numbers.copy()
        return other

    def new_id(self, prefix: str) -> str:
        """An id never given before: m contact, d delivery."""
        self._numbers[prefix] += 1
        return f"m-{self._numbers[prefix]:06d}" if prefix == "m" else f"d-{self._numbers[prefix]}"

    def show(self, contacts: Mapping[str, Contact]) -> None:
        """Put a list in place of the one before; raises the revision if they differ."""
        if contacts != self.contacts:
            self.revision += 1
        new = contacts.keys() - self.had
        self.had = self.had | new if new else self.had
        self.contacts = contacts

    def state_of(self, email: str) -> str:
        """The opt-in state of an address."""
        return self.opt_in.get(email.casefold(), "unknown") if email else "unknown"

    def summary(self) -> dict[str, Any]:
        """The organization as its own resource shows it."""
        return {
            "organization_id": self.organization_id,
            "name": self.name,
            "managed_by": dict(self.managed_by) if self.managed_by else None,
            "contacts": len(self.contacts),
            "generation": self.generation,
            "last_snapshot": self.last_snapshot,
            "revision": self.revision,
        }

    def contact_json(self, contact: Contact) -> dict[str, Any]:
        """A contact as it is read."""
        about = {"contact_id": contact.contact_id, "source_id": contact.source_id or None}
        return {**about, **contact.values, "opt_in": self.state_of(contact.values["email"])}
