"""HubSpot: a source, read only."""

from __future__ import annotations

from crosswalk.systems.hubspot.client import HubSpotClient
from crosswalk.systems.hubspot.source import HubSpotSource
from crosswalk.wire.connection import ConnectionSettings


def source(settings: ConnectionSettings) -> HubSpotSource:
    """Open the portal as a source."""
    return HubSpotSource(HubSpotClient(settings))
