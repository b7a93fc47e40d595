"""Calls of eMoney. Contract: README.md. The wire tries again, with the same Idempotency-Key; a token that ran out is renewed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from crosswalk.errors import AuthRefused, ConfigurationError, PermanentError
from crosswalk.systems.emoney.payloads import ERROR_STATUSES, SHAPE, Conflict, conflict
from crosswalk.systems.emoney.tokens import tokens_of
from crosswalk.wire import json
from crosswalk.wire.connection import ConnectionSettings
from crosswalk.wire.cursor_paging import ListPage, list_pages
from crosswalk.wire.http import Answer, Call, Wire
from crosswalk.wire.json_reader import JsonObject, showable
from crosswalk.wire.quota import Budget
from crosswalk.wire.vendor_client import VendorClient

PAGE_SIZE = 500


class EmoneyClient(VendorClient):
    """eMoney's calls for one firm; safe to use from several threads.

    budget: what all processes together may ask; without one, nothing but the vendor's 429 holds requests back.
    """

    attempts = 7
    first_wait = 2.0
    """With 7 attempts, waits that add up to more than the minute the vendor counts by, for it does not promise a Retry-After."""

    def __init__(self, settings: ConnectionSettings, budget: Budget | None = None) -> None:
        super().__init__(settings, budget=budget)
        self._tokens = tokens_of(settings.login, settings["key_id"], settings.password, self._signin_wire)

    def _base_url(self) -> str:
        return f"{super()._base_url()}/public/v1"

    def _headers(self) -> Mapping[str, str]:
        return {"apikey": self.settings["api_key"]}

    def _signin_wire(self) -> Wire:
        usual = self._wire_settings(self.settings["signin_url"], {})
        return Wire(replace(usual, attempts=VendorClient.attempts, first_wait=min(usual.first_wait, VendorClient.first_wait)))

    def firm(self) -> JsonObject:
        """GET the firm. Raises ConfigurationError CONN_FIRM when it is another than the connection names."""
        doing = self.doing("reading the firm")
        answer = self.read("/firm", doing)
        if answer.get("firmId") != self.settings["firm"]:
            raise ConfigurationError(
                "CONN_FIRM",
                operation=doing,
                problem="client id and private key lead to another firm than Firm of the connection names",
                next_step="correct Firm, or the client id and its key; nothing was written",
            )
        return answer

    def read(self, path: str, doing: str, params: Mapping[str, str] | None = None) -> JsonObject:
        """GET one object. Raises PermanentError TGT_NOT_FOUND, and what the wire raises."""
        return self._done(Call("GET", path, doing, params=params or {}))

    def pages(self, path: str, collection: str, id_field: str, params: Mapping[str, str] | None = None) -> Iterator[ListPage]:
        """Read a list page by page.

        Raises ReadRestarted when the firm's revision changes in between, DataError when the pages do not add up.
        """

        def ask(after: str, doing: str) -> JsonObject:
            return self.read(path, doing, {"limit": str(PAGE_SIZE), **({"after": after} if after else {}), **(params or {})})

        return list_pages(ask, SHAPE, collection, id_field, self.doing(f"reading {collection}"))

    def write(self, method: str, path: str, body: Any, key: str, doing: str, revision: int | None = None) -> JsonObject:
        """Send a write under its Idempotency-Key; revision: what the client must still be at.

        Raises Conflict when the one record it is about was refused, and what the wire raises.
        """
        headers = {"Idempotency-Key": key, **({} if revision is None else {"If-Match": f'"{revision}"'})}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._done(Call(method, path, doing, content=None if body is None else json.write(body), headers=headers))

    def estimate(self, requests: int) -> float:
        """Give the seconds so many further requests will take at the least, under the budget."""
        return self.budget.estimate(requests) if self.budget else 0.0

    def _done(self, call: Call) -> JsonObject:
        answer = self._signed_in(replace(call, expect=ERROR_STATUSES, accept=("application/json",)))
        if answer.status in ERROR_STATUSES:
            raise _refused(answer, call)
        return SHAPE.object(answer, call.doing)

    def _signed_in(self, call: Call) -> Answer:
        """Send with a token; one that is not taken any more is renewed once."""
        token = self._tokens.current()
        answer = self._wire.request(_with(call, token.text))
        if answer.status != 401:
            return answer
        self._tokens.forget(token)
        return self._wire.request(_with(call, self._tokens.current().text))


def part(text: str) -> str:
    """Make an id fit to stand in a path."""
    return quote(text, safe="")


def _with(call: Call, token: str) -> Call:
    return replace(call, headers={**call.headers, "Authorization": f"Bearer {token}"})


def _refused(answer: Answer, call: Call) -> PermanentError | Conflict:
    """Say what an error answer means. Its message may echo data: it is not looked at."""
    error, doing = SHAPE.refusal(answer, call.doing), call.doing
    code = showable(error.get("code"), f"status {answer.status}")
    if answer.status in (401, 403):
        fix = "check API key, Client id and Firm, and what eMoney lets this partner do"
        return AuthRefused(
            "TGT_AUTH_FAILED", operation=doing, problem=f"eMoney refused the token, the API key or its rights ({code})", next_step=fix
        )
    if call.method != "GET" and code != "KEY_REUSED":
        return conflict(answer.status, error)
    if answer.status == 404:
        fix = "check Host and Path; if they are right, the record was deleted in eMoney: run again from extract on"
        return PermanentError("TGT_NOT_FOUND", operation=doing, problem="eMoney does not know the record or the path", next_step=fix)
    return PermanentError(
        "TGT_REFUSED", operation=doing, problem=f"eMoney refused the request ({code})", next_step="report the code and the time to eMoney"
    )
