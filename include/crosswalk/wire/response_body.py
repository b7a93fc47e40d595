"""Reads the body of an answer within bounds of time and size, and unpacks it."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass

import requests

from crosswalk.errors import DataError, TransientError

_CHUNK = 65536
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class BodyLimits:
    """max_bytes counts before and after unpacking; deadline is on the clock of time.monotonic."""

    max_bytes: int
    deadline: float


def read_body(response: requests.Response, limits: BodyLimits) -> bytes:
    """Read and unpack the body.

    Raises DataError SRC_TOO_LARGE or SRC_CORRUPT, TransientError CONN_TIMEOUT or SRC_SHORT_BODY, and what urllib3 raises.
    """
    packed = _read(response, limits)
    expected = response.headers.get("Content-Length", "")
    if expected.isdigit() and response.request.method != "HEAD" and len(packed) < int(expected):
        raise short_body()
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return packed
    if encoding not in ("gzip", "x-gzip"):
        raise _corrupt("the answer is packed in a way that was not asked for")
    return _unpack(packed, limits.max_bytes)


def short_body() -> TransientError:
    """The body ended before its announced end."""
    return TransientError("SRC_SHORT_BODY", problem="the answer ended before its announced end")


def too_large(max_bytes: int) -> DataError:
    """The body passes the cap."""
    return DataError("SRC_TOO_LARGE", problem=f"the answer is larger than {max_bytes:,} bytes")


def _read(response: requests.Response, limits: BodyLimits) -> bytes:
    body = bytearray()
    # read1 returns what one receive brought: a server that drips cannot hold a read past the deadline
    while chunk := response.raw.read1(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > limits.max_bytes:
            raise too_large(limits.max_bytes)
        if time.monotonic() > limits.deadline:
            raise TransientError("CONN_TIMEOUT", problem="the answer did not arrive in the time allowed")
    return bytes(body)


def _unpack(packed: bytes, max_bytes: int) -> bytes:
    body = bytearray()
    while packed:
        member = zlib.decompressobj(_GZIP)
        try:
            body += member.decompress(packed, max_bytes + 1 - len(body))
        except zlib.error:
            raise _corrupt("the answer's gzip packing is damaged") from None
        if len(body) > max_bytes:
            raise too_large(max_bytes)
        if not member.eof:
            raise _corrupt("the answer's gzip packing ends early")
        packed = member.unused_data
    return bytes(body)


def _corrupt(found: str) -> DataError:
    return DataError("SRC_CORRUPT", problem=found)
