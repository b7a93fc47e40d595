"""What travels between the HTTP plumbing and a system: a request, what it asks for, the reply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """One HTTP request. `path` is without the query; `query` holds the last value of each parameter, `pairs` all of them in order."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    pairs: tuple[tuple[str, str], ...] = ()

    def every(self, name: str) -> list[str]:
        """The values of a parameter that may be repeated, or hold several separated by commas; each once."""
        return list(dict.fromkeys(part for key, text in self.pairs if key == name for part in text.split(",") if part))

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; {} when there is none. Raises Refused (422 INVALID)."""
        try:
            value = json.loads(self.body or b"{}", parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise Refused(422, "INVALID", "the body is not JSON") from error
        if not isinstance(value, dict):
            raise Refused(422, "INVALID", "the body is not a JSON object")
        return value

    @property
    def bearer(self) -> str:
        """The bearer token it carries; "" without one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.casefold() == "bearer" else ""

    def whole_number(self, name: str, default: int, low: int, high: int) -> int:
        """A query parameter as a number. Raises Refused (422 INVALID)."""
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise Refused(422, "INVALID", f"{name} is a whole number from {low} to {high}")
        return int(text)


@dataclass(frozen=True)
class Call:
    """What a request asks a system for.

    owner: the office or account it is about, "" when it names none.
    paged: it reads one page of a list.
    content: what the system made of the body, for its own use.
    """

    system: str
    operation: str
    owner: str = ""
    write: bool = False
    paged: bool = False
    content: Any = None


@dataclass
class Reply:
    """One HTTP reply."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A request is answered with an error; each vendor gives it its shape.

    retry_after: seconds to announce in a Retry-After header. more: further keys of the error.
    """

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None, **more: str) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.more = more
        self.status = status
        self.code = code
        self.message = message


def json_reply(value: object, status: int = 200) -> Reply:
    """A JSON reply in UTF-8; lone surrogates, which UTF-8 cannot hold, are written as escapes."""
    try:
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        body = json.dumps(value, separators=(",", ":")).encode()
    return Reply(status, body)


def refusal(refused: Refused) -> Reply:
    """The JSON error shape of FMG, eMoney and the control API."""
    reply = json_reply({"error": {"code": refused.code, "message": refused.message, **refused.more}}, refused.status)
    if refused.retry_after is not None:
        reply.headers["Retry-After"] = str(refused.retry_after)
    return reply


def _no_constant(name: str) -> None:
    raise ValueError(name)
