"""The base of the vendors' clients: one connection, its settings and its HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import ClassVar

from crosswalk.wire.connection import ConnectionSettings
from crosswalk.wire.http import HttpClient, HttpSettings
from crosswalk.wire.quota import SharedQuota


class VendorClient:
    """A vendor's calls over one connection; safe to use from several threads.

    A subclass says where the interface is and what every request carries, and adds the calls.

    quota: requests all processes may send together; None where the vendor counts none.
    """

    connections: ClassVar[int] = 4
    """Requests open at a time."""
    attempts: ClassVar[int] = 5
    first_wait: ClassVar[float] = 0.5
    """Seconds before the first retry; each further wait is twice as long."""

    def __init__(self, settings: ConnectionSettings, http: HttpClient | None = None, quota: SharedQuota | None = None) -> None:
        self.settings = settings
        self.quota = quota
        self._http = http or HttpClient(self._http_settings(self._base_url(), self._headers()), quota=quota)
        self.host = self._http.endpoint.host

    def operation(self, what: str, page: int = 0) -> AbstractContextManager[None]:
        """Name what is done over this connection, for errors raised in the block."""
        return self._http.operation(what, page)

    @property
    def sent(self) -> Counter[str]:
        """Requests sent so far by HTTP method, retries included."""
        return sum((client.sent for client in self._clients()), Counter())

    def close(self) -> None:
        """Close the kept connections."""
        for client in self._clients():
            client.close()

    def _base_url(self) -> str:
        """Return what every path begins with."""
        return self.settings.base_url.rstrip("/")

    def _headers(self) -> Mapping[str, str]:
        """Return what every request carries; may hold the secret."""
        return {}

    def _clients(self) -> list[HttpClient]:
        return [self._http]

    def _http_settings(self, base_url: str, headers: Mapping[str, str]) -> HttpSettings:
        settings = self.settings
        return HttpSettings(
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
