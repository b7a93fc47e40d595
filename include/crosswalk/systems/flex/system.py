"""Flex: a target."""

from __future__ import annotations

from crosswalk.systems.flex.client import FlexClient
from crosswalk.systems.flex.target import FlexTarget
from crosswalk.wire.connection import ConnectionSettings


def target(settings: ConnectionSettings) -> FlexTarget:
    """Open the site as a target."""
    return FlexTarget(FlexClient(settings))
