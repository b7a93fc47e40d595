"""A small Flex for tests, written from systems/flex/README.md: Spring pages, links, writes under keys, renewed tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from crosswalk.conformance.local_server import Reply, Seen
from crosswalk.conformance.subject import CANARY, FAST, NAME, Subject
from crosswalk.systems.flex.client import FlexClient
from crosswalk.systems.flex.target import FlexTarget
from crosswalk.wire.connection import connection_settings

Record = dict[str, Any]
PATH = "/flex/demo/f5/api"
EDITED = "2026-01-03T10:00:00.000Z"


def contact(number: int, **members: Any) -> Record:
    return {"id": f"c-{number:06}", "organization": False, "firstName": "Quinn", "lastName": "Quill", "lastEditDate": EDITED, **members}


def company(number: int, **members: Any) -> Record:
    return {"id": f"c-{number:06}", "organization": True, "name": f"Acme {number}", "lastEditDate": EDITED, **members}


class FlexStandIn:
    """Answers as the README says. `change` may alter an answer before it goes; `refuse` answers a write with an error."""

    def __init__(self, contacts: list[Record] | None = None) -> None:
        self.contacts = {one["id"]: one for one in contacts or []}
        self.links: list[Record] = []
        self.deals: list[Record] = []
        self.types = [{"id": "rt-1", "name": "Clients"}, {"id": "rt-5", "name": "Vendors"}]
        self.tokens = {"sandbox-flex-key"}
        self.signed_in = 0
        self.renewed: str | None = None
        self.full = True
        self.writes: list[tuple[str, str, Any]] = []
        self.kept: dict[str, tuple[bytes, tuple[int, Any]]] = {}
        self.refuse: Callable[[str, str], tuple[int, Any] | None] = lambda _method, _path: None
        self.change: Callable[[str, str, Any], Any] = lambda _method, _path, document: document

    def __call__(self, seen: Seen) -> Reply:
        path = seen.path.removeprefix(PATH)
        assert path != seen.path
        if path == "/authenticate":
            return self._sign_in(json.loads(seen.body))
        if seen.headers.get("x-auth-token") not in self.tokens:
            return _json(401, {"status": 401, "code": "UNAUTHORIZED", "message": str(seen.headers.get("x-auth-token"))})
        status, document = self._read(path, seen.query) if seen.method == "GET" else self._write(seen, path)
        reply = _json(status, self.change(seen.method, path, document))
        if not self.renewed:
            return reply
        fresh, self.renewed = self.renewed, None
        self.tokens = {fresh}
        return Reply(reply.body, reply.status, {**reply.headers, "X-Auth-Token-Refreshed": fresh}, packed=True)

    def _sign_in(self, body: Any) -> Reply:
        if (body["username"], body["password"], body["source"]) != ("integration", "sandbox-secret", "crosswalk"):
            return _json(401, {"status": 401})
        self.signed_in += 1
        self.tokens = {f"token-{self.signed_in}"}
        return _json(200, {"token": f"token-{self.signed_in}"})

    def _read(self, path: str, query: Any) -> tuple[int, Any]:
        if path == "/resource-type":
            return 200, self.types
        if path.startswith("/contact/"):
            return 200, self.contacts[path.removeprefix("/contact/")]
        lists = {"/contact": list(self.contacts.values()), "/crm-link": self.links, "/crm-deal": self.deals}
        records = lists[path]
        if "organization" in query:
            records = [one for one in records if one["organization"] is (query["organization"] == "true")]
        if path == "/contact" and not (self.full and query.get("expand") == "all"):
            records = [{"id": one["id"], "name": one.get("name", ""), "organization": one["organization"]} for one in records]
        page, size = int(query["page"]), int(query["size"])
        shown = {"content": records[page * size : (page + 1) * size], "totalElements": len(records), "totalPages": -(-len(records) // size)}
        return 200, {**shown, "number": page, "size": size}

    def _write(self, seen: Seen, path: str) -> tuple[int, Any]:
        key = seen.headers["idempotency-key"]
        if key in self.kept:
            kept, answer = self.kept[key]
            return answer if kept == seen.body else (422, {"status": 422, "code": "KEY_REUSED"})
        body = json.loads(seen.body) if seen.body else None
        answer = self.refuse(seen.method, path) or (200 if path != "/contact" else 201, {"id": "c-new"})
        self.writes.append((seen.method, path, body))
        self.kept[key] = seen.body, answer
        return answer


def _json(status: int, document: Any) -> Reply:
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json"}, packed=True)


def connect(url: str, secret: str = "sandbox-flex-key", user: str = "", site: str = "demo") -> FlexTarget:
    """Connect to a site of a stand-in or sandbox."""
    return FlexTarget(
        FlexClient(connection_settings("flex", f"{url}/flex/{site}/f5/api", password=secret, login=user, name="flex_summit", **FAST))
    )


def _stand_in() -> FlexStandIn:
    return FlexStandIn([contact(one, firstName=NAME, company=CANARY) for one in range(1, 251)])


SUBJECT = Subject(
    connection="flex_summit",
    stand_in=_stand_in,
    pages=lambda url: connect(url).pages("contact"),
    id_field="target_id",
    records=250,
    calls=5,
    secrets=("sandbox-flex-key",),
)
