"""What a fault puts in place of an answer, or makes of one."""

from __future__ import annotations

import gzip
import time
from email.utils import formatdate
from typing import Protocol

from crosswalk.sandbox.faults import REPLACING_KINDS, Fault
from crosswalk.sandbox.messages import Reply, Request

LOGIN_PAGE = b"""<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><form method="post" action="/login"><input name="user"><input name="password" type="password"></form></body></html>
"""


class Answering(Protocol):
    """The parts of a system that speak its errors."""

    @property
    def content_type(self) -> str: ...

    def expire(self, request: Request) -> Reply: ...

    def error(self, code: str, status: int) -> Reply: ...


def replacement(fault: Fault, system: Answering, request: Request) -> Reply:
    """The answer given in place of the true one, for faults.REPLACING_KINDS; the true one is not needed for a reset."""
    options = fault.options
    match fault.kind:
        case "expired":
            return system.expire(request)
        case "error":
            return system.error(options.get("code", ""), options.get("status", 0))
        case "rate_limited":
            return _rate_limited(fault)
        case "login_page":
            return Reply(200, LOGIN_PAGE, "text/html; charset=utf-8")
        case "status" | "raw" | "empty_body" if fault.kind in REPLACING_KINDS:
            return _given(fault, system)
        case _:
            return Reply(200, b"")


def _given(fault: Fault, system: Answering) -> Reply:
    options = fault.options
    status = options.get("status", 503 if fault.kind == "status" else 200)
    default = f"<html><body><h1>{status}</h1></body></html>" if fault.kind == "status" else ""
    body = "" if fault.kind == "empty_body" else options.get("body", default)
    usual = {"status": "text/html", "raw": system.content_type}
    content_type = options.get("content_type", usual.get(fault.kind, "text/plain"))
    return Reply(status, body.encode("utf-8", "surrogatepass"), content_type, _headers(fault))


def _rate_limited(fault: Fault) -> Reply:
    wait = fault.options.get("retry_after", 1)
    reply = Reply(429, b'{"error":{"code":"RATE_LIMITED","message":"too many requests"}}', headers=_headers(fault))
    if wait == "date":
        reply.headers["Retry-After"] = formatdate(time.time() + fault.options.get("seconds", 1) + 1, usegmt=True)
    elif wait is not None:
        reply.headers["Retry-After"] = str(wait)
    return reply


def _headers(fault: Fault) -> dict[str, str]:
    return {str(name): str(value) for name, value in fault.options.get("headers", {}).items()}


def spoiled(reply: Reply, fault: Fault | None) -> Reply:
    """The answer as bad_gzip, truncated or doctype makes it; others leave it as it is."""
    match fault.kind if fault else "":
        case "bad_gzip":
            packed = bytearray(gzip.compress(reply.body, 1))
            packed[-8] ^= 0xFF  # the checksum
            return Reply(reply.status, bytes(packed), reply.content_type, {**reply.headers, "Content-Encoding": "gzip"})
        case "truncated":
            return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.content_type, reply.headers)
        case "doctype" if fault:
            doctype = str(fault.options.get("body", "<!DOCTYPE response>")).encode()
            head, sep, rest = reply.body.partition(b"?>")
            return Reply(reply.status, head + sep + doctype + rest, reply.content_type, reply.headers)
        case _:
            return reply


def compressed(reply: Reply) -> Reply:
    """The answer in gzip."""
    return Reply(reply.status, gzip.compress(reply.body, 1), reply.content_type, {**reply.headers, "Content-Encoding": "gzip"})
