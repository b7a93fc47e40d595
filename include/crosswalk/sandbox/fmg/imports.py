"""An import job before its commit: its numbered parts, each operation accepted or rejected on its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

from crosswalk.sandbox.fmg.rules import CONTACT_FIELDS, MAX_ID, wrong_contact_field, wrong_group_field
from crosswalk.sandbox.messages import Refused

MAX_OPERATIONS = 1000
MAX_BYTES = 8 * 1024 * 1024
MODES = ("replace", "delta")
ENTITIES = {"groups": "group_id", "contacts": "contact_id"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One accepted operation. entity: groups or contacts; op: upsert or delete; values: text fields; groups: as the contact names them."""

    entity: str
    op: str
    source_id: str
    target_id: str
    values: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    opted_out: bool = False

    @property
    def key(self) -> str:
        """How the answer names it."""
        return self.target_id if self.op == "delete" or not self.source_id else self.source_id


@dataclass
class Part:
    """One part: what was accepted, and what was rejected as {"key", "code", "field"}."""

    accepted: list[Operation] = field(default_factory=list)
    rejected: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Import:
    """An import job. status: open, committed or closed."""

    import_id: str
    mode: str
    snapshot: int
    base_revision: int
    source: dict[str, str]
    status: str = "open"
    parts: dict[int, Part] = field(default_factory=dict)

    def copy(self) -> Import:
        """The same job with the same parts, for itself."""
        return replace(self, parts=self.parts.copy())

    def require_open(self) -> None:
        """Raise Refused (409 IMPORT_CLOSED) unless open."""
        if self.status != "open":
            raise Refused(409, "IMPORT_CLOSED", f"the import is {self.status}")

    def end(self, status: str) -> None:
        """Commit or close it; the parts are forgotten."""
        self.status = status
        self.parts = {}

    def operations(self) -> Iterator[Operation]:
        """Every accepted operation, part by part."""
        for number in sorted(self.parts):
            yield from self.parts[number].accepted

    def counts(self) -> dict[str, Any]:
        """What a commit has to expect; an operation accepted in two parts counts once."""
        distinct = {(operation.entity, operation.op, operation.key) for operation in self.operations()}
        number = Counter((entity, op) for entity, op, _ in distinct)
        by_entity = {entity: {op: number[entity, op] for op in ("upsert", "delete")} for entity in ENTITIES}
        return {"parts": len(self.parts), **by_entity}


def read_open(body: Mapping[str, Any]) -> tuple[str, int, int, dict[str, str]]:
    """mode, snapshot, base_revision and source of an opening request. Raises Refused (422 INVALID)."""
    mode, snapshot, revision, source = (body.get(name) for name in ("mode", "snapshot", "base_revision", "source"))
    if mode not in MODES:
        raise Refused(422, "INVALID", "mode is replace or delta")
    if not is_count(snapshot) or not is_count(revision):
        raise Refused(422, "INVALID", "snapshot and base_revision are whole numbers")
    if not isinstance(source, dict) or not all(isinstance(source.get(name), str) and source[name] for name in ("system", "office")):
        raise Refused(422, "INVALID", "source names a system and an office")
    return str(mode), snapshot, revision, {"system": source["system"], "office": source["office"]}


def is_count(value: object) -> TypeGuard[int]:
    """Whether the value is a whole number of 0 or more."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def read_part(body: Mapping[str, Any], mode: str, known: Mapping[str, Container[str]]) -> Part:
    """Sort a part's operations into accepted and rejected. `known` holds the FMG ids the account ever had, by entity.

    Raises Refused (413 PART_TOO_LARGE, 422 PART_REFUSED): nothing of the part is taken.
    """
    lists = [(entity, body.get(entity, [])) for entity in ENTITIES]
    if set(body) - set(ENTITIES) or not all(isinstance(items, list) for _, items in lists):
        raise Refused(422, "PART_REFUSED", "a part holds the lists groups and contacts, and nothing else")
    if sum(len(items) for _, items in lists) > MAX_OPERATIONS:
        raise Refused(413, "PART_TOO_LARGE", f"a part holds at most {MAX_OPERATIONS} operations")
    part, seen = Part(), set()
    for entity, items in lists:
        for item in items:
            operation = _operation(entity, item, mode)
            if (entity, operation.key) in seen:
                raise Refused(422, "PART_REFUSED", "a key stands twice in the part")
            seen.add((entity, operation.key))
            _sort_in(part, operation, item, known[entity])
    return part


def _operation(entity: str, item: object, mode: str) -> Operation:
    if not isinstance(item, dict) or item.get("op") not in ("upsert", "delete"):
        raise Refused(422, "PART_REFUSED", "each operation is an object with op upsert or delete")
    source_id, target_id = item.get("source_id", ""), item.get(ENTITIES[entity], "")
    if not isinstance(source_id, str) or not isinstance(target_id, str) or not (target_id or (source_id and item["op"] == "upsert")):
        raise Refused(422, "PART_REFUSED", "each operation names its record")
    if item["op"] == "delete":
        if mode != "delta":
            raise Refused(422, "PART_REFUSED", "deletes stand only in a delta")
        return Operation(entity, "delete", "", target_id)
    return _upsert(entity, source_id, target_id, item)


def _upsert(entity: str, source_id: str, target_id: str, item: Mapping[str, Any]) -> Operation:
    names = CONTACT_FIELDS if entity == "contacts" else ("name",)
    values = {name: item.get(name) or "" for name in names}
    given = item.get("groups")
    groups = tuple(given) if entity == "contacts" and isinstance(given, list) else ()
    return Operation(entity, "upsert", source_id, target_id, values, groups, item.get("opted_out") is True)


def _sort_in(part: Part, operation: Operation, item: Mapping[str, Any], known: Container[str]) -> None:
    wrong = _wrong_field(operation, item) if operation.op == "upsert" else None
    if wrong:
        part.rejected.append({"key": operation.key, "code": "INVALID", "field": wrong})
    elif operation.op == "upsert" and operation.target_id and operation.target_id not in known:
        part.rejected.append({"key": operation.key, "code": "NOT_FOUND", "field": ENTITIES[operation.entity]})
    else:
        part.accepted.append(operation)


def _wrong_field(operation: Operation, item: Mapping[str, Any]) -> str | None:
    contact = operation.entity == "contacts"
    fields = {*CONTACT_FIELDS, "groups", "opted_out"} if contact else {"name"}
    unknown = set(item) - fields - {"op", "source_id", ENTITIES[operation.entity]}
    if unknown:
        return min(unknown)
    if len(operation.source_id) > MAX_ID:
        return "source_id"
    return wrong_contact_field(item) if contact else wrong_group_field(item)
