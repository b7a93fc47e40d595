"""SmartOffice's operators."""

from __future__ import annotations

from crosswalk.orchestration.operators.steps import ExtractOperator
from crosswalk.orchestration.operators.writeback import WriteNotesStep


class SmartOfficeExtractOperator(ExtractOperator):
    """Read SmartOffice AND the account's target (FMG or eMoney) into the landing zone.

    On an outage of FMG or eMoney this task fails as well; clear it once both systems answer.
    """


class SmartOfficeWriteNotesOperator(WriteNotesStep):
    """Write SmartPad notes through the account's connection of type `smartoffice`."""
