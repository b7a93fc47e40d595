"""The base of the vendors' clients: one connection, its settings and its HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

from crosswalk.wire.connection import ConnectionSettings
from crosswalk.wire.http import Wire, WireSettings
from crosswalk.wire.quota import Budget


class VendorClient:
    """A vendor's calls over one connection; safe to use from several threads.

    A subclass says where the interface is and what every request carries, and adds the calls.

    budget: requests all processes may send together; None where the vendor counts none.
    """

    connections: ClassVar[int] = 4
    """Requests open at a time."""
    attempts: ClassVar[int] = 5
    first_wait: ClassVar[float] = 0.5
    """Seconds before the first retry; each further wait is twice as long."""

    def __init__(self, settings: ConnectionSettings, wire: Wire | None = None, budget: Budget | None = None) -> None:
        self.settings = settings
        self.budget = budget
        self._wire = wire or Wire(self._wire_settings(self._base_url(), self._headers()), budget=budget)
        self.host = self._wire.endpoint.host

    def doing(self, what: str) -> str:
        """Say what is being done, on which connection."""
        return f"{what} of {self.settings.name}"

    @property
    def sent(self) -> Counter[str]:
        """Requests sent so far by HTTP method, retries included."""
        return sum((wire.sent for wire in self._wires()), Counter())

    def close(self) -> None:
        """Close the kept connections."""
        for wire in self._wires():
            wire.close()

    def _base_url(self) -> str:
        """Return what every path begins with."""
        return self.settings.base_url.rstrip("/")

    def _headers(self) -> Mapping[str, str]:
        """Return what every request carries; may hold the secret."""
        return {}

    def _wires(self) -> list[Wire]:
        return [self._wire]

    def _wire_settings(self, base_url: str, headers: Mapping[str, str]) -> WireSettings:
        settings = self.settings
        return WireSettings(
            base_url=base_url,
            name=settings.name,
            headers=headers,
            requests_per_second=settings.requests_per_second,
            allow_private_network=settings.allow_private_network,
            allowed_hosts=settings.allowed_hosts,
            connections=self.connections,
            attempts=self.attempts,
            first_wait=self.first_wait if settings.first_wait is None else settings.first_wait,
        )
