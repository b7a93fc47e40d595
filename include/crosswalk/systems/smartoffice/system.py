"""SmartOffice: a source of contacts, and a notebook for notes on them."""

from __future__ import annotations

from crosswalk.systems.smartoffice.client import SmartOfficeClient
from crosswalk.systems.smartoffice.notes import SmartOfficeNotes
from crosswalk.systems.smartoffice.source import SmartOfficeSource
from crosswalk.wire.connection import ConnectionSettings


def source(settings: ConnectionSettings) -> SmartOfficeSource:
    """Open the office as a source."""
    return SmartOfficeSource(SmartOfficeClient(settings))


def notebook(settings: ConnectionSettings) -> SmartOfficeNotes:
    """Open the office as a place for notes."""
    return SmartOfficeNotes(SmartOfficeClient(settings))
