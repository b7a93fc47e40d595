"""Autotask: a source."""

from __future__ import annotations

from crosswalk.systems.autotask.client import AutotaskClient
from crosswalk.systems.autotask.source import AutotaskSource
from crosswalk.wire.connection import ConnectionSettings


def source(settings: ConnectionSettings) -> AutotaskSource:
    """Open the database as a source."""
    return AutotaskSource(AutotaskClient(settings))
