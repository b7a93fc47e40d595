"""Requests to FMG. Contract: README.md. The HTTP client retries them, with the same Idempotency-Key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from crosswalk.errors import ConfigurationError
from crosswalk.systems.fmg.payloads import READ_STATUSES, READER, refused
from crosswalk.wire.cursor_paging import CursorPages, ListPage
from crosswalk.wire.http import HttpClient, HttpSettings, Request
from crosswalk.wire.json_reader import JsonObject
from crosswalk.wire.url_policy import check_characters

PAGE_SIZE = 1000
MAX_PARALLEL = 4


@dataclass(frozen=True)
class FmgSettings:
    """An FMG connection. base_url: what comes before /v1; account: such as FMG-1001; name: the connection id."""

    base_url: str
    account: str
    api_key: str = field(repr=False)
    requests_per_second: float = 20
    allow_private_network: bool = False
    allowed_hosts: Sequence[str] = ()
    first_wait: float = 0.5
    name: str = "fmg"

    def __post_init__(self) -> None:
        if not self.api_key:
            raise self._wrong("CONN_SECRET_MISSING", "Password, the API key, is blank")
        if not self.account:
            raise self._wrong("CONN_EXTRA", "Account is blank")
        check_characters(self.account, self.name, "Account")

    def _wrong(self, code: str, found: str, fix: str = "") -> ConfigurationError:
        return ConfigurationError(code, operation=f"checking the connection {self.name}", problem=found, next_step=fix)


class FmgClient:
    """FMG's calls for one account; safe to use from several threads."""

    def __init__(self, settings: FmgSettings, http: HttpClient | None = None) -> None:
        self.settings = settings
        self._http = http or HttpClient(_wire_settings(settings))
        self.host = self._http.endpoint.host
        self.operation = self._http.operation

    @property
    def identity(self) -> str:
        """Names the account behind the connection."""
        return f"fmg://{self.host}/{self.settings.account.upper()}"

    def account(self) -> JsonObject:
        """GET the account."""
        with self.operation("reading the account"):
            return self._send(Request("GET", "", expect=READ_STATUSES - {413, 422}))

    def pages(self, collection: str, id_field: str, *, check_revision: bool = True) -> Iterator[ListPage]:
        """Read a list page by page.

        Raises ReadRestarted when the list's revision changes in between, DataError when the pages do not add up.
        """
        pages = CursorPages(READER, collection.replace("-", "_"), id_field, check_revision=check_revision)
        while pages.more:
            with self.operation(f"reading {collection}", pages.number):
                page = pages.read(self._list_page(collection, pages.after))
            yield page

    def activities(self, after: str) -> JsonObject:
        """GET one page of the activities that came after a cursor, "" for the first page of all."""
        return self._list_page("activities", after)

    def write(self, method: str, path: str, body: bytes, key: str) -> JsonObject:
        """Send a write under its Idempotency-Key.

        Raises BatchRefused when the body was not taken and may be split, Fenced, ConfigurationError, DataError,
        DataError TGT_LIST_CHANGED, and what the HTTP client raises.
        """
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        return self._send(Request(method, path, content=body, headers=headers, expect=READ_STATUSES))

    @property
    def sent(self) -> Counter[str]:
        """Requests sent so far by HTTP method, tries included."""
        return self._http.sent

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def _list_page(self, collection: str, after: str) -> JsonObject:
        params = {"limit": str(PAGE_SIZE), **({"after": after} if after else {})}
        return self._send(Request("GET", f"/{collection}", params=params, expect=READ_STATUSES - {413, 422}))

    def _send(self, request: Request) -> JsonObject:
        response = self._http.send(request)
        if response.status in READ_STATUSES:
            raise refused(response.status, str(READER.refusal(response).get("code", "")))
        return READER.object(response)


def _wire_settings(settings: FmgSettings) -> HttpSettings:
    return HttpSettings(
        base_url=f"{settings.base_url.rstrip('/')}/v1/accounts/{quote(settings.account, safe='')}",
        name=settings.name,
        headers={"Authorization": f"Bearer {settings.api_key}", "Accept": "application/json"},
        requests_per_second=settings.requests_per_second,
        allow_private_network=settings.allow_private_network,
        allowed_hosts=settings.allowed_hosts,
        first_wait=settings.first_wait,
        connections=MAX_PARALLEL,
    )
