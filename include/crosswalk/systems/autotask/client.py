"""Calls of Autotask's REST interface. Contract: README.md. Nothing is tried again here but what a moved zone asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from crosswalk.errors import AuthRefused
from crosswalk.systems.autotask.payloads import SHAPE, Threshold, picklist, threshold, trouble
from crosswalk.systems.autotask.zone import Credentials, look_up
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.connection import ConnectionSettings
from crosswalk.wire.http import Answer, Call, Wire
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
        self._zone: Wire | None = None
        self._retired: list[Wire] = []
        self._moving = Lock()

    def _base_url(self) -> str:
        return f"{super()._base_url()}/ATServicesRest/V1.0"

    def _headers(self) -> Mapping[str, str]:
        return {"Accept": "application/json", "Content-Type": "application/json"}

    def count(self, entity: str, *conditions: Condition) -> int:
        """Count the records of an entity that keep all conditions."""
        doing = self.doing(f"counting every {entity}")
        body = json.write({"filter": [*(conditions or [_after(0)])]})
        answer = self._call(Call("POST", f"/{COLLECTIONS[entity]}/query/count", doing, content=body, expect=(500,)))
        return SHAPE.count(answer, "queryCount", doing)

    def items(self, entity: str, fields: Sequence[str], *conditions: Condition) -> Iterator[list[JsonObject]]:
        """Read the records of an entity that keep all conditions, in ascending order of id, page by page.

        fields: Autotask's names; `id` comes by itself. Raises DataError when the pages do not fit together.
        """
        doing = self.doing(f"reading every {entity}")
        guard, size = KeysetGuard(doing), self.settings["page_size"]
        last_page = False
        while not last_page:
            body = json.write({"filter": [*conditions, _after(guard.last)], "IncludeFields": ["id", *fields], "MaxRecords": size})
            answer = self._call(Call("POST", f"/{COLLECTIONS[entity]}/query", doing, content=body, expect=(500,)))
            items, more = _page(answer, doing)
            guard.check([item.get("id") for item in items])
            last_page = len(items) < size
            if len(items) > size or (last_page and more):
                raise data_error("SRC_SHORT_PAGE", doing, f"a page holds {len(items)} of {size} records, and another is announced")
            yield items

    def picklist(self, entity: str, name: str, *, user_defined: bool = False) -> dict[str, str]:
        """Read the entries of a picklist field as {value: label}. Raises DataError SRC_SCHEMA when the field is none."""
        doing = self.doing(f"reading the picklist {name}")
        kind = "userDefinedFields" if user_defined else "fields"
        answer = self._call(Call("GET", f"/{COLLECTIONS[entity]}/entityInformation/{kind}", doing, expect=(500,)))
        return picklist(answer, name, doing)

    def threshold(self) -> Threshold:
        """Ask how many requests the database may take, and took, in the present time frame."""
        doing = self.doing("reading the request threshold")
        return threshold(self._call(Call("GET", "/ThresholdInformation", doing, expect=(500,))), doing)

    def _wires(self) -> list[Wire]:
        return [self._wire, *self._retired, *filter(None, [self._zone])]

    def _call(self, call: Call) -> JsonObject:
        zone = self._zone_of()
        try:
            return zone.exchange(call, lambda answer: _object(answer, call.doing))
        except AuthRefused as refused:
            if refused.code != "CONN_AUTH_FAILED" or (moved := self._zone_of(instead_of=zone)) is zone:
                raise
        return moved.exchange(call, lambda answer: _object(answer, call.doing))

    def _zone_of(self, instead_of: Wire | None = None) -> Wire:
        """Give the zone's wire; with `instead_of` look the zone up again, unless another thread did, and give the same if it stayed."""
        with self._moving:
            if self._zone is None or self._zone is instead_of:
                endpoint = look_up(self._wire, self.settings.login, self.doing("looking up the zone"))
                if self._zone is None or self._zone.endpoint.url != f"{endpoint.url}/V1.0":
                    self._retired += filter(None, [self._zone])
                    self._zone = Wire(self._wire_settings(f"{endpoint.url}/V1.0", {**self._headers(), **self._credentials.headers()}))
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


def _page(answer: JsonObject, doing: str) -> tuple[list[JsonObject], bool]:
    details = SHAPE.member(answer, "pageDetails", doing)
    return SHAPE.objects(answer, "items", doing), bool(SHAPE.text(details, "nextPageUrl", doing))


def _object(answer: Answer, doing: str) -> JsonObject:
    if answer.status == 500:
        raise trouble(answer, doing)
    return SHAPE.object(answer, doing)
