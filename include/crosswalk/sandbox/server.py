"""Starting and stopping the sandbox."""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from crosswalk.errors import ConfigurationError
from crosswalk.sandbox.app import Sandbox
from crosswalk.sandbox.control import Control
from crosswalk.sandbox.handler import Handler
from crosswalk.sandbox.vendor import Start
from crosswalk.sandbox.vendors import Vendors

logger = logging.getLogger(__name__)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    accepted: Callable[[socket.socket], None]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection; who it is for is settled here, in the order they came."""
        connection, address = super().get_request()
        self.accepted(connection)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's signature
        """A client that hangs up is no news; anything else is a fault of ours."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            logger.error("a sandbox request failed", exc_info=error)


def _bound(host: str, port: int, handler: type[Handler]) -> _Server:
    try:
        return _Server((host, port), handler)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise ConfigurationError(
            "SANDBOX_PORT",
            operation=f"starting the sandbox on {host} port {port}",
            problem=f"{reason}",
            next_step="choose another --port, or stop what uses this one",
        ) from error


@dataclass
class Connection:
    """vendors: those its requests are meant for. asked: whether a vendor's request came over it."""

    vendors: Vendors
    asked: bool = False


class SandboxServer:
    """The sandbox behind a port, in threads of this process. State lives as long as the object.

    Args:
        contacts, groups, seed: the people of the default office DEMO01.
        host: address to listen on.
        port: 0 takes a free one.

    Raises:
        ConfigurationError: SANDBOX_PORT, when the address cannot be listened on.
    """

    def __init__(self, *, contacts: int = 200, groups: int = 10, seed: int = 7, host: str = "127.0.0.1", port: int = 0) -> None:
        self._server = _bound(host, port, type("BoundHandler", (Handler,), {"box": self}))
        self.sandbox = Sandbox(Start(contacts, groups, seed))
        self.control = Control(self.sandbox)
        self._stopping = threading.Event()
        self._connections: dict[socket.socket, Connection] = {}
        self._server.accepted = self._accepted
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="sandbox", daemon=True)
        self.host = host
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop at once: waits, drips and idle connections are cut short."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        for connection in self._connections.copy():
            _end(connection)

    def join(self) -> None:
        """Wait until it is stopped."""
        while self._thread.is_alive():
            self._thread.join(0.5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def wait(self, seconds: float) -> bool:
        """Wait, and say whether the sandbox is being stopped."""
        return self._stopping.wait(seconds)

    def disconnected(self, connection: socket.socket) -> None:
        """Forget a connection that ended."""
        self._connections.pop(connection, None)

    def asked_by(self, connection: socket.socket) -> Vendors:
        """The vendors that a request on this connection is meant for: those there were when it came."""
        known = self._connections.get(connection) or Connection(self.sandbox.vendors)
        known.asked = True
        return known.vendors

    def controlled_by(self, connection: socket.socket) -> None:
        """After a control call: its connection stays, others that were used with vendors since replaced are ended.

        A client that reuses such a connection notices, and opens another; a request it left on the way reaches nobody.
        """
        now = self.sandbox.vendors
        self._connections[connection] = Connection(now)
        for other, known in self._connections.copy().items():
            if known.asked and known.vendors is not now:
                _end(other)

    def _accepted(self, connection: socket.socket) -> None:
        self._connections[connection] = Connection(self.sandbox.vendors)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def serve(
    host: str = "127.0.0.1",
    port: int = 8900,
    contacts: int = 30_000,
    groups: int = 1_000,
    seed: int = 7,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until interrupted. `ready` is called with the URL once it answers."""
    with SandboxServer(contacts=contacts, groups=groups, seed=seed, host=host, port=port) as box:
        logger.info("sandbox at %s: %d contacts, %d groups, seed %d", box.url, contacts, groups, seed)
        if ready:
            ready(box.url)
        with suppress(KeyboardInterrupt):
            box.join()
