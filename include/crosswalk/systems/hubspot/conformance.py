"""A small HubSpot for tests, written from systems/hubspot/README.md: lists, search, associations; it knows no write."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from crosswalk.conformance.local_server import Reply, Seen
from crosswalk.conformance.subject import CANARY, FAST, NAME, Subject
from crosswalk.systems.hubspot.client import HubSpotClient
from crosswalk.systems.hubspot.source import HubSpotSource
from crosswalk.wire.connection import connection_settings

Record = dict[str, Any]
PATH = "/hubspot/crm/v3/objects"
MODIFIED = {"contacts": "lastmodifieddate", "companies": "hs_lastmodifieddate", "deals": "hs_lastmodifieddate"}


def contact(number: int, **properties: str | None) -> Record:
    return record(number, {"firstname": "Quinn", "lastname": "Quill", "email": f"q{number}@example.test", **properties})


def record(number: int, properties: dict[str, str | None], **more: Any) -> Record:
    times = {"createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-03T10:00:00.000Z"}
    return {"id": str(number), "properties": properties, "archived": False, **times, **more}


def associated(*ids: str, kind: str = "contact_to_company", after: str = "") -> Record:
    paging = {"paging": {"next": {"after": after}}} if after else {}
    return {"results": [{"id": one, "type": kind} for one in ids], **paging}


class HubSpotStandIn:
    """Answers as the README says. `change` may alter an answer before it goes: (method, path, document) to document."""

    def __init__(self, **objects: list[Record]) -> None:
        self.objects = {name: objects.get(name, []) for name in ("contacts", "companies", "deals")}
        self.more: dict[str, list[Record]] = {}
        self.change: Callable[[str, str, Any], Any] = lambda _method, _path, document: document

    def __call__(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization") != "Bearer sandbox-hubspot-token":
            return _json(401, error("INVALID_AUTHENTICATION"))
        path = seen.path.removeprefix(PATH)
        assert path != seen.path
        assert seen.method == "GET" or (seen.method == "POST" and path.endswith("/search"))
        kind = path.split("/")[1]
        document = self._search(kind, json.loads(seen.body)) if seen.method == "POST" else self._get(kind, path, seen)
        return _json(200, self.change(seen.method, path, document))

    def _get(self, kind: str, path: str, seen: Seen) -> Any:
        if path in self.more:
            return self.more[path].pop(0)
        assert path == f"/{kind}"
        limit, after = int(seen.query.get("limit", 10)), int(seen.query.get("after", 0))
        assert 1 <= limit <= 100
        listed = [
            one for one in self.objects[kind] if one["archived"] is (seen.query.get("archived") == "true") and int(one["id"]) >= after
        ]
        names = seen.query.get("properties", "").split(",")
        results = [shown(kind, one, names) for one in listed[:limit]]
        if not seen.query.get("associations"):
            results = [{name: value for name, value in one.items() if name != "associations"} for one in results]
        paging = {"paging": {"next": {"after": listed[limit]["id"], "link": "https://elsewhere.test"}}} if len(listed) > limit else {}
        return {"results": results, **paging}

    def _search(self, kind: str, body: Any) -> Any:
        assert body["limit"] <= 200
        assert "after" not in body
        assert body["sorts"] == [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
        filters = [one for group in body["filterGroups"] for one in group["filters"]]
        above = max((int(one["value"]) for one in filters if one["operator"] == "GT"), default=0)
        found = [one for one in self.objects[kind] if not one["archived"] and int(one["id"]) > above]
        return {"total": len(found), "results": [shown(kind, one, body["properties"]) for one in found[: body["limit"]]]}


def shown(kind: str, one: Record, names: list[str]) -> Record:
    always = {"hs_object_id": one["id"], "createdate": one["createdAt"], MODIFIED[kind]: one["updatedAt"]}
    extra = {name: value for name, value in one["properties"].items() if name.startswith("!")}
    return {**one, "properties": {**{name: one["properties"].get(name) for name in names if name}, **always, **extra}}


def error(category: str, **more: str) -> Record:
    return {"status": "error", "message": "secret echo quinn@example.test", "category": category, **more}


def _json(status: int, document: Any) -> Reply:
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json"}, packed=True)


def connect(url: str, token: str = "sandbox-hubspot-token", path: str = "/hubspot/crm/v3/objects") -> HubSpotSource:
    """Connect to the default portal of a stand-in or sandbox."""
    return HubSpotSource(
        HubSpotClient(connection_settings("hubspot", f"{url}{path}", portal="24100001", password=token, name="hubspot_summit", **FAST))
    )


def _stand_in() -> HubSpotStandIn:
    return HubSpotStandIn(contacts=[contact(one, firstname=NAME, email=CANARY) for one in range(1, 251)])


SUBJECT = Subject(
    connection="hubspot_summit",
    stand_in=_stand_in,
    pages=lambda url: connect(url).pages("contact", None),
    id_field="source_id",
    records=250,
    calls=4,
    secrets=("sandbox-hubspot-token",),
)
