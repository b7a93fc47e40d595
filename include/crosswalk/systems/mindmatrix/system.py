"""Mindmatrix: a target."""

from __future__ import annotations

from crosswalk.systems.mindmatrix.client import MindmatrixClient
from crosswalk.systems.mindmatrix.target import MindmatrixTarget
from crosswalk.wire.connection import ConnectionSettings


def target(settings: ConnectionSettings) -> MindmatrixTarget:
    """Open the organization as a target."""
    return MindmatrixTarget(MindmatrixClient(settings))
