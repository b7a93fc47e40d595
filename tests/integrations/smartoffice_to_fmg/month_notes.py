"""What people do in FMG over the month, and the notes SmartOffice must hold for it: one each, on the right contact.

Worked out from who was in FMG's list and in SmartOffice at the time; each activity is known again by a title of its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from integrations.smartoffice_to_fmg.month import Month

KINDS = ("form_completed", "email_sent", "email_sent", "opted_out")


@dataclass
class Notes:
    """Titles of activities, and whose they were. waiting: not due yet; due: must have a note; gone: whose contact had left SmartOffice."""

    month: Month
    waiting: dict[str, str] = field(default_factory=dict)
    due: dict[str, str] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)

    def happen(self, number: int) -> None:
        """Let so many things happen to people of the list."""
        people = sorted(self.month.books.listing.people.items())
        for contact_id, record in self.month.random.choices(people, k=number if people else 0):
            title = f"Title {len(self.waiting) + len(self.due) + len(self.gone)}"
            self.month.world.act({"type": self.month.random.choice(KINDS), "contact": contact_id, "title": title})
            self.waiting[title] = record["source_id"]

    def write(self) -> None:
        """A write-back runs now: what it has to do about people it knows."""
        for title, who in list(self.waiting.items()):
            if who in self.month.delivered:
                del self.waiting[title]
                (self.due if who in self.month.books.office.contacts else self.gone)[title] = who

    def wrong(self) -> list[str]:
        """Say which notes are missing, too many, or on another contact."""
        found = Counter((note["Text"], note["Contact"]) for note in self.month.world.notes())
        titled = {title: [one for one in found if f"{title}\n" in f"{one[0]}\n" or f"{title} " in one[0]] for title in self._titles}
        wrong = [f"{title} has {len(notes)} notes" for title, notes in titled.items() if len(notes) != int(title in self.due)]
        wrong += [f"{title} is on another contact" for title, who in self.due.items() if {one[1] for one in titled[title]} - {who}]
        return wrong + [f"{text!r} stands there {times} times" for (text, _), times in found.items() if times > 1]

    @property
    def _titles(self) -> list[str]:
        return [*self.waiting, *self.due, *self.gone]
