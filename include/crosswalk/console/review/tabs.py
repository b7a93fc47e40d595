"""How a record stands on the pages: by its match status, and by what was decided."""

from __future__ import annotations

from enum import StrEnum


class Tab(StrEnum):
    """One list of the review; import and skip are decided, and nobody is asked again."""

    MATCH = "match"
    NEW = "new"
    LINKED = "linked"
    IMPORT = "import"
    SKIP = "skip"


TITLES = {Tab.MATCH: "Match Found", Tab.NEW: "New", Tab.LINKED: "Linked", Tab.IMPORT: "To be imported", Tab.SKIP: "Skipped"}
TONES = {Tab.MATCH: "wait", Tab.NEW: "note", Tab.LINKED: "good", Tab.IMPORT: "good", Tab.SKIP: "note"}
CODES = {tab: number for number, tab in enumerate(Tab)}
"""A tab as a number, in arrays."""
