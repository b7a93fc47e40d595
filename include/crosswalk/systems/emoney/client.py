"""Requests to eMoney. Contract: README.md. The HTTP client retries them, with the same Idempotency-Key; expired tokens are renewed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from crosswalk.errors import AuthRefused, ConfigurationError, PermanentError
from crosswalk.systems.emoney.payloads import ERROR_STATUSES, READER, Conflict, conflict
from crosswalk.systems.emoney.tokens import tokens_of
from crosswalk.wire import json
from crosswalk.wire.connection import ConnectionSettings
from crosswalk.wire.cursor_paging import CursorPages, ListPage
from crosswalk.wire.http import HttpClient, Request, Response
from crosswalk.wire.json_reader import JsonObject, showable
from crosswalk.wire.quota import SharedQuota
from crosswalk.wire.vendor_client import VendorClient

PAGE_SIZE = 500


class EmoneyClient(VendorClient):
    """eMoney's calls for one firm; safe to use from several threads.

    quota: what all processes together may send; without one, only the vendor's 429 slows requests down.
    """

    attempts = 7
    first_wait = 2.0
    """With 7 attempts, waits that add up to more than the minute the vendor counts by, for it does not promise a Retry-After."""

    def __init__(self, settings: ConnectionSettings, quota: SharedQuota | None = None) -> None:
        super().__init__(settings, quota=quota)
        self._tokens = tokens_of(settings.login, settings["key_id"], settings.password, self._signin_client)

    def _base_url(self) -> str:
        return f"{super()._base_url()}/public/v1"

    def _headers(self) -> Mapping[str, str]:
        return {"apikey": self.settings["api_key"]}

    def _signin_client(self) -> HttpClient:
        usual = self._http_settings(self.settings["signin_url"], {})
        return HttpClient(replace(usual, attempts=VendorClient.attempts, first_wait=min(usual.first_wait, VendorClient.first_wait)))

    def firm(self) -> JsonObject:
        """GET the firm. Raises ConfigurationError CONN_FIRM when it is another than the connection names."""
        with self.operation("reading the firm"):
            response = self.read("/firm")
            if response.get("firmId") != self.settings["firm"]:
                raise ConfigurationError(
                    "CONN_FIRM", problem="client id and private key lead to another firm than Firm of the connection names"
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
