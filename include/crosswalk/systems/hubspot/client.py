"""Calls of HubSpot, none of which changes anything. Contract: README.md. Nothing is tried again here: the wire does that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from crosswalk.systems.hubspot.payloads import (
    ASSOCIATED,
    EXPECTED,
    OBJECTS,
    Associations,
    JsonObject,
    association_page,
    associations,
    checked,
    next_after,
    properties_of,
    record_id,
    results,
    schema_error,
    total,
)
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.http import Call
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
        doing = self.doing(f"reading every {entity}")
        guard, after, number = PageGuard(doing), "", 0
        while number == 0 or after:
            number += 1
            page_doing = f"{doing}, page {number}"
            answer = self._list(entity, after, archived, page_doing)
            records, following = results(answer, page_doing), next_after(answer, page_doing)
            guard.check([record.get("id") for record in records], None, bool(following))
            if following == after and after:
                raise data_error("SRC_PAGE_REPEATED", page_doing, "the next page is this page")
            if any(record.get("archived", False) is not archived for record in records):
                raise schema_error(page_doing, "archived")
            yield ListPage(records, [self._associated(entity, record, page_doing) for record in records])
            after = following

    def count(self, entity: str) -> int:
        """Count the records, as the search knows them: it may lag behind."""
        doing = self.doing(f"counting every {entity}")
        return total(self._search(entity, [], 1, (), doing), doing)

    def changed(self, entity: str, filters: Sequence[Filter]) -> Iterator[list[JsonObject]]:
        """Search, page by page, by id: never past the ceiling of 10,000, whatever the filters find."""
        doing, last = self.doing(f"searching for {OBJECTS[entity]}"), "0"
        while True:
            above = {"propertyName": "hs_object_id", "operator": "GT", "value": last}
            answer = self._search(entity, [*filters, above], SEARCH_SIZE, properties_of(entity), doing)
            records, left = results(answer, doing), total(answer, doing)
            ids = [record_id(record, doing) for record in records]
            if not all(one.isascii() and one.isdigit() for one in ids):
                raise data_error("SRC_ID_TYPE", doing, "an id is no number, so the search cannot go on behind it")
            if [*sorted({int(last), *map(int, ids)})] != [int(last), *map(int, ids)]:
                raise data_error("SRC_ORDER", doing, "the records are not in the order of their ids, or came before")
            if not records and left:
                raise data_error("SRC_COUNT_MISMATCH", doing, f"{left} records are announced, none came")
            yield records
            if left <= len(records):
                return
            last = ids[-1]

    def readable(self, entity: str) -> None:
        """Raise AuthRefused unless the token may read this entity."""
        doing = self.doing(f"checking the scopes, with one {entity},")
        self._call(Call("GET", f"/{OBJECTS[entity]}", doing, params={"limit": "1"}))

    def _list(self, entity: str, after: str, archived: bool, doing: str) -> JsonObject:
        asked = {
            "limit": str(PAGE_SIZE),
            "properties": ",".join(properties_of(entity)),
            "archived": "true" if archived else "false",
            **({"associations": ",".join(OBJECTS[one] for one in ASSOCIATED[entity])} if ASSOCIATED[entity] else {}),
            **({"after": after} if after else {}),
        }
        return self._call(Call("GET", f"/{OBJECTS[entity]}", doing, params=asked))

    def _search(self, entity: str, filters: Sequence[Filter], limit: int, properties: Sequence[str], doing: str) -> JsonObject:
        body: dict[str, Any] = {
            "filterGroups": [{"filters": [dict(one) for one in filters]}] if filters else [],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(properties),
            "limit": limit,
        }
        return self._call(Call("POST", f"/{OBJECTS[entity]}/search", doing, content=json.write(body), headers=_JSON))

    def _associated(self, entity: str, record: JsonObject, doing: str) -> dict[str, Associations]:
        return {other: self._whole(entity, record, other, doing) for other in ASSOCIATED[entity]}

    def _whole(self, entity: str, record: JsonObject, other: str, doing: str) -> Associations:
        """Read what does not fit into the record's own answer."""
        found = associations(record, other, doing)
        path = f"/{OBJECTS[entity]}/{quote(record_id(record, doing), safe='')}/associations/{OBJECTS[other]}"
        first = found.primary
        while found.after:
            asked = {"limit": str(ASSOCIATION_SIZE), "after": found.after}
            more = association_page(self._call(Call("GET", path, doing, params=asked)), doing)
            if not set(more.ids) - set(found.ids):
                raise data_error("SRC_PAGE_REPEATED", doing, "the associations of a record come again")
            found = Associations(tuple(dict.fromkeys((*found.ids, *more.ids))), first, more.after)
        return found

    def _call(self, call: Call) -> JsonObject:
        return self._wire.exchange(replace(call, expect=EXPECTED), lambda answer: checked(answer, call.doing))
