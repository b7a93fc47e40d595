"""A local HTTP server whose answers a test writes as a function; it remembers what was asked."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    port: int


@dataclass(frozen=True)
class Reply:
    """What to answer. cut: bytes of the body to send before closing; drip: seconds between single bytes; drop: send nothing."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    packed: bool = False
    cut: int | None = None
    drip: float = 0.0
    drop: bool = False
    wait: float = 0.0


Answer = Callable[[Seen], Reply]


class LocalServer:
    """Serves on a free port of this machine until the with-block ends."""

    def __init__(self, answer: Answer, *, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.seen: list[Seen] = []
        self._lock = Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._http.server_address[1]
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}"

    def __enter__(self) -> LocalServer:
        Thread(target=self._http.serve_forever, args=(0.005,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def connections(self) -> int:
        return len({seen.port for seen in self.seen})

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's below
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    self.close_connection = True

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body, self.client_address[1])
                with server._lock:
                    server.seen.append(seen)
                send(self, server.answer(seen))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base class's names

            def log_message(self, *args: Any) -> None:
                return

        return Handler


def send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    time.sleep(reply.wait)
    if reply.drop:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)
        return
    body = gzip.compress(reply.body) if reply.packed else reply.body
    headers = {"Content-Length": str(len(body)), **({"Content-Encoding": "gzip"} if reply.packed else {}), **reply.headers}
    handler.send_response(reply.status)
    for name, value in headers.items():
        if value:
            handler.send_header(name, value)
    handler.end_headers()
    for start in range(len(body) if reply.drip else 0):
        handler.wfile.write(body[start : start + 1])
        time.sleep(reply.drip)
    if not reply.drip:
        handler.wfile.write(body[: reply.cut])
    if reply.cut is not None:
        handler.close_connection = True
