"""Requests to eMoney. Contract: README.md. The HTTP client retries them, with the same Idempotency-Key; expired tokens are renewed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from crosswalk.errors import AuthRefused, ConfigurationError, PermanentError
from crosswalk.systems.emoney.payloads import ERROR_STATUSES, READER, Conflict, conflict
from crosswalk.systems.emoney.tokens import tokens_of
from crosswalk.wire import json
from crosswalk.wire.cursor_paging import CursorPages, ListPage
from crosswalk.wire.http import HttpClient, HttpSettings, Request, Response
from crosswalk.wire.json_reader import JsonObject, showable
from crosswalk.wire.quota import SharedQuota
from crosswalk.wire.url_policy import check_characters

PAGE_SIZE = 500
BACKING_OFF = {"attempts": 7, "first_wait": 2.0}
"""Waits that add up to more than the minute the vendor counts by, for it does not promise a Retry-After."""


@dataclass(frozen=True)
class EmoneySettings:
    """An eMoney connection. base_url: what comes before /public/v1; private_key: PEM; firm: such as EM-1001; name: the connection id."""

    base_url: str
    signin_url: str
    client_id: str
    api_key: str = field(repr=False)
    private_key: str = field(repr=False)
    firm: str
    key_id: str = ""
    requests_per_minute: int = 60
    allow_private_network: bool = False
    allowed_hosts: Sequence[str] = ()
    first_wait: float = BACKING_OFF["first_wait"]
    name: str = "emoney"

    def __post_init__(self) -> None:
        if not (self.private_key and self.api_key):
            raise self._wrong("CONN_SECRET_MISSING", "Private key or API key is blank")
        if not (self.client_id and self.firm and self.signin_url):
            raise self._wrong("CONN_EXTRA", "Client id, Firm or Sign-in address is blank")
        for text in (self.client_id, self.firm, self.key_id):
            check_characters(text, self.name, "Client id, Firm or Key id")

    def _wrong(self, code: str, found: str, fix: str = "") -> ConfigurationError:
        return ConfigurationError(code, operation=f"checking the connection {self.name}", problem=found, next_step=fix)


class EmoneyClient:
    """eMoney's calls for one firm; safe to use from several threads.

    quota: what all processes together may send; without one, only the vendor's 429 slows requests down.
    """

    def __init__(self, settings: EmoneySettings, quota: SharedQuota | None = None) -> None:
        self.settings = settings
        self.quota = quota
        self._http = HttpClient(_wire_settings(settings), quota=quota)
        self._tokens = tokens_of(settings.client_id, settings.key_id, settings.private_key, lambda: HttpClient(_signin_settings(settings)))
        self.host = self._http.endpoint.host
        self.operation = self._http.operation

    def firm(self) -> JsonObject:
        """GET the firm. Raises ConfigurationError CONN_FIRM when it is another than the connection names."""
        with self.operation("reading the firm"):
            response = self.read("/firm")
            if response.get("firmId") != self.settings.firm:
                raise ConfigurationError(
                    "CONN_FIRM",
                    problem="client id and private key lead to another firm than Firm of the connection names",
                )
            return response

    def read(self, path: str, params: Mapping[str, str] | None = None) -> JsonObject:
        """GET one object. Raises PermanentError TGT_NOT_FOUND, and what the HTTP client raises."""
        return self._send(Request("GET", path, params=params or {}))

    def pages(self, path: str, collection: str, id_field: str, params: Mapping[str, str] | None = None) -> Iterator[ListPage]:
        """Read a list page by page.

        Raises ReadRestarted when the firm's revision changes in between, DataError when the pages do not add up.
        """
        pages = CursorPages(READER, collection, id_field)
        while pages.more:
            asked = {"limit": str(PAGE_SIZE), **({"after": pages.after} if pages.after else {}), **(params or {})}
            with self.operation(f"reading {collection}", pages.number):
                page = pages.read(self.read(path, asked))
            yield page

    def write(self, method: str, path: str, body: Any, key: str, revision: int | None = None) -> JsonObject:
        """Send a write under its Idempotency-Key; revision: what the client must still be at.

        Raises Conflict when the one record it is about was refused, and what the HTTP client raises.
        """
        headers = {"Idempotency-Key": key, **({} if revision is None else {"If-Match": f'"{revision}"'})}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._send(Request(method, path, content=None if body is None else json.write(body), headers=headers))

    def estimate(self, requests: int) -> float:
        """Give the seconds so many further requests will take at the least, within the quota."""
        return self.quota.estimate(requests) if self.quota else 0.0

    @property
    def sent(self) -> Counter[str]:
        """Requests sent so far by HTTP method, tries included, sign-ins not."""
        return self._http.sent

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def _send(self, request: Request) -> JsonObject:
        response = self._signed_in(replace(request, expect=ERROR_STATUSES, accept=("application/json",)))
        if response.status in ERROR_STATUSES:
            raise _refused(response, request)
        return READER.object(response)

    def _signed_in(self, request: Request) -> Response:
        """Send with a token; one that is not taken any more is renewed once."""
        token = self._tokens.current()
        response = self._http.send(_with(request, token.text))
        if response.status != 401:
            return response
        self._tokens.forget(token)
        return self._http.send(_with(request, self._tokens.current().text))


def part(text: str) -> str:
    """Make an id fit to stand in a path."""
    return quote(text, safe="")


def _with(request: Request, token: str) -> Request:
    return replace(request, headers={**request.headers, "Authorization": f"Bearer {token}"})


def _wire_settings(settings: EmoneySettings) -> HttpSettings:
    return HttpSettings(
        base_url=f"{settings.base_url.rstrip('/')}/public/v1",
        name=settings.name,
        headers={"apikey": settings.api_key},
        allow_private_network=settings.allow_private_network,
        allowed_hosts=settings.allowed_hosts,
        attempts=int(BACKING_OFF["attempts"]),
        first_wait=settings.first_wait,
    )


def _signin_settings(settings: EmoneySettings) -> HttpSettings:
    return HttpSettings(
        base_url=settings.signin_url,
        name=settings.name,
        allow_private_network=settings.allow_private_network,
        allowed_hosts=settings.allowed_hosts,
        first_wait=min(settings.first_wait, 0.5),
    )


def _refused(response: Response, request: Request) -> PermanentError | Conflict:
    """Say what an error answer means. Its message may echo data: it is not looked at."""
    error = READER.refusal(response)
    code = showable(error.get("code"), f"status {response.status}")
    if response.status in (401, 403):
        fix = "check API key, Client id and Firm, and what eMoney lets this partner do"
        return AuthRefused("TGT_AUTH_FAILED", problem=f"eMoney refused the token, the API key or its rights ({code})", next_step=fix)
    if request.method != "GET" and code != "KEY_REUSED":
        return conflict(response.status, error)
    if response.status == 404:
        fix = "check Host and Path; if they are right, the record was deleted in eMoney: run again from extract on"
        return PermanentError("TGT_NOT_FOUND", problem="eMoney does not know the record or the path", next_step=fix)
    return PermanentError("TGT_REFUSED", problem=f"eMoney refused the request ({code})", next_step="report the code and the time to eMoney")
