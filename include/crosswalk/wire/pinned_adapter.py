"""Connects to checked addresses only: a name is looked up once per connection, checked, and the checked address is used.

A second look-up that gives another answer (DNS rebinding) has no effect: there is none.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import create_connection

Resolve = Callable[[str, int], list[str]]
"""Gives the checked addresses of a host and port, or raises a CrosswalkError."""


def _open(connection: HTTPConnection, resolve: Resolve) -> socket.socket:
    last: Exception = OSError("no address")
    for address in resolve(connection.host, connection.port or connection.default_port):
        try:
            return create_connection((address, connection.port), connection.timeout, socket_options=connection.socket_options)
        except OSError as error:
            last = error
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(connection, "timed out")
    raise NewConnectionError(connection, type(last).__name__)


class _PinnedHTTP(HTTPConnection):
    def __init__(self, *args: Any, resolve: Resolve, **options: Any) -> None:
        super().__init__(*args, **options)
        self._resolve = resolve

    def _new_conn(self) -> socket.socket:
        return _open(self, self._resolve)


class _PinnedHTTPS(HTTPSConnection):
    def __init__(self, *args: Any, resolve: Resolve, **options: Any) -> None:
        super().__init__(*args, **options)
        self._resolve = resolve

    def _new_conn(self) -> socket.socket:
        return _open(self, self._resolve)


class _PinnedPools(PoolManager):
    def __init__(self, resolve: Resolve, **options: Any) -> None:
        super().__init__(**options)
        self._resolve = resolve

    def _new_pool(self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        kind = _PinnedHTTPS if isinstance(pool, HTTPSConnectionPool) else _PinnedHTTP
        pool.ConnectionCls = partial(kind, resolve=self._resolve)  # type: ignore[assignment]
        return pool


class PinnedAdapter(HTTPAdapter):
    """Opens at most `connections` connections; one more request waits for a free one. sent: requests so far, by method."""

    def __init__(self, resolve: Resolve, connections: int) -> None:
        self._resolve = resolve
        self._counting = Lock()
        self.sent: Counter[str] = Counter()
        super().__init__(pool_connections=1, pool_maxsize=connections, pool_block=True, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        """Make the pools whose connections are pinned."""
        self.poolmanager = _PinnedPools(self._resolve, num_pools=connections, maxsize=maxsize, block=block, **options)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Count and send."""
        with self._counting:
            self.sent[str(request.method)] += 1
        return super().send(request, *args, **options)


class Session(requests.Session):
    """A session that follows no redirect and takes nothing (proxy, netrc, certificate bundle) from the environment."""

    def __init__(self, adapter: HTTPAdapter) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.clear()
        for prefix in list(self.adapters):
            self.mount(prefix, adapter)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: a redirect is an answer like any other, and nothing of it is read ahead."""
