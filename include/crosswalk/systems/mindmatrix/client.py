"""Requests to Mindmatrix. Contract: README.md. The HTTP client retries them, with the same Idempotency-Key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from crosswalk.errors import ConfigurationError
from crosswalk.systems.mindmatrix.payloads import READ_STATUSES, READER, SPLITTABLE, refused
from crosswalk.wire.cursor_paging import CursorPages, ListPage
from crosswalk.wire.http import HttpClient, HttpSettings, Request
from crosswalk.wire.json_reader import JsonObject
from crosswalk.wire.url_policy import check_characters

PAGE_SIZE = 500
MAX_PARALLEL = 2


@dataclass(frozen=True)
class MindmatrixSettings:
    """A Mindmatrix connection. base_url: what comes before /v1; organization: such as MM-2001; name: the connection id."""

    base_url: str
    organization: str
    api_key: str = field(repr=False)
    opt_in_acknowledged: bool = False
    requests_per_second: float = 10
    allow_private_network: bool = False
    allowed_hosts: Sequence[str] = ()
    first_wait: float = 0.5
    name: str = "mindmatrix"

    def __post_init__(self) -> None:
        if not self.api_key:
            raise self._wrong("CONN_SECRET_MISSING", "Password, the API key, is blank")
        if not self.organization:
            raise self._wrong("CONN_EXTRA", "Organization is blank")
        check_characters(self.organization, self.name, "Organization")

    def _wrong(self, code: str, found: str, fix: str = "") -> ConfigurationError:
        return ConfigurationError(code, operation=f"checking the connection {self.name}", problem=found, next_step=fix)


class MindmatrixClient:
    """Mindmatrix' calls for one organization; safe to use from several threads."""

    def __init__(self, settings: MindmatrixSettings, http: HttpClient | None = None) -> None:
        self.settings = settings
        self._http = http or HttpClient(_wire_settings(settings))
        self.host = self._http.endpoint.host
        self.operation = self._http.operation

    def organization(self) -> JsonObject:
        """GET the organization."""
        with self.operation("reading the organization"):
            return self._send(Request("GET", "", expect=READ_STATUSES - SPLITTABLE))

    def pages(self, collection: str, id_field: str) -> Iterator[ListPage]:
        """Read "contacts" or "opt-outs" page by page.

        Raises ReadRestarted when the list's revision changes in between, DataError when the pages do not add up.
        """
        pages = CursorPages(READER, collection.replace("-", "_"), id_field)
        while pages.more:
            params = {"limit": str(PAGE_SIZE), **({"after": pages.after} if pages.after else {})}
            with self.operation(f"reading {collection}", pages.number):
                page = pages.read(self._send(Request("GET", f"/{collection}", params=params, expect=READ_STATUSES - SPLITTABLE)))
            yield page

    def write(self, path: str, body: bytes, key: str) -> JsonObject:
        """POST a write under its Idempotency-Key.

        Raises BatchRefused when the body was not taken and may be split, Fenced, ConfigurationError, DataError,
        and what the HTTP client raises.
        """
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        return self._send(Request("POST", path, content=body, headers=headers, expect=READ_STATUSES))

    @property
    def sent(self) -> Counter[str]:
        """Requests sent so far by HTTP method, tries included."""
        return self._http.sent

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def _send(self, request: Request) -> JsonObject:
        response = self._http.send(request)
        if response.status in READ_STATUSES:
            raise refused(response.status, str(READER.refusal(response).get("code", "")))
        return READER.object(response)


def _wire_settings(settings: MindmatrixSettings) -> HttpSettings:
    return HttpSettings(
        base_url=f"{settings.base_url.rstrip('/')}/v1/organizations/{quote(settings.organization, safe='')}",
        name=settings.name,
        headers={"Authorization": f"Bearer {settings.api_key}", "Accept": "application/json"},
        requests_per_second=settings.requests_per_second,
        allow_private_network=settings.allow_private_network,
        allowed_hosts=settings.allowed_hosts,
        first_wait=settings.first_wait,
        connections=MAX_PARALLEL,
    )
