"""Calls of Agent CRM for one business. Contract: README.md. Nothing is tried again here: the wire does that, every call may be repeated."""

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
    SYNC_KEY,
    JsonObject,
    change_body,
    count_of,
    first_error,
    refusal,
    refused,
    results_of,
    schema_error,
    search_body,
    upsert_body,
)
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.http import Answer, Call
from crosswalk.wire.paging import PageGuard
from crosswalk.wire.vendor_client import VendorClient

PAGE_SIZE = 500
MAX_PARALLEL = 4

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class ResultPage:
    """One page of a search. total: what the server counts in the whole result."""

    records: list[Any]
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

    def objects(self) -> list[Any]:
        """Read the custom objects of the business."""
        return self._whole_list("/custom-objects", {}, self.doing("reading objects"))

    def count(self, entity: str) -> int:
        """Count the records of an entity in the business."""
        doing = self.doing(f"counting {OBJECTS[entity]}")
        return count_of(self._search(entity, "", "", 1, doing, page_size=1), doing)

    def search(self, entity: str, text: str = "", within: str = "") -> Iterator[ResultPage]:
        """Search page by page. **The server's search finds more than is asked for**: who asked has to look at each record.

        Raises DataError when the pages do not add up.
        """
        doing = self.doing(f"reading {OBJECTS[entity]}")
        guard, number, more = PageGuard(doing, PAGE_SIZE), 0, True
        while more:
            number += 1
            answer = self._search(entity, text, within, number, f"{doing}, page {number}")
            page, more = ResultPage(results_of(answer, doing), count_of(answer, doing)), _more(answer, doing)
            guard.check([record.get("id") if isinstance(record, dict) else None for record in page.records], page.total, more)
            yield page

    def write(self, operation: Operation, doing: str) -> Refusal | None:
        """Write one record: change the one it names, or upsert by `sync_key`. Returns why it was refused, None when it was taken."""
        path = f"/records/{OBJECTS[operation.entity]}"
        headers = {"Content-Type": "application/json"}
        if operation.target_id:
            call = Call("PATCH", f"{path}/{quote(operation.target_id, safe='')}", doing, change_body(operation), headers)
        else:
            call = Call("POST", f"{path}/upsert", doing, upsert_body(operation), headers)
        answer = self._wire.request(replace(call, expect=READ_STATUSES))
        if answer.status in READ_STATUSES:
            code, named = first_error(_parsed(answer, doing))
            no = refusal(operation, answer.status, code, named)
            if no is None:
                raise refused(answer.status, code, doing)
            return no
        return None

    def call(self, method: str, path: str, doing: str, body: Mapping[str, Any] | None = None) -> JsonObject:
        """Make one call that answers with an object. Raises what `refused` says, and what the wire raises."""
        content = None if body is None else json.write(body)
        headers = {"Content-Type": "application/json"} if content else {}
        return self._object(Call(method, path, doing, content=content, headers=headers, expect=READ_STATUSES))

    def listed(self, path: str, params: Mapping[str, str], doing: str) -> list[Any]:
        """Read a list whole. Raises DataError when the pages do not add up."""
        return self._whole_list(path, params, doing)

    def _search(self, entity: str, text: str, within: str, page: int, doing: str, page_size: int = PAGE_SIZE) -> JsonObject:
        params = {"page": str(page), "page_size": str(page_size), "ordering": SYNC_KEY}
        path, headers = f"/records/{OBJECTS[entity]}/search", {"Content-Type": "application/json"}
        return self._object(Call("POST", path, doing, search_body(text, within), headers, params, expect=READ_STATUSES))

    def _whole_list(self, path: str, params: Mapping[str, str], doing: str) -> list[Any]:
        guard, number, more, found = PageGuard(doing), 0, True, []
        while more:
            number += 1
            asked = {**params, "page": str(number), "page_size": str(PAGE_SIZE)}
            answer = self._object(Call("GET", path, f"{doing}, page {number}", params=asked, expect=READ_STATUSES))
            page, more = results_of(answer, doing), _more(answer, doing)
            guard.check([record.get("id") if isinstance(record, dict) else None for record in page], count_of(answer, doing), more)
            found += page
        return found

    def _object(self, call: Call) -> JsonObject:
        answer = self._wire.request(call)
        value = _parsed(answer, call.doing)
        if answer.status in READ_STATUSES:
            raise refused(answer.status, first_error(value)[0], call.doing)
        if not isinstance(value, dict):
            raise schema_error(call.doing, "the whole")
        return value


def _parsed(answer: Answer, doing: str, quiet: Collection[int] = READ_STATUSES) -> Any:
    """Parse a body; None where an error answer has none we can read: a proxy in between may have written it."""
    try:
        return json.parse(answer.content, answer.content_type, doing)
    except CrosswalkError:
        if answer.status in quiet:
            return None
        raise


def _more(answer: JsonObject, doing: str) -> bool:
    following = answer.get("next", "")
    if following is not None and (not isinstance(following, str) or not following):
        raise data_error("SRC_NO_NEXT_LINK", doing, "next is missing or unreadable")
    return following is not None
