"""Requests to Flex. Contract: README.md. The HTTP client retries them, with the same Idempotency-Key; signing in again happens here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from crosswalk.systems.flex.payloads import READER, read_refused
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.connection import ConnectionSettings
from crosswalk.wire.http import HttpClient, Request, Response
from crosswalk.wire.json_reader import JsonObject
from crosswalk.wire.paging import PageGuard
from crosswalk.wire.url_policy import check_characters
from crosswalk.wire.vendor_client import VendorClient

DEFAULT_PATH = "/f5/api"
PAGE_SIZE = 100
MAX_PARALLEL = 4

_TOKEN, _REFRESHED = "X-Auth-Token", "x-auth-token-refreshed"
_READ_STATUSES = frozenset({401, 403, 404, 409, 422})


@dataclass(frozen=True)
class WriteAnswer:
    """What came of a write. status: 2xx, or 404, 409 or 422 for a record that was refused."""

    status: int
    body: JsonObject

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))


class FlexClient(VendorClient):
    """Flex's calls for one site; safe to use from several threads."""

    connections = MAX_PARALLEL

    def __init__(self, settings: ConnectionSettings, http: HttpClient | None = None) -> None:
        super().__init__(settings, http)
        if not settings.login:  # an API key is sent as it is
            check_characters(settings.password, settings.name, "Password", ascii_only=True)
        self._lock = Lock()
        self._token = "" if settings.login else settings.password
        self.path = self._http.endpoint.path

    def _headers(self) -> Mapping[str, str]:
        return {"Accept": "application/json"}

    def pages(self, collection: str, id_field: str, **params: str) -> Iterator[list[JsonObject]]:
        """Read a Spring list page by page. id_field: the member that tells its records apart. Raises DataError when they do not add up."""
        guard, number, more = PageGuard(), 0, True
        while more:
            number += 1
            with self.operation(f"reading {collection}", number):
                records, more = self._page(guard, collection, id_field, number, params)
            yield records

    def get(self, path: str, **params: str) -> JsonObject:
        """Read a document. Raises AuthRefused, PermanentError, DataError and what the HTTP client raises."""
        return READER.object(self._read(path, params))

    def get_list(self, path: str) -> list[JsonObject]:
        """Read a plain list."""
        return READER.list(self._read(path, {}))

    def write(self, method: str, path: str, body: Any, key: str) -> WriteAnswer:
        """Send a write under its Idempotency-Key; what is refused for the record's sake comes back as an answer.

        Raises AuthRefused, PermanentError TGT_REFUSED for a reused key, and what the HTTP client raises.
        """
        sent = None if body is None else json.write(body)
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        response = self._send(Request(method, path, content=sent, headers=headers, expect=_READ_STATUSES))
        body = READER.object(response)
        if response.status in (401, 403) or body.get("code") == "KEY_REUSED":
            raise read_refused(response.status)
        return WriteAnswer(response.status, body)

    def _page(
        self, guard: PageGuard, collection: str, id_field: str, number: int, params: Mapping[str, str]
    ) -> tuple[list[JsonObject], bool]:
        """Read one page, counted from 1, and say whether another one follows."""
        page = number - 1  # Spring counts from 0
        response = self.get(f"/{collection}", **{**params, "page": str(page), "size": str(PAGE_SIZE)})
        records, total = READER.objects(response, "content"), READER.count(response, "totalElements")
        if response.get("number", page) != page:
            raise data_error("SRC_PAGE_MISPLACED", "another page came")
        more = number < READER.count(response, "totalPages")
        guard.check([record.get(id_field) for record in records], total, more)
        return records, more

    def _read(self, path: str, params: Mapping[str, str]) -> Response:
        response = self._send(Request("GET", path, params=params, expect=_READ_STATUSES))
        if response.status in _READ_STATUSES:
            raise read_refused(response.status)
        return response

    def _send(self, request: Request) -> Response:
        token = self._token or self._signed_in("")
        response = self._with(token, request)
        if response.status == 401 and self.settings.login:
            response = self._with(self._signed_in(token), request)
        if response.status in (401, 403):
            raise read_refused(response.status)
        return response

    def _with(self, token: str, request: Request) -> Response:
        response = self._http.send(replace(request, headers={**request.headers, _TOKEN: token}))
        fresh = response.headers.get(_REFRESHED, "")
        if fresh:
            check_characters(fresh, self.settings.name, "a renewed token", ascii_only=True)
            with self._lock:
                self._token = fresh
        return response

    def _signed_in(self, refused: str) -> str:
        """Give a token other than the refused one; of several threads one fetches it."""
        with self._lock:
            if self._token == refused:
                with self.operation("signing in"):
                    body = {"username": self.settings.login, "password": self.settings.password, "source": "crosswalk"}
                    headers = {"Content-Type": "application/json"}
                    request = Request("POST", "/authenticate", content=json.write(body), headers=headers, expect=_READ_STATUSES)
                    response = self._http.send(request)
                    if response.status in _READ_STATUSES:
                        raise read_refused(response.status)
                    token = READER.name(READER.object(response), "token")
                    check_characters(token, self.settings.name, "a token", ascii_only=True)
                    self._token = token
            return self._token
