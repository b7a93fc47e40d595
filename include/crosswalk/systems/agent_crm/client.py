"""Requests to Agent CRM for one business. Contract: README.md. All of them are idempotent: the HTTP client retries them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from crosswalk.core.ports import Operation, Refusal
from crosswalk.errors import CrosswalkError
from crosswalk.systems.agent_crm.payloads import (
    OBJECTS,
    READ_STATUSES,
    READER,
    SYNC_KEY,
    change_body,
    first_error,
    records_of,
    refusal,
    refused,
    search_body,
    upsert_body,
)
from crosswalk.wire import json
from crosswalk.wire.http import Request, Response
from crosswalk.wire.json_reader import JsonObject, next_cursor
from crosswalk.wire.paging import PageGuard
from crosswalk.wire.vendor_client import VendorClient

PAGE_SIZE = 500
MAX_PARALLEL = 4

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class ResultPage:
    """One page of a search. total: what the server counts in the whole result."""

    records: list[JsonObject]
    total: int


class AgentCrmClient(VendorClient):
    """Agent CRM's calls for one business; safe to use from several threads."""

    connections = MAX_PARALLEL

    def _headers(self) -> Mapping[str, str]:
        settings = self.settings
        return {
            "X-API-KEY": settings.password,
            "X-BUSINESS-ID": settings["business"],
            "X-USER-ID": settings.login,
            "Accept": "application/json",
        }

    def of_business(self, business: str) -> AgentCrmClient:
        """Make a client of its own for another business: nothing is shared but the settings."""
        return AgentCrmClient(self.settings.changed(business=business))

    def objects(self) -> list[JsonObject]:
        """Read the custom objects of the business."""
        return self.listed("/custom-objects", {}, "reading objects")

    def count(self, entity: str) -> int:
        """Count the records of an entity in the business."""
        with self.operation(f"counting {OBJECTS[entity]}"):
            return READER.count(self._search(entity, "", "", 1, page_size=1), "count")

    def search(self, entity: str, text: str = "", within: str = "") -> Iterator[ResultPage]:
        """Search page by page. **The server's search finds more than is asked for**: who asked has to look at each record.

        Raises DataError when the pages do not add up.
        """
        guard, number, more = PageGuard(PAGE_SIZE), 0, True
        while more:
            number += 1
            with self.operation(f"reading {OBJECTS[entity]}", number):
                page, more = _page(self._search(entity, text, within, number), guard)
            yield page

    def write(self, operation: Operation) -> Refusal | None:
        """Write one record: change the one it names, or upsert by `sync_key`. Returns why it was refused, None when it was taken."""
        path = f"/records/{OBJECTS[operation.entity]}"
        headers = {"Content-Type": "application/json"}
        if operation.target_id:
            request = Request("PATCH", f"{path}/{quote(operation.target_id, safe='')}", change_body(operation), headers)
        else:
            request = Request("POST", f"{path}/upsert", upsert_body(operation), headers)
        response = self._http.send(replace(request, expect=READ_STATUSES))
        if response.status in READ_STATUSES:
            code, named = first_error(_parsed(response))
            no = refusal(operation, response.status, code, named)
            if no is None:
                raise refused(response.status, code)
            return no
        return None

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> JsonObject:
        """Send one request that returns an object. Raises what `refused` says, and what the HTTP client raises."""
        content = None if body is None else json.write(body)
        headers = {"Content-Type": "application/json"} if content else {}
        return self._object(Request(method, path, content=content, headers=headers, expect=READ_STATUSES))

    def listed(self, path: str, params: Mapping[str, str], what: str) -> list[JsonObject]:
        """Read all pages of a list. what: names the operation. Raises DataError when the pages do not add up."""
        guard, number, more, found = PageGuard(), 0, True, []
        while more:
            number += 1
            asked = {**params, "page": str(number), "page_size": str(PAGE_SIZE)}
            with self.operation(what, number):
                page, more = _page(self._object(Request("GET", path, params=asked, expect=READ_STATUSES)), guard)
            found += page.records
        return found

    def _search(self, entity: str, text: str, within: str, page: int, page_size: int = PAGE_SIZE) -> JsonObject:
        params = {"page": str(page), "page_size": str(page_size), "ordering": SYNC_KEY}
        path, headers = f"/records/{OBJECTS[entity]}/search", {"Content-Type": "application/json"}
        return self._object(Request("POST", path, search_body(text, within), headers, params, expect=READ_STATUSES))

    def _object(self, request: Request) -> JsonObject:
        response = self._http.send(request)
        value = _parsed(response)
        if response.status in READ_STATUSES:
            raise refused(response.status, first_error(value)[0])
        if not isinstance(value, dict):
            raise READER.wrong("the whole")
        return value


def _parsed(response: Response, quiet: Collection[int] = READ_STATUSES) -> Any:
    """Parse a body; None where an error answer has none we can read: a proxy in between may have written it."""
    try:
        return json.parse(response.content, response.content_type)
    except CrosswalkError:
        if response.status in quiet:
            return None
        raise


def _page(response: JsonObject, guard: PageGuard) -> tuple[ResultPage, bool]:
    """Read and check one page of a list; say whether another one follows."""
    page, more = ResultPage(records_of(response), READER.count(response, "count")), bool(next_cursor(response))
    guard.check([record.get("id") for record in page.records], page.total, more)
    return page, more
