"""A source whose picklists decide which records are eligible. Labels are read from the system, not guessed from values."""

from __future__ import annotations

from typing import Protocol

from crosswalk.core.ports import Source


class LabelledSource(Source, Protocol):
    """A source whose records hold picklist values, which people know by their labels."""

    def choices(self, field: str) -> dict[str, str]:
        """Read the entries of a picklist as {value: label}. field: a field of the rows, of type ids; value: as the rows hold it.

        Raises ConfigurationError CONN_EXTRA when the system has no picklist behind the field.
        """
