"""SmartOffice as a task."""

from __future__ import annotations

from crosswalk.orchestration.operators.steps import ExtractOperator
from crosswalk.orchestration.operators.writeback import WriteNotesStep


class SmartOfficeExtractOperator(ExtractOperator):
    """Read an office's contacts and tag groups, and what the target holds, into the landing zone."""


class SmartOfficeWriteNotesOperator(WriteNotesStep):
    """Write SmartPad notes, through the account's connection of type `smartoffice`."""
