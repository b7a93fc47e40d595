"""Requests to Autotask's REST interface. Contract: README.md. The HTTP client retries them; a moved zone is followed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from crosswalk.errors import AuthRefused
from crosswalk.systems.autotask.payloads import READER, Threshold, picklist, threshold, trouble
from crosswalk.systems.autotask.zone import Credentials, look_up
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.connection import ConnectionSettings
from crosswalk.wire.http import HttpClient, Request, Response
from crosswalk.wire.json_reader import JsonObject
from crosswalk.wire.paging import KeysetGuard
from crosswalk.wire.vendor_client import VendorClient

MAX_PAGE_SIZE = 500
MAX_PARALLEL = 3

Condition = dict[str, Any]
COLLECTIONS = {"contact": "Contacts", "company": "Companies"}


class AutotaskClient(VendorClient):
    """The interface's calls for one database; safe to use from several threads."""

    connections = MAX_PARALLEL

    def __init__(self, settings: ConnectionSettings) -> None:
        super().__init__(settings)
        self._credentials = Credentials(settings.login, settings.password, settings["integration_code"])
        self._zone: HttpClient | None = None
        self._retired: list[HttpClient] = []
        self._moving = Lock()

    def _base_url(self) -> str:
        return f"{super()._base_url()}/ATServicesRest/V1.0"

    def _headers(self) -> Mapping[str, str]:
        return {"Accept": "application/json", "Content-Type": "application/json"}

    def count(self, entity: str, *conditions: Condition) -> int:
        """Count the records of an entity that keep all conditions."""
        with self.operation(f"counting every {entity}"):
            body = json.write({"filter": [*(conditions or [_after(0)])]})
            response = self._fetch(Request("POST", f"/{COLLECTIONS[entity]}/query/count", content=body, expect=(500,)))
            return READER.count(response, "queryCount")

    def items(self, entity: str, fields: Sequence[str], *conditions: Condition) -> Iterator[list[JsonObject]]:
        """Read the records of an entity that keep all conditions, in ascending order of id, page by page.

        fields: Autotask's names; `id` comes by itself. Raises DataError when the pages do not fit together.
        """
        guard, size, number, more = KeysetGuard(), self.settings["page_size"], 0, True
        while more:
            number += 1
            with self.operation(f"reading every {entity}", number):
                items = self._items_after(guard, entity, fields, conditions)
            yield items
            more = len(items) == size

    def picklist(self, entity: str, name: str, *, user_defined: bool = False) -> dict[str, str]:
        """Read the entries of a picklist field as {value: label}. Raises DataError SRC_SCHEMA when the field is none."""
        with self.operation(f"reading the picklist {name}"):
            kind = "userDefinedFields" if user_defined else "fields"
            response = self._fetch(Request("GET", f"/{COLLECTIONS[entity]}/entityInformation/{kind}", expect=(500,)))
            return picklist(response, name)

    def threshold(self) -> Threshold:
        """Ask how many requests the database may take, and took, in the present time frame."""
        with self.operation("reading the request threshold"):
            return threshold(self._fetch(Request("GET", "/ThresholdInformation", expect=(500,))))

    def _items_after(self, guard: KeysetGuard, entity: str, fields: Sequence[str], conditions: Sequence[Condition]) -> list[JsonObject]:
        size = self.settings["page_size"]
        body = json.write({"filter": [*conditions, _after(guard.last)], "IncludeFields": ["id", *fields], "MaxRecords": size})
        items, more = _page(self._fetch(Request("POST", f"/{COLLECTIONS[entity]}/query", content=body, expect=(500,))))
        guard.check([item.get("id") for item in items])
        if len(items) > size or (len(items) < size and more):
            raise data_error("SRC_SHORT_PAGE", f"a page holds {len(items)} of {size} records, and another is announced")
        return items

    def _clients(self) -> list[HttpClient]:
        return [self._http, *self._retired, *filter(None, [self._zone])]

    def _fetch(self, request: Request) -> JsonObject:
        zone = self._zone_of()
        try:
            return zone.fetch(request, _object)
        except AuthRefused as refused:
            if refused.code != "CONN_AUTH_FAILED" or (moved := self._zone_of(instead_of=zone)) is zone:
                raise
        return moved.fetch(request, _object)

    def _zone_of(self, instead_of: HttpClient | None = None) -> HttpClient:
        """Return the zone's HTTP client. instead_of: look the zone up again, unless another thread did; may return the same one."""
        with self._moving:
            if self._zone is None or self._zone is instead_of:
                with self.operation("looking up the zone"):
                    endpoint = look_up(self._http, self.settings.login)
                if self._zone is None or self._zone.endpoint.url != f"{endpoint.url}/V1.0":
                    self._retired += filter(None, [self._zone])
                    headers = {**self._headers(), **self._credentials.headers()}
                    self._zone = HttpClient(self._http_settings(f"{endpoint.url}/V1.0", headers))
            return self._zone


def at_or_after(field: str, instant: str) -> Condition:
    """A condition on a time. instant: UTC, ISO 8601."""
    return {"op": "gte", "field": field, "value": instant}


def one_of(field: str, values: Sequence[int]) -> Condition:
    """A condition that a field has one of at most 500 values."""
    return {"op": "in", "field": field, "value": list(values)}


def any_of(*conditions: Condition) -> Condition:
    """A condition that one of several holds."""
    return {"op": "or", "items": list(conditions)}


def _after(record_id: int) -> Condition:
    return {"op": "gt", "field": "id", "value": record_id}


def _page(response: JsonObject) -> tuple[list[JsonObject], bool]:
    details = READER.member(response, "pageDetails")
    return READER.objects(response, "items"), bool(READER.text(details, "nextPageUrl"))


def _object(response: Response) -> JsonObject:
    if response.status == 500:
        raise trouble(response)
    return READER.object(response)
