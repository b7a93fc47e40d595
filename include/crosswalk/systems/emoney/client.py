"""Calls of eMoney. Contract: README.md. The wire tries again, with the same Idempotency-Key; a token that ran out is renewed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from crosswalk.errors import AuthRefused, ConfigurationError, PermanentError
from crosswalk.systems.emoney.payloads import ERROR_STATUSES, SHAPE, Conflict, conflict
from crosswalk.systems.emoney.tokens import tokens_of
from crosswalk.wire import json
from crosswalk.wire.cursor_paging import ListPage, list_pages
from crosswalk.wire.http import Answer, Call, Wire, WireSettings
from crosswalk.wire.json_reader import JsonObject, showable
from crosswalk.wire.quota import Budget
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

    budget: what all processes together may ask; without one, nothing but the vendor's 429 holds requests back.
    """

    def __init__(self, settings: EmoneySettings, budget: Budget | None = None) -> None:
        self.settings = settings
        self.budget = budget
        self._wire = Wire(_wire_settings(settings), budget=budget)
        self._tokens = tokens_of(settings.client_id, settings.key_id, settings.private_key, lambda: Wire(_signin_settings(settings)))
        self.host = self._wire.endpoint.host

    def firm(self) -> JsonObject:
        """GET the firm. Raises ConfigurationError CONN_FIRM when it is another than the connection names."""
        doing = self.doing("reading the firm")
        answer = self.read("/firm", doing)
        if answer.get("firmId") != self.settings.firm:
            raise ConfigurationError(
                "CONN_FIRM",
                operation=doing,
                problem="client id and private key lead to another firm than Firm of the connection names",
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

    def doing(self, what: str) -> str:
        """Say what is being done, on which connection."""
        return f"{what} of {self.settings.name}"

    def estimate(self, requests: int) -> float:
        """Give the seconds so many further requests will take at the least, under the budget."""
        return self.budget.estimate(requests) if self.budget else 0.0

    @property
    def sent(self) -> Counter[str]:
        """Requests sent so far by HTTP method, tries included, sign-ins not."""
        return self._wire.sent

    def close(self) -> None:
        """Close the kept connections."""
        self._wire.close()

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


def _wire_settings(settings: EmoneySettings) -> WireSettings:
    return WireSettings(
        base_url=f"{settings.base_url.rstrip('/')}/public/v1",
        name=settings.name,
        headers={"apikey": settings.api_key},
        allow_private_network=settings.allow_private_network,
        allowed_hosts=settings.allowed_hosts,
        attempts=int(BACKING_OFF["attempts"]),
        first_wait=settings.first_wait,
    )


def _signin_settings(settings: EmoneySettings) -> WireSettings:
    return WireSettings(
        base_url=settings.signin_url,
        name=settings.name,
        allow_private_network=settings.allow_private_network,
        allowed_hosts=settings.allowed_hosts,
        first_wait=min(settings.first_wait, 0.5),
    )


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
