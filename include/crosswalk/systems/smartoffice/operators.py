"""SmartOffice as a task."""

from __future__ import annotations

from crosswalk.orchestration.steps import ExtractStep


class SmartOfficeExtractOperator(ExtractStep):
    """Read an office's contacts and tag groups, and what the target holds, into the landing zone."""

    system = "smartoffice"
