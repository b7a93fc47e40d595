"""HubSpot as a task."""

from __future__ import annotations

from crosswalk.orchestration.operators.steps import ExtractOperator


class HubSpotExtractOperator(ExtractOperator):
    """Read an account's companies, contacts and deals, and what the target holds, into the landing zone."""
