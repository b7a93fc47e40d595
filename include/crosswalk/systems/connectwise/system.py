"""ConnectWise: a source."""

from __future__ import annotations

from crosswalk.systems.connectwise.client import ConnectWiseClient
from crosswalk.systems.connectwise.source import ConnectWiseSource
from crosswalk.wire.connection import ConnectionSettings


def source(settings: ConnectionSettings) -> ConnectWiseSource:
    """Open the company as a source."""
    return ConnectWiseSource(ConnectWiseClient(settings))
