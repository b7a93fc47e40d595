"""A small Mindmatrix for tests, written from systems/mindmatrix/README.md: lists with revisions, deliveries record by record, kept keys."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

from crosswalk.conformance.local_server import Reply, Seen
from crosswalk.conformance.subject import CANARY, FAST, NAME, Subject
from crosswalk.systems.mindmatrix.client import MindmatrixClient
from crosswalk.systems.mindmatrix.target import MindmatrixTarget
from crosswalk.wire.connection import connection_settings

Record = dict[str, Any]
BASE = "/mindmatrix/v1/organizations/MM-2001"
BLANK = dict.fromkeys(
    ("email", "first_name", "last_name", "title", "company", "phone", "mobile", "address_1", "address_2", "city", "state", "zip"), ""
)


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


def contact(number: int, **changed: Any) -> Record:
    named = {"contact_id": f"m-{number:06}", "source_id": None, "email": f"q{number}@example.test", "last_name": "Quill"}
    return {**BLANK, **named, "opt_in": "unknown", **changed}


class MindmatrixStandIn:
    """Answers as the README says; `change` may alter an answer: (method, path behind the organization, document) to document."""

    def __init__(self, contacts: list[Record] | None = None) -> None:
        self.contacts = {record["contact_id"]: record for record in contacts or []}
        self.opt_outs: list[str] = []
        self.managed_by: Record | None = None
        self.generation = self.last_snapshot = 0
        self.revision = 5
        self.deliveries: dict[str, Record] = {}
        self.kept: dict[str, tuple[bytes, tuple[int, Any]]] = {}
        self.writes = 0
        self.refuse_keys: set[str] = set()
        self.refuse_batch: tuple[int, str] | None = None
        self.change: Callable[[str, str, Any], Any] = lambda _method, _path, document: document
        self._numbers = itertools.count(5000)

    def __call__(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization") != "Bearer sandbox-key":
            return _json(401, _error("AUTH_FAILED", seen.headers.get("authorization", "")))
        path = seen.path.removeprefix(BASE)
        assert path != seen.path
        status, document = self._read(path, seen.query) if seen.method == "GET" else self._write(seen, path)
        return _json(status, self.change(seen.method, path, document))

    def _read(self, path: str, query: Any) -> tuple[int, Any]:
        if not path:
            about = {"organization_id": "MM-2001", "name": "Northwind", "managed_by": self.managed_by, "contacts": len(self.contacts)}
            return 200, {**about, "generation": self.generation, "last_snapshot": self.last_snapshot, "revision": self.revision}
        name = path[1:].replace("-", "_")
        key = {"contacts": "contact_id", "opt_outs": "email"}[name]
        listed = list(self.contacts.values()) if name == "contacts" else [{"email": one} for one in self.opt_outs]
        records = sorted(listed, key=lambda one: one[key])
        rest = [record for record in records if record[key] > query.get("after", "")]
        page = rest[: int(query["limit"])]
        following = page[-1][key] if len(rest) > len(page) else None
        return 200, {name: page, "total": len(records), "revision": self.revision, "next": following}

    def _write(self, seen: Seen, path: str) -> tuple[int, Any]:
        key = seen.headers["idempotency-key"]
        assert len(key) <= 255
        if key in self.kept:
            body, answer = self.kept[key]
            return answer if body == seen.body else (422, _error("KEY_REUSED"))
        self.writes += 1
        try:
            answer = self._do(path, json.loads(seen.body))
        except Refused as refused:
            answer = refused.status, _error(refused.code, "secret echo quinn@example.test")
        self.kept[key] = seen.body, answer
        return answer

    def _do(self, path: str, body: Any) -> tuple[int, Any]:
        if path == "/deliveries":
            return self._open(body)
        match = re.fullmatch(r"/deliveries/([^/]+)/(contacts|finish)", path)
        assert match
        delivery = self.deliveries[match[1]]
        if delivery["status"] != "open":
            raise Refused(409, "DELIVERY_CLOSED")
        return self._batch(delivery, body) if match[2] == "contacts" else self._finish(delivery, body)

    def _open(self, body: Any) -> tuple[int, Any]:
        if body["opt_in_acknowledged"] is not True:
            raise Refused(422, "OPT_IN_REQUIRED")
        if self.managed_by not in (None, body["source"]):
            raise Refused(409, "MANAGED_ELSEWHERE")
        for name, delivery in self.deliveries.items():
            if (delivery["snapshot"], delivery["status"]) == (body["snapshot"], "open"):
                return 200, {"delivery_id": name, "status": "open"}
        if body["snapshot"] <= self.last_snapshot:
            raise Refused(409, "STALE_SNAPSHOT")
        assert set(body) == {"snapshot", "source", "opt_in_acknowledged"}
        for delivery in self.deliveries.values():
            delivery["status"] = "closed"
        name = f"d-{len(self.deliveries) + 1}"
        self.deliveries[name] = {"id": name, "snapshot": body["snapshot"], "status": "open", "upsert": set(), "delete": set()}
        self.managed_by, self.last_snapshot = body["source"], body["snapshot"]
        return 201, {"delivery_id": name, "status": "open"}

    def _batch(self, delivery: Record, body: Any) -> tuple[int, Any]:
        if self.refuse_batch:
            raise Refused(*self.refuse_batch)
        assert len(body["upserts"]) + len(body["deletes"]) <= 200
        assert body["update_current"] is True
        rejected = []
        for one in body["deletes"]:
            self.contacts.pop(one["contact_id"], None)
            delivery["delete"].add(one["contact_id"])
        for one in body["upserts"]:
            assert set(one) - {"contact_id", "source_id"} == set(BLANK)
            key = one["source_id"] or one["contact_id"]
            if key in self.refuse_keys:
                rejected.append({"key": key, "code": "INVALID", "field": "zip"})
                continue
            by_source = (held["contact_id"] for held in self.contacts.values() if held["source_id"] == one["source_id"])
            number = one.get("contact_id") or next(by_source, None) or f"m-{next(self._numbers):06}"
            before = self.contacts.get(number, {"opt_in": "unknown"})
            self.contacts[number] = {**one, "contact_id": number, "opt_in": before["opt_in"]}
            delivery["upsert"].add(key)
        self.revision += 1
        accepted = [*(one["contact_id"] for one in body["deletes"]), *(one["source_id"] or one["contact_id"] for one in body["upserts"])]
        gone = {one["key"] for one in rejected}
        return 200, {"accepted": [key for key in accepted if key not in gone], "skipped": [], "rejected": rejected}

    def _finish(self, delivery: Record, body: Any) -> tuple[int, Any]:
        if any(len(delivery[op]) < body["contacts"][op] for op in ("upsert", "delete")):
            raise Refused(409, "COUNT_MISMATCH")
        delivery["status"] = "finished"
        self.generation += 1
        about = {"generation": self.generation, "revision": self.revision, "contacts": len(self.contacts)}
        return 200, {"delivery_id": delivery["id"], "status": "finished", **about}


def _error(code: str, message: str = "") -> Record:
    return {"error": {"code": code, "message": message}}


def _json(status: int, document: Any) -> Reply:
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json"}, packed=True)


def connect(url: str, organization: str = "MM-2001", api_key: str = "sandbox-key", *, acknowledged: bool = True) -> MindmatrixTarget:
    """Connect to an organization of a stand-in or sandbox."""
    about: dict[str, Any] = {
        "organization": organization,
        "password": api_key,
        "opt_in_acknowledged": acknowledged,
        "name": "mindmatrix_summit",
    }
    settings = connection_settings("mindmatrix", f"{url}/mindmatrix", **about, **FAST)
    return MindmatrixTarget(MindmatrixClient(settings))


def _stand_in() -> MindmatrixStandIn:
    held = [contact(number, first_name=NAME) for number in range(1, 1202)]
    held[3]["email"] = CANARY
    return MindmatrixStandIn(held)


SUBJECT = Subject(
    connection="mindmatrix_summit",
    stand_in=_stand_in,
    pages=lambda url: connect(url).pages("contact"),
    id_field="target_id",
    records=1201,
    calls=3,
    secrets=("sandbox-key",),
)
