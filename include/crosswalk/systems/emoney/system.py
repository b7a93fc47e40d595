"""eMoney: a target."""

from __future__ import annotations

from crosswalk.systems.emoney.client import EmoneyClient
from crosswalk.systems.emoney.target import EmoneyTarget
from crosswalk.wire.connection import ConnectionSettings
from crosswalk.wire.quota import SharedQuota


def target(settings: ConnectionSettings, quota: SharedQuota | None = None) -> EmoneyTarget:
    """Open the firm as a target. quota: the requests all processes may send together."""
    return EmoneyTarget(EmoneyClient(settings, quota))
