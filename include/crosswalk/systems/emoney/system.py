"""eMoney: a target."""

from __future__ import annotations

from crosswalk.systems.emoney.client import EmoneyClient
from crosswalk.systems.emoney.target import EmoneyTarget
from crosswalk.wire.connection import ConnectionSettings
from crosswalk.wire.quota import Budget


def target(settings: ConnectionSettings, budget: Budget | None = None) -> EmoneyTarget:
    """Open the firm as a target. budget: the requests all processes may send together."""
    return EmoneyTarget(EmoneyClient(settings, budget))
