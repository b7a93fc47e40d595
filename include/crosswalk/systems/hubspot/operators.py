"""HubSpot as a task."""

from __future__ import annotations

from crosswalk.orchestration.steps import ExtractStep


class HubSpotExtractOperator(ExtractStep):
    """Read an account's companies, contacts and deals, and what the target holds, into the landing zone."""

    system = "hubspot"
