"""Requests to FMG. Contract: README.md. The HTTP client retries them, with the same Idempotency-Key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from crosswalk.systems.fmg.payloads import READ_STATUSES, READER, refused
from crosswalk.wire.cursor_paging import CursorPages, ListPage
from crosswalk.wire.http import Request
from crosswalk.wire.json_reader import JsonObject
from crosswalk.wire.vendor_client import VendorClient

PAGE_SIZE = 1000
MAX_PARALLEL = 4


class FmgClient(VendorClient):
    """FMG's calls for one account; safe to use from several threads."""

    connections = MAX_PARALLEL

    def _base_url(self) -> str:
        return f"{super()._base_url()}/v1/accounts/{quote(self.settings['account'], safe='')}"

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.settings.password}", "Accept": "application/json"}

    @property
    def identity(self) -> str:
        """Names the account behind the connection."""
        return f"fmg://{self.host}/{self.settings['account'].upper()}"

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

    def _list_page(self, collection: str, after: str) -> JsonObject:
        params = {"limit": str(PAGE_SIZE), **({"after": after} if after else {})}
        return self._send(Request("GET", f"/{collection}", params=params, expect=READ_STATUSES - {413, 422}))

    def _send(self, request: Request) -> JsonObject:
        response = self._http.send(request)
        if response.status in READ_STATUSES:
            raise refused(response.status, str(READER.refusal(response).get("code", "")))
        return READER.object(response)
