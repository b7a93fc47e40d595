"""Calls of FMG. Contract: README.md. Nothing is tried again here: the wire does that, with the same Idempotency-Key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from crosswalk.systems.fmg.payloads import READ_STATUSES, SHAPE, refused
from crosswalk.wire.cursor_paging import ListPage, list_pages
from crosswalk.wire.http import Call
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

    def _list_call(self, collection: str, after: str, doing: str) -> JsonObject:
        params = {"limit": str(PAGE_SIZE), **({"after": after} if after else {})}
        return self._call(Call("GET", f"/{collection}", doing, params=params, expect=READ_STATUSES - {413, 422}))

    def _call(self, call: Call) -> JsonObject:
        answer = self._wire.request(call)
        if answer.status in READ_STATUSES:
            raise refused(answer.status, str(SHAPE.refusal(answer, call.doing).get("code", "")), call.doing)
        return SHAPE.object(answer, call.doing)
