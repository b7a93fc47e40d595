"""HTTP for every client: checked addresses, time-outs, retry, rate limit, bounded bodies. Only CrosswalkErrors leave it."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException
from typing import TypeVar

import requests
import urllib3

from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, PermanentError, RateLimited, TransientError
from crosswalk.wire.deadline_body import TimelyBody
from crosswalk.wire.error_translation import translate
from crosswalk.wire.pinned_adapter import PinnedAdapter, Session
from crosswalk.wire.quota import Budget, wait_for_turn
from crosswalk.wire.response_body import BodyLimits, read_body
from crosswalk.wire.retry import RetryPolicy, retry_after_seconds
from crosswalk.wire.throttle import pace_of
from crosswalk.wire.url_policy import AddressPolicy, check_characters

Result = TypeVar("Result")

log = logging.getLogger(__name__)
logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)  # its debug lines hold query strings

_NOT_FOR_US = frozenset({401, 403})
_TIMEOUT = 408
_TOO_MANY = 429


@dataclass(frozen=True)
class WireSettings:
    """How to reach one system.

    name: the connection id; names the connection in messages and in the rate limit.
    headers: sent with every request; may hold the secret.
    connections: open at a time; a request more waits.
    total_timeout: seconds one answer may take, all in all.
    """

    base_url: str
    name: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    requests_per_second: float = 20
    allow_private_network: bool = False
    allowed_hosts: Sequence[str] = ()
    connections: int = 4
    connect_timeout: float = 10
    read_timeout: float = 60
    total_timeout: float = 300
    max_body: int = 64 * 1024 * 1024
    attempts: int = 5
    first_wait: float = 0.5
    max_total_wait: float = 300


@dataclass(frozen=True)
class Call:
    """One request.

    doing: what error messages say was being done.
    content: the body, or what makes it anew for each try.
    expect: statuses the caller reads itself.
    leave_by: for a write the other side would carry out twice. It is sent once, and not at all after this instant (seconds since 1970).
    """

    method: str
    path: str
    doing: str
    content: bytes | Callable[[], bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    accept: tuple[str, ...] = ("*/*",)
    expect: Collection[int] = ()
    leave_by: float | None = None


@dataclass(frozen=True)
class Answer:
    """What came back: a 2xx, or a status the call expects. Header names are lower case; content is unpacked."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


class Wire:
    """A kept connection to one system; safe to use from several threads.

    Every request may be repeated: reads are, and a write has to carry a key the other side recognises; else it says `leave_by`.
    """

    def __init__(self, settings: WireSettings, adapter: PinnedAdapter | None = None, budget: Budget | None = None) -> None:
        self.settings = settings
        self.budget = budget
        self._policy = AddressPolicy(settings.name, settings.allow_private_network, settings.allowed_hosts)
        self.endpoint = self._policy.check_url(settings.base_url)
        for value in settings.headers.values():
            check_characters(value, settings.name, "a header, or the secret in it,", ascii_only=True)
        self._adapter = adapter or PinnedAdapter(self._policy.resolve, settings.connections)
        self._session = Session(self._adapter)
        self._pace = pace_of(settings.name, settings.requests_per_second)
        self._retry = RetryPolicy(settings.attempts, settings.first_wait, settings.max_total_wait)

    @property
    def sent(self) -> Counter[str]:
        """Requests sent so far by method, tries included."""
        return self._adapter.sent

    def with_own_cookies(self) -> Wire:
        """Give a wire over the same connections that starts without cookies: a new session at the server."""
        return Wire(self.settings, self._adapter, self.budget)

    def request(self, call: Call) -> Answer:
        """Send, trying again what is worth it.

        Raises TransientError, RateLimited, AuthRefused, PermanentError, ConfigurationError or DataError.
        """
        return self.exchange(call, _as_it_is)

    def exchange(self, call: Call, read: Callable[[Answer], Result]) -> Result:
        """Send and read the answer; a TransientError out of `read` has the request tried again as well."""
        attempt = partial(self._exchanged, call, read)
        return self._retry.run(attempt) if call.leave_by is None else attempt()

    def close(self) -> None:
        self._session.close()

    def _exchanged(self, call: Call, read: Callable[[Answer], Result]) -> Result:
        return read(self._attempt(call))

    def _attempt(self, call: Call) -> Answer:
        self._pace.wait_for_turn()
        if self.budget:
            wait_for_turn(self.budget)
        started = time.monotonic()
        try:
            return self._send(call, started)
        except RateLimited as error:
            if (asked := error.wait_seconds or 0.0) <= self.settings.max_total_wait:  # else this call gives up, and each learns it itself
                self._pace.pause(asked)
                if self.budget:
                    self.budget.pause(asked)
            raise
        except CrosswalkError:
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            # "from None": the foreign text holds the address with its query
            raise translate(error, call.doing) from None
        finally:
            log.debug("%s: %s %s took %.3f s", self.settings.name, call.method, call.doing, time.monotonic() - started)

    def _send(self, call: Call, started: float) -> Answer:
        settings = self.settings
        content = _timely(call.content() if callable(call.content) else call.content, call)
        prepared = self._session.prepare_request(
            requests.Request(
                call.method, self.endpoint.url + call.path, headers=self._headers(call), params=dict(call.params), data=content
            )
        )
        response = self._session.send(
            prepared, stream=True, timeout=(settings.connect_timeout, settings.read_timeout), allow_redirects=False
        )
        with response:  # closes the connection unless the answer was read to its end
            if response.status_code not in call.expect:
                _check_status(response, call.doing)
            body = read_body(response, BodyLimits(settings.max_body, started + settings.total_timeout), call.doing)
            response.raw.release_conn()
        return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)

    def _headers(self, call: Call) -> dict[str, str]:
        fixed = {"Accept": ", ".join(call.accept), "Accept-Encoding": "gzip", "User-Agent": "crosswalk"}
        return {**fixed, **self.settings.headers, **call.headers}


def _timely(content: bytes | None, call: Call) -> bytes | TimelyBody | None:
    if content is None or call.leave_by is None:
        return content
    return TimelyBody(content, call.leave_by, call.doing)


def _as_it_is(answer: Answer) -> Answer:
    return answer


def _check_status(response: requests.Response, doing: str) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise ConfigurationError(
            "CONN_REDIRECT",
            operation=doing,
            problem=f"the server sends us elsewhere (status {status}), which is not followed",
        )
    if status in _NOT_FOR_US:
        raise AuthRefused("CONN_AUTH_FAILED", operation=doing, problem=f"the server refused us (status {status})")
    if status >= 500 or status in (_TIMEOUT, _TOO_MANY):
        raise _later(status, retry_after_seconds(response.headers.get("Retry-After")), doing)
    raise PermanentError(
        "CONN_STATUS",
        operation=doing,
        problem=f"the server answered with status {status}",
    )


def _later(status: int, wait: float | None, doing: str) -> TransientError:
    if status == _TOO_MANY or (status == 503 and wait is not None):
        limited = RateLimited(
            "CONN_RATE_LIMITED",
            operation=doing,
            problem=f"the server asks us to wait (status {status})",
        )
        limited.wait_seconds = wait
        return limited
    return TransientError("CONN_SERVER_ERROR", operation=doing, problem=f"the server failed (status {status})")
