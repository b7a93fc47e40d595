"""HTTP/1.1 over the raw socket, because half of the faults are only possible there."""

from __future__ import annotations

import logging
import socket
import struct
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from crosswalk.sandbox.app import Sandbox
from crosswalk.sandbox.control import Control
from crosswalk.sandbox.damage import compressed, spoiled
from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Refused, Reply, Request, refusal
from crosswalk.sandbox.vendors import Vendors

logger = logging.getLogger(__name__)

MAX_BODY = 64 * 1024 * 1024
DRIP_SECONDS = 0.05
RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, no time: close sends RST


class Box(Protocol):
    """What a connection needs of the server it belongs to."""

    @property
    def sandbox(self) -> Sandbox: ...

    @property
    def control(self) -> Control: ...

    def wait(self, seconds: float) -> bool:
        """Wait, and say whether the sandbox is being stopped."""

    def disconnected(self, connection: socket.socket) -> None:
        """Forget a connection that ended."""

    def asked_by(self, connection: socket.socket) -> Vendors:
        """The vendors that a request on this connection is meant for."""

    def controlled_by(self, connection: socket.socket) -> None:
        """Note that a connection was used for a control call."""


class Handler(BaseHTTPRequestHandler):
    """Reads requests off one connection, one after another."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    box: Box

    def handle(self) -> None:
        """Serve the connection until either side ends it."""
        try:
            super().handle()
        except ConnectionError:
            logger.debug("a client ended its connection")
        finally:
            self.box.disconnected(self.connection)

    def do_GET(self) -> None:
        """Answer one request, whatever its method."""
        request = self._request()
        if request is None:
            return
        if request.path.startswith("/_sandbox"):
            reply = self.box.control.answer(request)
            self.box.controlled_by(self.connection)
            self._send(reply)
            return
        vendors = self.box.asked_by(self.connection)
        if vendors is not self.box.sandbox.vendors:
            self.close_connection = True
        reply, fault = self.box.sandbox.handle(request, vendors)
        self._deliver(request, reply, fault)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names http.server looks for

    def _request(self) -> Request | None:
        target = urlsplit(self.path)
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(refusal(Refused(413, "PART_TOO_LARGE", "a body has a Content-Length of at most 64 MB")))
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        headers = {name.casefold(): value for name, value in self.headers.items()}
        pairs = tuple(parse_qsl(target.query, keep_blank_values=True))
        return Request(self.command, target.path, dict(pairs), headers, body, pairs)

    def _deliver(self, request: Request, reply: Reply, fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        if fault and kind == "latency":
            self.box.wait(fault.options.get("seconds", 1.0))
        if kind in ("reset", "lost_answer"):
            self._reset()
        elif kind == "cut":
            self._cut(reply)
        elif fault and kind == "drip":
            self._drip(reply, fault.options.get("seconds", DRIP_SECONDS))
        elif self.box.sandbox.settings.compress and not fault and "gzip" in request.headers.get("accept-encoding", ""):
            self._send(compressed(reply))
        else:
            self._send(spoiled(reply, fault))

    def _head(self, reply: Reply) -> bytes:
        headers = {
            "Date": self.date_time_string(),
            "Server": "CrosswalkSandbox",
            "Content-Type": reply.content_type,
            "Content-Length": str(len(reply.body)),
            **reply.headers,
            "Connection": "close" if self.close_connection else "keep-alive",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        phrase = HTTPStatus(reply.status).phrase if reply.status in set(HTTPStatus) else "Unknown"
        return f"HTTP/1.1 {reply.status} {phrase}\r\n{lines}\r\n".encode("latin-1", "replace")

    def _send(self, reply: Reply) -> None:
        self.wfile.write(self._head(reply) + reply.body)

    def _cut(self, reply: Reply) -> None:
        self.wfile.write(self._head(reply) + reply.body[: len(reply.body) // 2])
        self.close_connection = True

    def _drip(self, reply: Reply, seconds: float) -> None:
        self.wfile.write(self._head(reply))
        for position in range(len(reply.body)):
            self.wfile.write(reply.body[position : position + 1])
            if self.box.wait(seconds):
                self.close_connection = True
                return

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are in the sandbox's own log, without their bodies."""
