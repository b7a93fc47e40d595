"""A small Autotask for tests, written from systems/autotask/README.md: zone, keyset queries, counts, picklists, threshold."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from typing import Any

from crosswalk.conformance.local_server import Reply, Seen
from crosswalk.conformance.subject import CANARY, FAST, NAME, Subject
from crosswalk.systems.autotask.client import AutotaskClient
from crosswalk.systems.autotask.source import AutotaskSource
from crosswalk.wire.connection import connection_settings

Record = dict[str, Any]
CONTACT: Record = {
    "companyID": 210,
    "firstName": "Ana",
    "lastName": "Ruiz",
    "emailAddress": "ana@example.test",
    "isActive": 1,
    "isOptedOutFromBulkEmail": False,
    "userDefinedFields": [{"name": "Contact Type", "value": "2"}],
}
COMPANY: Record = {"companyName": "Acme Ltd", "companyType": 1, "isActive": True}
WHO = {"apiintegrationcode": "SANDBOXCODE", "username": "api@example.test", "secret": "sandbox-secret"}


class AutotaskStandIn:
    """Answers as the README says. `change` may alter an answer before it goes: (path behind V1.0, document) to document."""

    def __init__(self, contacts: list[Record], companies: list[Record] | None = None) -> None:
        companies = [{**COMPANY, "id": 210}] if companies is None else companies
        self.tables = {"Contacts": {one["id"]: one for one in contacts}, "Companies": {one["id"]: one for one in companies}}
        self.labels = {"1": "Customer", "2": "Prospect"}
        self.zone = "zone1"
        self.zone_url = "http://{host}/autotask/{zone}/ATServicesRest/"
        self.used = 0
        self.queries: list[Record] = []
        self.change: Callable[[str, Any], Any] = lambda _path, document: document

    def __call__(self, seen: Seen) -> Reply:
        if seen.path == "/autotask/ATServicesRest/V1.0/zoneInformation":
            assert "secret" not in seen.headers
            if seen.query["user"] != WHO["username"]:
                return _json(500, {"errors": ["unknown user"]})
            url = self.zone_url.format(host=seen.headers["host"], zone=self.zone)
            return _json(200, self.change("zone", {"zoneName": self.zone, "url": url, "webUrl": "", "ci": 1}))
        base = f"/autotask/{self.zone}/ATServicesRest/V1.0"
        if not seen.path.startswith(base) or any(seen.headers.get(name) != value for name, value in WHO.items()):
            return _json(401, {"errors": [f"who is {seen.headers.get('secret')}"]})
        path = seen.path.removeprefix(base)
        return _json(200, self.change(path, self._answer(path, seen)))

    def _answer(self, path: str, seen: Seen) -> Any:
        if path == "/ThresholdInformation":
            return {"externalRequestThreshold": 10_000, "requestThresholdTimeframe": 60, "currentTimeframeRequestCount": self.used}
        if path == "/Companies/entityInformation/fields":
            return {"fields": [{"name": "companyName", "picklistValues": None}, self._picklist("companyType")]}
        if path == "/Contacts/entityInformation/userDefinedFields":
            return {"fields": [self._picklist("Contact Type")]}
        entity, _, what = path.strip("/").partition("/")
        body = json.loads(seen.body)
        found = [one for number, one in sorted(self.tables[entity].items()) if all(_keeps(one, part) for part in body["filter"])]
        if what == "query/count":
            return {"queryCount": len(found)}
        assert (what, seen.method) == ("query", "POST")
        assert "id" in body["IncludeFields"]
        self.queries.append({"entity": entity, **body})
        page = [{name: one[name] for name in body["IncludeFields"] if name in one} for one in found[: body["MaxRecords"]]]
        following = f"http://evil.test/{entity}/query/next?paging=x" if len(found) > len(page) else None
        return {"items": page, "pageDetails": {"count": len(page), "requestCount": 500, "prevPageUrl": None, "nextPageUrl": following}}

    def _picklist(self, name: str) -> Record:
        values = [{"value": value, "label": label, "isActive": True} for value, label in self.labels.items()]
        return {"name": name, "isPickList": True, "picklistValues": values}


def _keeps(record: Record, part: Record) -> bool:
    if part["op"] == "or":
        return any(_keeps(record, one) for one in part["items"])
    have, want = record.get(part["field"]), part["value"]
    if part["op"] == "in":
        return len(want) <= 500 and have in want
    compare = {"gt": operator.gt, "gte": operator.ge}[part["op"]]
    return have is not None and bool(compare(have, want))


def _json(status: int, document: Any) -> Reply:
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json"}, packed=True)


def connect(url: str, page_size: int = 500, type_field: str = "Contact Type", **changes: Any) -> AutotaskSource:
    """Connect to the default database of a stand-in or sandbox."""
    who = {"login": "api@example.test", "password": "sandbox-secret", "integration_code": "SANDBOXCODE", "name": "autotask_summit"}
    settings = {"page_size": page_size, "contact_type_field": type_field, **who, **FAST, **changes}
    return AutotaskSource(AutotaskClient(connection_settings("autotask", f"{url}/autotask", **settings)))


def _stand_in() -> AutotaskStandIn:
    rows = [{**CONTACT, "id": number, "firstName": NAME} for number in range(1, 8)]
    rows[3]["emailAddress"] = CANARY
    return AutotaskStandIn(rows)


SUBJECT = Subject(
    connection="autotask_summit",
    stand_in=_stand_in,
    pages=lambda url: connect(url, page_size=3).pages("contact", None),
    id_field="source_id",
    records=7,
    calls=11,
    secrets=("sandbox-secret",),
)
