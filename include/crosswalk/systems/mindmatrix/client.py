"""Requests to Mindmatrix. Contract: README.md. The HTTP client retries them, with the same Idempotency-Key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from crosswalk.systems.mindmatrix.payloads import READ_STATUSES, READER, SPLITTABLE, refused
from crosswalk.wire.cursor_paging import CursorPages, ListPage
from crosswalk.wire.http import Request
from crosswalk.wire.json_reader import JsonObject
from crosswalk.wire.vendor_client import VendorClient

PAGE_SIZE = 500
MAX_PARALLEL = 2


class MindmatrixClient(VendorClient):
    """Mindmatrix' calls for one organization; safe to use from several threads."""

    connections = MAX_PARALLEL

    def _base_url(self) -> str:
        return f"{super()._base_url()}/v1/organizations/{quote(self.settings['organization'], safe='')}"

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.settings.password}", "Accept": "application/json"}

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

    def _send(self, request: Request) -> JsonObject:
        response = self._http.send(request)
        if response.status in READ_STATUSES:
            raise refused(response.status, str(READER.refusal(response).get("code", "")))
        return READER.object(response)
