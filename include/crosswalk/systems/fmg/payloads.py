"""The JSON documents of FMG: records read back, operations of an import, and what an error means. Contract: README.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from crosswalk.core.ids import id_order
from crosswalk.core.ports import BatchRefused, BatchResult, Operation, Receipt, Refusal, Row, TargetState
from crosswalk.core.system_schema import Field, load_fields
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, DataError, Fenced, PermanentError, current_operation
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.json_reader import JsonObject, JsonReader, showable

READER = JsonReader("FMG", "TGT_SCHEMA")
COLLECTIONS = {"contact": "contacts", "group": "groups"}
ID_FIELDS = {"contact": "contact_id", "group": "group_id"}
READ_STATUSES = frozenset({401, 403, 404, 409, 413, 422, 423})


@cache
def fields_of(entity: str) -> Mapping[str, Field]:
    """Give the fields of "contact" or "group" by name, from fields.csv."""
    return load_fields("fmg")[entity]


def record_row(entity: str, record: JsonObject) -> Row:
    """Turn a record read back into a row. Raises DataError TGT_SCHEMA."""
    row = {"target_id": READER.name(record, ID_FIELDS[entity]), "source_id": READER.text(record, "source_id")}
    for name, field in fields_of(entity).items():
        row[name] = _ids(record, name) if field.type == "ids" else READER.text(record, name)
    if entity == "contact":
        row["opted_out"] = _flag(record, "opted_out")
    return row


def known_keys(entity: str) -> frozenset[str]:
    """Name what a record of the list may hold."""
    also = {"opted_out"} if entity == "contact" else set()
    return frozenset({ID_FIELDS[entity], "source_id", *fields_of(entity), *also})


def part_body(operations: Sequence[Operation]) -> bytes:
    """Write the body of one part."""
    lists: dict[str, list[dict[str, Any]]] = {}
    for operation in operations:
        lists.setdefault(COLLECTIONS[operation.entity], []).append(_operation(operation))
    return json.write(lists)


def commit_body(parts: int, counts: Mapping[str, Mapping[str, int]]) -> bytes:
    """Write the body of a commit. counts: accepted operations as {entity: {op: number}}."""
    expected = {
        collection: {op: counts.get(entity, {}).get(op, 0) for op in ("upsert", "delete")} for entity, collection in COLLECTIONS.items()
    }
    return json.write({"parts": parts, **expected})


def account_state(response: JsonObject) -> TargetState:
    """Read the account. Raises DataError TGT_SCHEMA."""
    managed = response.get("managed_by")
    if managed is not None and not isinstance(managed, dict):
        raise READER.wrong("managed_by")
    return TargetState(
        managed_by=None if managed is None else {str(name): str(value) for name, value in managed.items()},
        counts={entity: READER.count(response, collection) for entity, collection in COLLECTIONS.items()},
        generation=READER.count(response, "generation"),
        last_snapshot=READER.count(response, "last_snapshot"),
        revision=READER.count(response, "revision"),
    )


def batch_result(response: JsonObject, number: int, operations: Sequence[Operation]) -> BatchResult:
    """Read what became of a part. Raises DataError TGT_SCHEMA, or TGT_UNKNOWN_KEY for a key that was not sent or came twice."""
    accepted, rejected = response.get("accepted"), response.get("rejected", [])
    if not isinstance(accepted, list) or not isinstance(rejected, list) or response.get("part") != number:
        raise READER.wrong("part, accepted or rejected")
    refused = tuple(_refusal(entry) for entry in rejected)
    answered = [*accepted, *(refusal.key for refusal in refused)]
    if not all(isinstance(key, str) for key in accepted):
        raise READER.wrong("accepted")
    if len(set(answered)) != len(answered) or not {operation.key for operation in operations}.issuperset(answered):
        raise data_error("TGT_UNKNOWN_KEY", "FMG answered for a record that was not in the part, or twice for one")
    return BatchResult(frozenset(accepted), refused)


def receipt(response: JsonObject) -> Receipt:
    """Read the answer to a commit. Raises DataError TGT_SCHEMA."""
    if response.get("status") != "committed":
        raise READER.wrong("status")
    counts = {entity: READER.count(response, collection) for entity, collection in COLLECTIONS.items()}
    return Receipt(READER.count(response, "generation"), READER.count(response, "revision"), counts)


def refused(status: int, code: str) -> CrosswalkError | BatchRefused:
    """Say what an error answer means. Its message may echo data: it is not looked at."""
    shown = showable(code, f"status {status}")
    if status in (401, 403):
        return AuthRefused(
            "TGT_AUTH_FAILED", problem=f"FMG refused the API key or its rights ({shown})", next_step="correct Password and Account"
        )
    if status == 413 or code == "PART_REFUSED":
        return BatchRefused(f"{current_operation()}: {shown}")
    if code == "NOT_FOUND":
        return PermanentError("TGT_NOT_FOUND", problem="FMG does not know the account or the import", next_step="check Account and Path")
    return _conflict(code) or PermanentError(
        "TGT_REFUSED", problem=f"FMG refused the request ({shown})", next_step="report the code and the time to FMG"
    )


def _conflict(code: str) -> CrosswalkError | None:
    if code in ("STALE_SNAPSHOT", "IMPORT_CLOSED"):
        return _fenced(code)
    if code == "MANAGED_ELSEWHERE":
        return ConfigurationError(
            "TGT_MANAGED_ELSEWHERE",
            problem="another source manages this FMG list",
            next_step="one FMG account goes with one SmartOffice office: check both connections, or have FMG release the list",
        )
    if code == "LIST_CHANGED":
        return DataError("TGT_LIST_CHANGED", problem="the list in FMG changed since it was read")
    if code == "COUNT_MISMATCH":
        return DataError("TGT_COUNT_MISMATCH", problem="FMG counts otherwise than we do; nothing was changed")
    if code == "EMAIL_NOT_UNIQUE":
        found = "two contacts of the new list share an e-mail address; nothing was changed"
        return DataError("TGT_EMAIL_NOT_UNIQUE", problem=found)
    return None


def _fenced(code: str) -> Fenced:
    if code == "STALE_SNAPSHOT":
        return Fenced("TGT_STALE_SNAPSHOT", problem="a newer snapshot reached FMG")
    return Fenced("TGT_IMPORT_CLOSED", problem="the import was closed, or a newer one took its place")


def _operation(operation: Operation) -> dict[str, Any]:
    document: dict[str, Any] = {"op": operation.op}
    if operation.target_id:
        document[ID_FIELDS[operation.entity]] = operation.target_id
    if operation.op == "delete":
        return document
    document["source_id"] = operation.source_id
    for name, field in fields_of(operation.entity).items():
        value = operation.values.get(name, "")
        document[name] = value.split() if field.type == "ids" else value
    if operation.values.get("opted_out") == "true":
        document["opted_out"] = True
    return document


def _refusal(entry: Any) -> Refusal:
    if not isinstance(entry, dict) or not isinstance(entry.get("key"), str):
        raise READER.wrong("rejected")
    code, field = str(entry.get("code", "")), str(entry.get("field", ""))
    return Refusal(
        entry["key"],
        showable(code, "REFUSED"),
        field if any(field in fields_of(entity) for entity in COLLECTIONS) else "",
    )


def _ids(record: JsonObject, name: str) -> str:
    value = record.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise READER.wrong(name)
    return " ".join(sorted(set(value), key=_order) if len(value) > 1 else value)


def _flag(record: JsonObject, name: str) -> str:
    value = record.get(name, False)
    if not isinstance(value, bool):
        raise READER.wrong(name)
    return "true" if value else ""


_order = cache(id_order)
