"""What people did in the target, on its way to a note in the source: activities, their ids, the text of a note. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Protocol
from zoneinfo import ZoneInfo

from crosswalk.errors.catalog import Entry, require

OPTED_OUT = "opted_out"

HEADLINES: Mapping[str, str] = {
    "form_completed": "Website form completed",
    "email_sent": "E-mail sent",
    OPTED_OUT: "Opted out of e-mail",
}
"""The types of activity (seed: Sync FMG Activity) and how a note of each begins."""

MAX_TEXT = 2000
"""Characters of a note's text (our contract, systems/smartoffice/README.md)."""

_NOT_FOR_A_NOTE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")


@dataclass(frozen=True)
class Activity:
    """One thing somebody did. contact_id: in the target; source_id: what the target knew of them then; each "" where unknown.

    occurred_at: an instant in UTC. title: name of the form or subject of the mail; with email, the personal part.
    """

    activity_id: str
    type: str
    contact_id: str
    source_id: str
    email: str
    occurred_at: datetime
    title: str


def event_id(target_identity: str, activity_id: str) -> str:
    """Name the note of an activity: the same activity of the same target account always has the same name, of 36 characters."""
    return "fmg-" + sha256(f"{target_identity}\n{activity_id}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def note_text(kind: str, title: str, occurred_at: datetime, zone: str) -> str:
    """Write a note's text, in the account's local time. title "" where it is no longer kept."""
    local = occurred_at.astimezone(ZoneInfo(zone))
    shown = _NOT_FOR_A_NOTE.sub(" ", title).strip()
    tail = f" ({local:%Y-%m-%d %H:%M %Z})"
    head = f"{HEADLINES[kind]}: {shown}" if shown else HEADLINES[kind]
    return head[: MAX_TEXT - len(tail)] + tail


@dataclass(frozen=True)
class Kept:
    """Why an activity has no note. passes: whether the cause may pass by itself, so that every run retries.

    final: it is not retried, not even when a person asks. What the code means and what to do is in the catalog.
    """

    code: str
    passes: bool = False
    final: bool = False

    @property
    def entry(self) -> Entry:
        """The code's row of the catalog. Raises LookupError or ValueError when it has none of this kind."""
        return require(self.code, "kept")


CONTACT_UNKNOWN = Kept("CONTACT_UNKNOWN", passes=True)
CONTACT_GONE = Kept("CONTACT_GONE")
NOTE_REFUSED = Kept("NOTE_REFUSED", passes=True)
ACTIVITY_TYPE_UNKNOWN = Kept("ACTIVITY_TYPE_UNKNOWN")
ACCOUNT_RELEASED = Kept("ACCOUNT_RELEASED", final=True)
REASONS: Mapping[str, Kept] = {
    one.code: one for one in (CONTACT_UNKNOWN, CONTACT_GONE, NOTE_REFUSED, ACTIVITY_TYPE_UNKNOWN, ACCOUNT_RELEASED)
}


@dataclass(frozen=True)
class ActivityPage:
    """One page of a feed. cursor: where the page after it begins, also when there is none yet; position: how many came before that place.

    more: whether there is such a page now.
    """

    activities: tuple[Activity, ...]
    cursor: str
    position: int
    more: bool


class ActivityFeed(Protocol):
    """A target that tells what people did, oldest first."""

    def identity(self) -> str:
        """As `Target.identity`."""

    def pages(self, cursor: str, position: int | None) -> Iterator[ActivityPage]:
        """Read on from a cursor and its position, from the beginning when they are "" and None, to the end as it is now.

        A failed read, or one that leaves something out, is a CrosswalkError.
        """


@dataclass(frozen=True)
class Note:
    """A note on a contact of the source. keyword: names it; no two notes that we write have the same."""

    source_id: str
    keyword: str
    text: str


class NoteUnsettled(Exception):
    """A note was sent, and whether it was written is not known. Only between Notebook and write-back. error: what came instead."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.error = error


class Notebook(Protocol):
    """A source that takes notes, and keeps no idempotency key: the same note sent twice is two notes."""

    def identity(self) -> str:
        """As `Source.identity`."""

    def find(self, source_ids: Iterable[str], keywords: Iterable[str]) -> dict[str, str]:
        """Look for notes on these contacts with these keywords; the id of each by its keyword."""

    def exists(self, source_id: str) -> bool:
        """Tell whether the source has a contact of this id."""

    def insert(self, note: Note, leave_by: float) -> str:
        """Write a note and return its id. Sent once, and not at all after `leave_by` (seconds since 1970).

        Raises NoteUnsettled when it may or may not be there; any other error, a CrosswalkError, means that nothing was written.
        """
