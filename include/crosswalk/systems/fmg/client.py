"""Calls of FMG. Contract: README.md. Nothing is tried again here: the wire does that, with the same Idempotency-Key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from crosswalk.errors import ConfigurationError
from crosswalk.systems.fmg.payloads import READ_STATUSES, SHAPE, refused
from crosswalk.wire.cursor_paging import ListPage, list_pages
from crosswalk.wire.http import Call, Wire, WireSettings
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

    def __init__(self, settings: FmgSettings, wire: Wire | None = None) -> None:
        self.settings = settings
        self._wire = wire or Wire(_wire_settings(settings))
        self.host = self._wire.endpoint.host

    @property
    def identity(self) -> str:
        """Names the account behind the connection."""
        return f"fmg://{self.host}/{self.settings.account.upper()}"

    def account(self) -> JsonObject:
        """GET the account."""
        return self._call(Call("GET", "", self.doing("reading the account"), expect=READ_STATUSES - {413, 422}))

    def pages(self, collection: str, id_field: str, *, check_revision: bool = True) -> Iterator[ListPage]:
        """Read a list page by page.

        Raises ReadRestarted when the list's revision changes in between, DataError when the pages do not add up.
        """

        def ask(after: str, doing: str) -> JsonObject:
            return self._list_call(collection, after, doing)

        name, doing = collection.replace("-", "_"), self.doing(f"reading {collection}")
        return list_pages(ask, SHAPE, name, id_field, doing, check_revision=check_revision)

    def activities(self, after: str, doing: str) -> JsonObject:
        """GET one page of the activities that came after a cursor, "" for the first page of all."""
        return self._list_call("activities", after, doing)

    def write(self, method: str, path: str, body: bytes, key: str, doing: str) -> JsonObject:
        """Send a write under its Idempotency-Key.

        Raises BatchRefused when the body was not taken and may be split, Fenced, ConfigurationError, DataError,
        DataError TGT_LIST_CHANGED, and what the wire raises.
        """
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        return self._call(Call(method, path, doing, content=body, headers=headers, expect=READ_STATUSES))

    def doing(self, what: str) -> str:
        """Say what is being done, on which connection."""
        return f"{what} of {self.settings.name}"

    @property
    def sent(self) -> Counter[str]:
        """Requests sent so far by HTTP method, tries included."""
        return self._wire.sent

    def close(self) -> None:
        """Close the kept connections."""
        self._wire.close()

    def _list_call(self, collection: str, after: str, doing: str) -> JsonObject:
        params = {"limit": str(PAGE_SIZE), **({"after": after} if after else {})}
        return self._call(Call("GET", f"/{collection}", doing, params=params, expect=READ_STATUSES - {413, 422}))

    def _call(self, call: Call) -> JsonObject:
        answer = self._wire.request(call)
        if answer.status in READ_STATUSES:
            raise refused(answer.status, str(SHAPE.refusal(answer, call.doing).get("code", "")), call.doing)
        return SHAPE.object(answer, call.doing)


def _wire_settings(settings: FmgSettings) -> WireSettings:
    return WireSettings(
        base_url=f"{settings.base_url.rstrip('/')}/v1/accounts/{quote(settings.account, safe='')}",
        name=settings.name,
        headers={"Authorization": f"Bearer {settings.api_key}", "Accept": "application/json"},
        requests_per_second=settings.requests_per_second,
        allow_private_network=settings.allow_private_network,
        allowed_hosts=settings.allowed_hosts,
        first_wait=settings.first_wait,
        connections=MAX_PARALLEL,
    )
