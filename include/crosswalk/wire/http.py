"""One HTTP client for all systems: checked addresses, timeouts, retries, throttling, bounded bodies. Raises CrosswalkErrors only."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException
from typing import TypeVar

import requests
import urllib3

from crosswalk.errors import (
    AuthRefused,
    ConfigurationError,
    CrosswalkError,
    PermanentError,
    RateLimited,
    TransientError,
    current_operation,
    operation,
)
from crosswalk.wire.deadline_body import DeadlineBody
from crosswalk.wire.error_translation import translate
from crosswalk.wire.pinned_adapter import PinnedAdapter, Session
from crosswalk.wire.quota import SharedQuota, take_request
from crosswalk.wire.response_body import BodyLimits, read_body
from crosswalk.wire.retry_policy import RetryPolicy, retry_after_seconds
from crosswalk.wire.throttle import throttle_of
from crosswalk.wire.url_policy import AddressPolicy, check_characters

Result = TypeVar("Result")

log = logging.getLogger(__name__)
logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)  # its debug lines hold query strings

_UNAUTHORIZED = frozenset({401, 403})
_REQUEST_TIMEOUT = 408
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class HttpSettings:
    """How to reach one system. All times are in seconds.

    name: the connection id, used in messages and as the key of the throttle.
    headers: sent with every request; may hold the secret.
    connections: open at the same time; a further request waits for a free one.
    total_timeout: for one response, from sending the request to the last byte of the body.
    max_body: bytes, counted before and after decompression.
    first_wait, max_total_wait: of the retries; see `RetryPolicy`.
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
class Request:
    """One request.

    content: the body, or a function that builds it anew for each attempt.
    expect: error statuses the caller handles itself.
    leave_by: for a write that is not idempotent. It is sent once, without retries, and not at all after this instant (seconds since 1970).
    """

    method: str
    path: str
    content: bytes | Callable[[], bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    accept: tuple[str, ...] = ("*/*",)
    expect: Collection[int] = ()
    leave_by: float | None = None


@dataclass(frozen=True)
class Response:
    """A response with a 2xx status, or one the request expects. Header names are lower case; content is decompressed."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


class HttpClient:
    """Pooled connections to one system. Thread-safe.

    Requests are retried, so they must be idempotent: reads are, and writes carry an idempotency key. A write without one sets `leave_by`.
    """

    def __init__(self, settings: HttpSettings, adapter: PinnedAdapter | None = None, quota: SharedQuota | None = None) -> None:
        self.settings = settings
        self.quota = quota
        self._policy = AddressPolicy(settings.name, settings.allow_private_network, settings.allowed_hosts)
        self.endpoint = self._policy.check_url(settings.base_url)
        for value in settings.headers.values():
            check_characters(value, settings.name, "a header, or the secret in it,", ascii_only=True)
        self._adapter = adapter or PinnedAdapter(self._policy.resolve, settings.connections)
        self._session = Session(self._adapter)
        self._throttle = throttle_of(settings.name, settings.requests_per_second)
        self._retry = RetryPolicy(settings.attempts, settings.first_wait, settings.max_total_wait)

    @property
    def sent(self) -> Counter[str]:
        """Requests sent so far by HTTP method, retries included."""
        return self._adapter.sent

    def operation(self, what: str, page: int = 0) -> AbstractContextManager[None]:
        """Name what is done over this connection for errors raised in the block: "reading contacts of fmg_north, page 3"."""
        return operation(f"{what} of {self.settings.name}" + (f", page {page}" if page else ""))

    def new_session(self) -> HttpClient:
        """Return a client over the same connections without cookies, for a session of its own at the server."""
        return HttpClient(self.settings, self._adapter, self.quota)

    def send(self, request: Request) -> Response:
        """Send a request, retrying on TransientError.

        Raises TransientError, RateLimited, AuthRefused, PermanentError, ConfigurationError or DataError.
        """
        return self.fetch(request, _unparsed)

    def fetch(self, request: Request, parse: Callable[[Response], Result]) -> Result:
        """Send a request and parse its response; a TransientError from `parse` is retried as well."""
        attempt = partial(self._attempt_and_parse, request, parse)
        return self._retry.run(attempt) if request.leave_by is None else attempt()

    def close(self) -> None:
        self._session.close()

    def _attempt_and_parse(self, request: Request, parse: Callable[[Response], Result]) -> Result:
        return parse(self._attempt(request))

    def _attempt(self, request: Request) -> Response:
        # the throttle first: a request taken from the quota should leave at once, or the window counts it too early
        self._throttle.wait_for_turn()
        if self.quota:
            take_request(self.quota)
        started = time.monotonic()
        try:
            return self._exchange(request, started)
        except RateLimited as error:
            # a longer wait ends this request (see RetryPolicy); pausing all others for it would only hide the reason from them
            if (asked := error.wait_seconds or 0.0) <= self.settings.max_total_wait:
                self._throttle.pause(asked)
                if self.quota:
                    self.quota.pause(asked)
            raise
        except CrosswalkError:
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            # "from None": the library's text holds the URL with its query
            raise translate(error) from None
        finally:
            log.debug("%s: %s %s took %.3f s", self.settings.name, request.method, current_operation(), time.monotonic() - started)

    def _exchange(self, request: Request, started: float) -> Response:
        settings = self.settings
        content = _with_deadline(request.content() if callable(request.content) else request.content, request.leave_by)
        url = self.endpoint.url + request.path
        prepared = self._session.prepare_request(
            requests.Request(request.method, url, headers=self._headers(request), params=dict(request.params), data=content)
        )
        # no redirects: the new address is unchecked, and would get our credentials
        received = self._session.send(
            prepared, stream=True, timeout=(settings.connect_timeout, settings.read_timeout), allow_redirects=False
        )
        with received:  # closes the connection unless the body was read to its end
            if received.status_code not in request.expect:
                _check_status(received)
            body = read_body(received, BodyLimits(settings.max_body, started + settings.total_timeout))
            received.raw.release_conn()
        return Response(received.status_code, {name.lower(): value for name, value in received.headers.items()}, body)

    def _headers(self, request: Request) -> dict[str, str]:
        # gzip only: read_body decompresses nothing else within its limits
        fixed = {"Accept": ", ".join(request.accept), "Accept-Encoding": "gzip", "User-Agent": "crosswalk"}
        return {**fixed, **self.settings.headers, **request.headers}


def _with_deadline(content: bytes | None, leave_by: float | None) -> bytes | DeadlineBody | None:
    return content if content is None or leave_by is None else DeadlineBody(content, leave_by)


def _unparsed(response: Response) -> Response:
    return response


def _check_status(received: requests.Response) -> None:
    status = received.status_code
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise ConfigurationError("CONN_REDIRECT", problem=f"the server sends us elsewhere (status {status}), which is not followed")
    if status in _UNAUTHORIZED:
        raise AuthRefused("CONN_AUTH_FAILED", problem=f"the server refused us (status {status})")
    if status >= 500 or status in (_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS):
        raise _retryable(status, retry_after_seconds(received.headers.get("Retry-After")))
    raise PermanentError("CONN_STATUS", problem=f"the server answered with status {status}")


def _retryable(status: int, wait: float | None) -> TransientError:
    # 503 with Retry-After is a rate limit under another number; without, the server just failed
    if status == _TOO_MANY_REQUESTS or (status == 503 and wait is not None):
        limited = RateLimited("CONN_RATE_LIMITED", problem=f"the server asks us to wait (status {status})")
        limited.wait_seconds = wait
        return limited
    return TransientError("CONN_SERVER_ERROR", problem=f"the server failed (status {status})")
