"""Calls of Mindmatrix. Contract: README.md. Nothing is tried again here: the wire does that, with the same Idempotency-Key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from crosswalk.systems.mindmatrix.payloads import READ_STATUSES, SHAPE, SPLITTABLE, refused
from crosswalk.wire.cursor_paging import ListPage, list_pages
from crosswalk.wire.http import Call
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
        return self._call(Call("GET", "", self.doing("reading the organization"), expect=READ_STATUSES - SPLITTABLE))

    def pages(self, collection: str, id_field: str) -> Iterator[ListPage]:
        """Read "contacts" or "opt-outs" page by page.

        Raises ReadRestarted when the list's revision changes in between, DataError when the pages do not add up.
        """

        def ask(after: str, doing: str) -> JsonObject:
            params = {"limit": str(PAGE_SIZE), **({"after": after} if after else {})}
            return self._call(Call("GET", f"/{collection}", doing, params=params, expect=READ_STATUSES - SPLITTABLE))

        return list_pages(ask, SHAPE, collection.replace("-", "_"), id_field, self.doing(f"reading {collection}"))

    def write(self, path: str, body: bytes, key: str, doing: str) -> JsonObject:
        """POST a write under its Idempotency-Key.

        Raises BatchRefused when the body was not taken and may be split, Fenced, ConfigurationError, DataError, and what the wire raises.
        """
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        return self._call(Call("POST", path, doing, content=body, headers=headers, expect=READ_STATUSES))

    def _call(self, call: Call) -> JsonObject:
        answer = self._wire.request(call)
        if answer.status in READ_STATUSES:
            raise refused(answer.status, str(SHAPE.refusal(answer, call.doing).get("code", "")), call.doing)
        return SHAPE.object(answer, call.doing)
