"""A small FMG for tests, written from systems/fmg/README.md: imports with parts and commit, idempotency, read-back, opt-outs."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

from crosswalk.conformance.local_server import Reply, Seen
from crosswalk.conformance.subject import CANARY, FAST, NAME, Subject
from crosswalk.core.system_schema import load_fields
from crosswalk.systems.fmg.client import FmgClient
from crosswalk.systems.fmg.target import FmgTarget
from crosswalk.wire.connection import connection_settings

Record = dict[str, Any]
BLANK: Record = {
    **{name: [] if field.type == "ids" else "" for name, field in load_fields("fmg")["contact"].items()},
    "source_id": None,
    "opted_out": False,
}


def contact(number: int, **fields: Any) -> Record:
    return {**BLANK, "contact_id": f"c-{number:06}", "last_name": "Quill", "email": f"q{number}@example.test", **fields}


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        self.status = status
        self.code = code


class FmgStandIn:
    """Answers as the README says. `change` may alter an answer before it goes: (method, path, document) to document."""

    def __init__(self, contacts: list[Record] | None = None) -> None:
        self.lists: dict[str, dict[str, Record]] = {
            "contacts": {record["contact_id"]: record for record in contacts or []},
            "groups": {},
        }
        self.had: dict[str, set[str]] = {"contacts": set(), "groups": set()}
        self.opt_outs: list[Record] = []
        self.managed_by: Record | None = None
        self.generation = self.last_snapshot = 0
        self.revision = 5
        self.imports: dict[str, Record] = {}
        self.kept: dict[str, tuple[bytes, tuple[int, Any]]] = {}
        self.writes = 0
        self.refuse_keys: set[str] = set()
        self.refuse_parts: tuple[int, str] | None = None
        self.change: Callable[[str, str, Any], Any] = lambda _method, _path, document: document

    def __call__(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization") != "Bearer sandbox-key":
            return _json(401, _error("AUTH_FAILED", seen.headers.get("authorization", "")))
        for name, records in self.lists.items():
            self.had[name] |= records.keys()
        path = seen.path.removeprefix("/fmg/v1/accounts/FMG-1001")
        assert path != seen.path
        status, document = self._read(path, seen.query) if seen.method == "GET" else self._write(seen, path)
        return _json(status, self.change(seen.method, path, document))

    def _read(self, path: str, query: Any) -> tuple[int, Any]:
        if not path:
            counts = {name: len(records) for name, records in self.lists.items()}
            about = {"account_id": "FMG-1001", "name": "Summit Advisors", "managed_by": self.managed_by, "revision": self.revision}
            return 200, {**about, **counts, "generation": self.generation, "last_snapshot": self.last_snapshot}
        name, limit, after = path[1:], int(query["limit"]), query.get("after", "")
        key = {"contacts": "contact_id", "groups": "group_id", "opt-outs": "email"}[name]
        records = sorted(self.opt_outs if name == "opt-outs" else self.lists[name].values(), key=lambda record: record[key])
        rest = [record for record in records if record[key] > after]
        page = rest[:limit]
        following = page[-1][key] if len(rest) > limit else None
        return 200, {name.replace("-", "_"): page, "total": len(records), "revision": self.revision, "next": following}

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
        if path == "/imports":
            return self._open(body)
        match = re.fullmatch(r"/imports/([^/]+)/(commit|parts/(\d+))", path)
        assert match
        job = self.imports[match[1]]
        if job["status"] != "open":
            raise Refused(409, "IMPORT_CLOSED")
        return self._commit(job, body) if match[2] == "commit" else self._part(job, int(match[3]), body)

    def _open(self, body: Any) -> tuple[int, Any]:
        if body["snapshot"] <= self.last_snapshot:
            raise Refused(409, "STALE_SNAPSHOT")
        if self.managed_by not in (None, body["source"]):
            raise Refused(409, "MANAGED_ELSEWHERE")
        if body["base_revision"] != self.revision:
            raise Refused(409, "LIST_CHANGED")
        name = f"i-{len(self.imports) + 1}"
        self.imports[name] = {"import_id": name, "status": "open", "parts": {}, **body}
        return 201, {"import_id": name, "status": "open"}

    def _part(self, job: Record, number: int, body: Any) -> tuple[int, Any]:
        if self.refuse_parts:
            raise Refused(*self.refuse_parts)
        operations = [(name, operation) for name in ("groups", "contacts") for operation in body.get(name, [])]
        assert len(operations) <= 1000
        refused = [self._refused(name, operation) for name, operation in operations]
        job["parts"][number] = [pair for pair, refusal in zip(operations, refused, strict=True) if not refusal]
        accepted = [_key(name, operation) for name, operation in job["parts"][number]]
        return 200, {"part": number, "accepted": accepted, "rejected": [refusal for refusal in refused if refusal]}

    def _refused(self, name: str, operation: Record) -> Record | None:
        key, field = _key(name, operation), _id_field(name)
        if key in self.refuse_keys:
            return {"key": key, "code": "INVALID", "field": "zip"}
        unknown = operation["op"] == "upsert" and operation.get(field) and operation[field] not in self.had[name]
        return {"key": key, "code": "NOT_FOUND", "field": field} if unknown else None

    def _commit(self, job: Record, body: Any) -> tuple[int, Any]:
        job["status"] = "closed"
        operations = [pair for part in job["parts"].values() for pair in part]
        for name in ("contacts", "groups"):
            sums = {op: sum(1 for other, one in operations if other == name and one["op"] == op) for op in ("upsert", "delete")}
            if sums != body[name]:
                raise Refused(409, "COUNT_MISMATCH")
        if body["parts"] != len(job["parts"]):
            raise Refused(409, "COUNT_MISMATCH")
        self._apply(job, operations)
        job["status"] = "committed"
        counts = {name: len(records) for name, records in self.lists.items()}
        return 200, {
            "import_id": job["import_id"],
            "status": "committed",
            "generation": self.generation,
            "revision": self.revision,
            **counts,
        }

    def _apply(self, job: Record, operations: list[tuple[str, Record]]) -> None:
        before = self.lists
        after = {name: {} if job["mode"] == "replace" else dict(records) for name, records in before.items()}
        changed: set[tuple[str, str]] = set()
        for name, operation in operations:
            field = _id_field(name)
            holders = [
                key for key, record in before[name].items() if record["source_id"] and record["source_id"] == operation.get("source_id")
            ]
            number = operation.get(field) or next(iter(holders), "") or self._new_id(name, changed)
            if (name, number) in changed:
                raise Refused(422, "INVALID")
            changed.add((name, number))
            after[name].pop(number, None)
            if operation["op"] == "upsert":
                values = {key: value for key, value in operation.items() if key != "op"}
                after[name][number] = {**(BLANK if name == "contacts" else {}), **values, field: number}
        for records in after.values():
            source_ids = [record["source_id"] for record in records.values() if record["source_id"]]
            if len(set(source_ids)) < len(source_ids):
                raise Refused(422, "INVALID")
        self.lists = after
        self.managed_by, self.last_snapshot = job["source"], job["snapshot"]
        self.generation += 1
        self.revision += 1

    def _new_id(self, name: str, changed: set[tuple[str, str]]) -> str:
        numbers = (f"{name[0]}-{number:06}" for number in itertools.count(1))
        return next(number for number in numbers if number not in self.had[name] and (name, number) not in changed)


def _id_field(name: str) -> str:
    return name[:-1] + "_id"


def _key(name: str, operation: Record) -> str:
    target: str = operation.get(_id_field(name), "")
    return target if operation["op"] == "delete" else str(operation["source_id"] or target)


def _error(code: str, message: str = "") -> Record:
    return {"error": {"code": code, "message": message}}


def _json(status: int, document: Any) -> Reply:
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json"}, packed=True)


def connect(url: str, account: str = "FMG-1001", api_key: str = "sandbox-key") -> FmgTarget:
    """Connect to an account of a stand-in or sandbox."""
    return FmgTarget(FmgClient(connection_settings("fmg", f"{url}/fmg", account=account, password=api_key, name="fmg_summit", **FAST)))


def _stand_in() -> FmgStandIn:
    contacts = [contact(number, first_name=NAME) for number in range(1, 2502)]
    contacts[3]["email"] = CANARY
    return FmgStandIn(contacts)


SUBJECT = Subject(
    connection="fmg_summit",
    stand_in=_stand_in,
    pages=lambda url: connect(url).pages("contact"),
    id_field="target_id",
    records=2501,
    calls=4,
    secrets=("sandbox-key",),
)
