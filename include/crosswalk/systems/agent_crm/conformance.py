"""A plain Agent CRM in memory, written from systems/agent_crm/README.md alone; it shares no code with the client or the sandbox."""

from __future__ import annotations

import json
from typing import Any

from crosswalk.conformance.local_server import Reply, Seen
from crosswalk.conformance.subject import CANARY, FAST, NAME, Subject
from crosswalk.systems.agent_crm.client import AgentCrmClient
from crosswalk.systems.agent_crm.target import AgentCrmTarget
from crosswalk.wire.connection import connection_settings

KEY, USER, BUSINESS = "sandbox-key", "77aa0000-0000-4000-8000-0000000000aa", "1b6f0000-0000-4000-8000-0000000000bb"
OTHER = "1b6f0000-0000-4000-8000-0000000000cc"
CONTACT = [
    *("sync_key", "first_name", "last_name", "birth_date", "email", "phone", "address_1", "address_2", "city", "state", "zip"),
    *("policies", "writing_agent_npn"),
]
POLICY = [
    *("sync_key", "carrier", "policy_number", "plan_name", "plan_id", "coverages", "status", "effective_date", "term_date", "premium"),
    "writing_agent_npn",
]
FIELDS = {"contacts": CONTACT, "policies": POLICY}


def record(fields: list[str], number: int, **values: str) -> dict[str, Any]:
    whole = {"sync_key": f"key-{number}", **values}
    entries = [{"id": f"f-{name}", "name": name, "value": whole.get(name, "")} for name in fields]
    return {"id": f"0d2e0000-0000-4000-8000-{number:012d}", "name": "x", "archived": False, "fields": entries}


class AgentCrmStandIn:
    """Answers searches, objects, upserts and changes of one business; searches contain the text, as the contract says."""

    def __init__(self, records: dict[str, list[dict[str, Any]]]) -> None:
        self.records = records

    def __call__(self, seen: Seen) -> Reply:
        if seen.headers.get("x-api-key") != KEY or seen.headers.get("x-user-id") != USER:
            return error(401, "AUTH_FAILED")
        if seen.headers.get("x-business-id") != BUSINESS:
            return error(403, "FORBIDDEN")
        parts = seen.path.split("/")[2:]  # /api/…
        if parts == ["custom-objects"]:
            found = [{"id": name, "name": name, "fields": []} for name in self.records]
            return page(found, seen)
        if len(parts) == 3 and parts[0] == "records" and parts[2] == "search" and seen.method == "POST":
            return page(self._search(parts[1], json.loads(seen.body)), seen)
        if len(parts) == 3 and parts[0] == "records" and parts[2] == "upsert" and seen.method == "POST":
            return self._upsert(parts[1], json.loads(seen.body))
        if len(parts) == 3 and parts[0] == "records" and seen.method == "PATCH":
            return self._change(parts[1], parts[2], json.loads(seen.body))
        return error(404, "NOT_FOUND")

    def _search(self, name: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        text, within = body["search"].casefold(), body["search_within_field_names"]
        return [one for one in self.records[name] if any(text in value(one, field).casefold() for field in within or FIELDS[name])]

    def _upsert(self, name: str, body: dict[str, Any]) -> Reply:
        given = {entry["name"]: entry["value"] for entry in body["fields"]}
        held = [one for one in self.records[name] if value(one, body["key_field"]) == given[body["key_field"]]]
        if held:
            return self._change(name, held[0]["id"], body)
        made = record(FIELDS[name], len(self.records[name]) + 90_000, **given)
        self.records[name].append(made)
        return Reply(json.dumps(made).encode(), 201, {"Content-Type": "application/json"})

    def _change(self, name: str, one: str, body: dict[str, Any]) -> Reply:
        held = next((record for record in self.records[name] if record["id"] == one), None)
        if held is None:
            return error(404, "NOT_FOUND")
        for entry in body["fields"]:
            next(own for own in held["fields"] if own["name"] == entry["name"])["value"] = entry["value"]
        return Reply(json.dumps(held).encode(), 200, {"Content-Type": "application/json"})


def value(one: dict[str, Any], field: str) -> str:
    return str(next(entry["value"] for entry in one["fields"] if entry["name"] == field))


def page(found: list[dict[str, Any]], seen: Seen) -> Reply:
    number, size = int(seen.query["page"]), int(seen.query["page_size"])
    more = number * size < len(found)
    body = {
        "count": len(found),
        "next": f"{seen.path}?page={number + 1}" if more else None,
        "previous": None,
        "results": found[(number - 1) * size : number * size],
        "errors": [],
        "revision": 1,
    }
    return Reply(json.dumps(body).encode(), 200, {"Content-Type": "application/json"})


def error(status: int, code: str, field: str = "") -> Reply:
    body = {"errors": [{"code": code, "field": field, "message": "canary@example.test"}]}
    return Reply(json.dumps(body).encode(), status, {"Content-Type": "application/json"})


def connect(url: str, user: str, business: str, api_key: str = "sandbox-key") -> AgentCrmClient:
    """Connect to a business. url: what comes before /custom-objects."""
    about: dict[str, Any] = {"login": user, "business": business, "password": api_key, "name": "agent_crm_summit"}
    return AgentCrmClient(connection_settings("agent_crm", url, **about, **FAST))


def _stand_in() -> AgentCrmStandIn:
    people = [record(CONTACT, number, first_name=NAME, email=CANARY) for number in range(1, 1204)]
    return AgentCrmStandIn({"policies": [], "contacts": people})


SUBJECT = Subject(
    connection="agent_crm_summit",
    stand_in=_stand_in,
    pages=lambda url: AgentCrmTarget(connect(f"{url}/api", USER, BUSINESS)).pages("contact"),
    id_field="target_id",
    records=1203,
    calls=3,
    secrets=(KEY,),
)
