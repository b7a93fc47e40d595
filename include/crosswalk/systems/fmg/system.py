"""FMG: a target, and a feed of what people did there."""

from __future__ import annotations

from crosswalk.systems.fmg.activity_feed import FmgActivities
from crosswalk.systems.fmg.client import FmgClient
from crosswalk.systems.fmg.target import FmgTarget
from crosswalk.wire.connection import ConnectionSettings


def target(settings: ConnectionSettings) -> FmgTarget:
    """Open the account as a target."""
    return FmgTarget(FmgClient(settings))


def feed(settings: ConnectionSettings) -> FmgActivities:
    """Open the account as a feed of activities."""
    return FmgActivities(FmgClient(settings))
