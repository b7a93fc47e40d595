"""Calls of Flex. Contract: README.md. Nothing is tried again here but a sign-in: the wire does that, with the same Idempotency-Key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from crosswalk.systems.flex.payloads import SHAPE, read_refused
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.connection import ConnectionSettings
from crosswalk.wire.http import Answer, Call, Wire
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

    def __init__(self, settings: ConnectionSettings, wire: Wire | None = None) -> None:
        super().__init__(settings, wire)
        if not settings.login:  # an API key is sent as it is
            check_characters(settings.password, settings.name, "Password", ascii_only=True)
        self._lock = Lock()
        self._token = "" if settings.login else settings.password
        self.path = self._wire.endpoint.path

    def _headers(self) -> Mapping[str, str]:
        return {"Accept": "application/json"}

    def pages(self, collection: str, id_field: str, **params: str) -> Iterator[list[JsonObject]]:
        """Read a Spring list page by page. id_field: the member that tells its records apart. Raises DataError when they do not add up."""
        doing = self.doing(f"reading {collection}")
        guard, number, more = PageGuard(doing), 0, True
        while more:
            asked = {**params, "page": str(number), "size": str(PAGE_SIZE)}
            page_doing = f"{doing}, page {number + 1}"
            answer = self.get(f"/{collection}", page_doing, **asked)
            records, total = SHAPE.objects(answer, "content", page_doing), SHAPE.count(answer, "totalElements", page_doing)
            if answer.get("number", number) != number:
                raise data_error("SRC_PAGE_MISPLACED", page_doing, "another page came")
            more = number + 1 < SHAPE.count(answer, "totalPages", page_doing)
            guard.check([record.get(id_field) for record in records], total, more)
            yield records
            number += 1

    def get(self, path: str, doing: str, **params: str) -> JsonObject:
        """Read a document. Raises AuthRefused, PermanentError, DataError and what the wire raises."""
        return SHAPE.object(self._read(path, doing, params), doing)

    def get_list(self, path: str, doing: str) -> list[JsonObject]:
        """Read a plain list."""
        return SHAPE.list(self._read(path, doing, {}), doing)

    def write(self, method: str, path: str, body: Any, key: str, doing: str) -> WriteAnswer:
        """Send a write under its Idempotency-Key; what is refused for the record's sake comes back as an answer.

        Raises AuthRefused, PermanentError TGT_REFUSED for a reused key, and what the wire raises.
        """
        sent = None if body is None else json.write(body)
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        answer = self._send(Call(method, path, doing, content=sent, headers=headers, expect=_READ_STATUSES))
        body = SHAPE.object(answer, doing)
        if answer.status in (401, 403) or body.get("code") == "KEY_REUSED":
            raise read_refused(answer.status, doing)
        return WriteAnswer(answer.status, body)

    def _read(self, path: str, doing: str, params: Mapping[str, str]) -> Answer:
        answer = self._send(Call("GET", path, doing, params=params, expect=_READ_STATUSES))
        if answer.status in _READ_STATUSES:
            raise read_refused(answer.status, doing)
        return answer

    def _send(self, call: Call) -> Answer:
        token = self._token or self._signed_in("")
        answer = self._with(token, call)
        if answer.status == 401 and self.settings.login:
            answer = self._with(self._signed_in(token), call)
        if answer.status in (401, 403):
            raise read_refused(answer.status, call.doing)
        return answer

    def _with(self, token: str, call: Call) -> Answer:
        answer = self._wire.request(replace(call, headers={**call.headers, _TOKEN: token}))
        fresh = answer.headers.get(_REFRESHED, "")
        if fresh:
            check_characters(fresh, self.settings.name, "a renewed token", ascii_only=True)
            with self._lock:
                self._token = fresh
        return answer

    def _signed_in(self, refused: str) -> str:
        """Give a token other than the refused one; of several threads one fetches it."""
        with self._lock:
            if self._token == refused:
                doing = self.doing("signing in")
                body = {"username": self.settings.login, "password": self.settings.password, "source": "crosswalk"}
                headers = {"Content-Type": "application/json"}
                call = Call("POST", "/authenticate", doing, content=json.write(body), headers=headers, expect=_READ_STATUSES)
                answer = self._wire.request(call)
                if answer.status in _READ_STATUSES:
                    raise read_refused(answer.status, doing)
                token = SHAPE.name(SHAPE.object(answer, doing), "token", doing)
                check_characters(token, self.settings.name, "a token", ascii_only=True)
                self._token = token
            return self._token
