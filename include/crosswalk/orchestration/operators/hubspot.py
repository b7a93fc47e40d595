"""HubSpot's operator."""

from __future__ import annotations

from crosswalk.orchestration.operators.steps import ExtractOperator


class HubSpotExtractOperator(ExtractOperator):
    """Read HubSpot AND Flex into the landing zone: this task fails when either of them is down."""
