"""SmartOffice as a place for notes: SmartPad notes on contacts, found again by their keyword."""

from __future__ import annotations

from collections.abc import Iterable

from crosswalk.errors import ConfigurationError, CrosswalkError, RateLimited
from crosswalk.features.writeback.ports import Note, NoteUnsettled
from crosswalk.systems.smartoffice.client import SmartOfficeClient

_NOTHING_WRITTEN = frozenset(
    {
        "CONN_AUTH_FAILED",
        "CONN_LATE",
        "CONN_STATUS",
        "CONN_UNREACHABLE",
        "RIGHT_MISSING",
        "SRC_AUTH_FAILED",
        "SRC_BUSY",
        "SRC_ERROR_BODY",
        "SRC_NOT_FOUND",
        "SRC_SESSION_LOST",
    }
)
"""Errors after which nothing was carried out: the request did not leave, or the engine (or who stands before it) turned it away."""


class SmartOfficeNotes:
    """Implements features.writeback.ports.Notebook."""

    def __init__(self, client: SmartOfficeClient) -> None:
        self._client = client

    def identity(self) -> str:
        return self._client.identity

    def find(self, source_ids: Iterable[str], keywords: Iterable[str]) -> dict[str, str]:
        return self._client.notes(sorted(set(source_ids)), sorted(set(keywords)))

    def exists(self, source_id: str) -> bool:
        return self._client.has_contact(source_id)

    def insert(self, note: Note, leave_by: float) -> str:
        try:
            return self._client.insert_note(note, leave_by)
        except CrosswalkError as error:
            if isinstance(error, RateLimited | ConfigurationError) or error.code in _NOTHING_WRITTEN:
                raise
            raise NoteUnsettled(error) from None
