"""Requests to HubSpot; none of them changes anything. Contract: README.md. The HTTP client retries them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from crosswalk.systems.hubspot.payloads import (
    ASSOCIATED,
    EXPECTED,
    OBJECTS,
    READER,
    Associations,
    association_page,
    associations,
    checked,
    next_after,
    properties_of,
    record_id,
)
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.http import Request
from crosswalk.wire.json_reader import JsonObject
from crosswalk.wire.paging import PageGuard
from crosswalk.wire.vendor_client import VendorClient

DEFAULT_PATH = "/crm/v3/objects"
PAGE_SIZE, SEARCH_SIZE, ASSOCIATION_SIZE = 100, 200, 500

_JSON = {"Content-Type": "application/json"}
Filter = Mapping[str, str]


@dataclass(frozen=True)
class ListPage:
    """One page of records, with the ids each is associated with by entity."""

    records: list[JsonObject]
    associated: list[dict[str, Associations]]


class HubSpotClient(VendorClient):
    """HubSpot's calls for one account; safe to use from several threads."""

    connections = 2

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.settings.password}", "Accept": "application/json"}

    def pages(self, entity: str, *, archived: bool = False) -> Iterator[ListPage]:
        """Read every record page by page. Raises DataError when the pages do not belong together."""
        guard, after, number = PageGuard(), "", 0
        while number == 0 or after:
            number += 1
            with self.operation(f"reading every {entity}", number):
                page, following = self._page(entity, after, archived, guard)
            yield page
            after = following

    def count(self, entity: str) -> int:
        """Count the records, as the search knows them: it may lag behind."""
        with self.operation(f"counting every {entity}"):
            return READER.count(self._search(entity, [], 1, ()), "total")

    def changed(self, entity: str, filters: Sequence[Filter]) -> Iterator[list[JsonObject]]:
        """Search, page by page, by id: never past the ceiling of 10,000, whatever the filters find."""
        last = "0"
        while True:
            with self.operation(f"searching for {OBJECTS[entity]}"):
                records, left = self._changed_after(last, entity, filters)
            yield records
            if left <= len(records):
                return
            last = str(records[-1]["id"])

    def readable(self, entity: str) -> None:
        """Raise AuthRefused unless the token may read this entity."""
        with self.operation(f"checking the scopes, with one {entity},"):
            self._send(Request("GET", f"/{OBJECTS[entity]}", params={"limit": "1"}))

    def _page(self, entity: str, after: str, archived: bool, guard: PageGuard) -> tuple[ListPage, str]:
        """Read the page after a cursor and where the next one begins."""
        response = self._list(entity, after, archived)
        records, following = READER.objects(response, "results"), next_after(response)
        guard.check([record.get("id") for record in records], None, bool(following))
        if following == after and after:
            raise data_error("SRC_PAGE_REPEATED", "the next page is this page")
        if any(record.get("archived", False) is not archived for record in records):
            raise READER.wrong("archived")
        return ListPage(records, [self._associated(entity, record) for record in records]), following

    def _changed_after(self, last: str, entity: str, filters: Sequence[Filter]) -> tuple[list[JsonObject], int]:
        """Search for the records with ids above the last one; return one page of them, and how many there are in all."""
        above = {"propertyName": "hs_object_id", "operator": "GT", "value": last}
        response = self._search(entity, [*filters, above], SEARCH_SIZE, properties_of(entity))
        records, left = READER.objects(response, "results"), READER.count(response, "total")
        ids = [record_id(record) for record in records]
        if not all(one.isascii() and one.isdigit() for one in ids):
            raise data_error("SRC_ID_TYPE", "an id is no number, so the search cannot go on behind it")
        if [*sorted({int(last), *map(int, ids)})] != [int(last), *map(int, ids)]:
            raise data_error("SRC_ORDER", "the records are not in the order of their ids, or came before")
        if not records and left:
            raise data_error("SRC_COUNT_MISMATCH", f"{left} records are announced, none came")
        return records, left

    def _list(self, entity: str, after: str, archived: bool) -> JsonObject:
        asked = {
            "limit": str(PAGE_SIZE),
            "properties": ",".join(properties_of(entity)),
            "archived": "true" if archived else "false",
            **({"associations": ",".join(OBJECTS[one] for one in ASSOCIATED[entity])} if ASSOCIATED[entity] else {}),
            **({"after": after} if after else {}),
        }
        return self._send(Request("GET", f"/{OBJECTS[entity]}", params=asked))

    def _search(self, entity: str, filters: Sequence[Filter], limit: int, properties: Sequence[str]) -> JsonObject:
        body: dict[str, Any] = {
            "filterGroups": [{"filters": [dict(one) for one in filters]}] if filters else [],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(properties),
            "limit": limit,
        }
        return self._send(Request("POST", f"/{OBJECTS[entity]}/search", content=json.write(body), headers=_JSON))

    def _associated(self, entity: str, record: JsonObject) -> dict[str, Associations]:
        return {other: self._whole(entity, record, other) for other in ASSOCIATED[entity]}

    def _whole(self, entity: str, record: JsonObject, other: str) -> Associations:
        """Read what does not fit into the record's own answer."""
        found = associations(record, other)
        path = f"/{OBJECTS[entity]}/{quote(record_id(record), safe='')}/associations/{OBJECTS[other]}"
        first = found.primary
        while found.after:
            asked = {"limit": str(ASSOCIATION_SIZE), "after": found.after}
            more = association_page(self._send(Request("GET", path, params=asked)))
            if not set(more.ids) - set(found.ids):
                raise data_error("SRC_PAGE_REPEATED", "the associations of a record come again")
            found = Associations(tuple(dict.fromkeys((*found.ids, *more.ids))), first, more.after)
        return found

    def _send(self, request: Request) -> JsonObject:
        return self._http.fetch(replace(request, expect=EXPECTED), checked)
