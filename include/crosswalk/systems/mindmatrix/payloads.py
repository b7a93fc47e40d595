"""The JSON documents of Mindmatrix: contacts read back, operations of a delivery, and what an error means. Contract: README.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from crosswalk.core.ports import BatchRefused, BatchResult, Operation, Receipt, Refusal, Row, TargetState
from crosswalk.core.system_schema import Field, load_fields
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, DataError, Fenced, PermanentError, current_operation
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.json_reader import JsonObject, JsonReader, showable

READER = JsonReader("Mindmatrix", "TGT_SCHEMA")
READ_STATUSES = frozenset({401, 403, 404, 409, 413, 422})
SPLITTABLE = frozenset({413, 422})
OPT_IN_STATES = ("opted_in", "opted_out", "unknown")


@cache
def contact_fields() -> Mapping[str, Field]:
    """Give the fields of a contact by name, from fields.csv."""
    return load_fields("mindmatrix")["contact"]


def contact_row(record: JsonObject) -> Row:
    """Turn a contact read back into a row. Raises DataError TGT_SCHEMA."""
    row = {"target_id": READER.name(record, "contact_id"), "source_id": READER.text(record, "source_id")}
    row |= {name: READER.text(record, name) for name in contact_fields()}
    if record.get("opt_in") not in OPT_IN_STATES:
        raise READER.wrong("opt_in")
    row["opted_out"] = "true" if record["opt_in"] == "opted_out" else ""
    return row


@cache
def known_keys() -> frozenset[str]:
    """Name what a contact of the list may hold."""
    return frozenset({"contact_id", "source_id", "opt_in", *contact_fields()})


def batch_body(operations: Sequence[Operation]) -> bytes:
    """Write the body of one batch. The opt-in state is no part of it: it is never changed by us."""
    upserts = [_upsert(operation) for operation in operations if operation.op == "upsert"]
    deletes = [{"contact_id": operation.target_id} for operation in operations if operation.op == "delete"]
    return json.write({"update_current": True, "upserts": upserts, "deletes": deletes})


def organization_state(response: JsonObject) -> TargetState:
    """Read the organization. Raises DataError TGT_SCHEMA."""
    return TargetState(
        managed_by=None if response.get("managed_by") is None else _managed_by(response),
        counts={"contact": READER.count(response, "contacts")},
        generation=READER.count(response, "generation"),
        last_snapshot=READER.count(response, "last_snapshot"),
        revision=READER.count(response, "revision"),
    )


def batch_result(response: JsonObject, operations: Sequence[Operation]) -> BatchResult:
    """Read what became of a batch. Raises DataError TGT_SCHEMA, or TGT_UNKNOWN_KEY for a key that was not sent or came twice."""
    accepted = READER.texts(response, "accepted")
    if response.get("skipped"):
        raise READER.wrong("skipped")  # only without update_current
    refusals = tuple(_refusal(entry) for entry in READER.objects_if_any(response, "rejected"))
    answered = [*accepted, *(one.key for one in refusals)]
    if len(set(answered)) != len(answered) or not {operation.key for operation in operations}.issuperset(answered):
        raise data_error("TGT_UNKNOWN_KEY", "Mindmatrix answered for a record that was not in the batch, or twice for one")
    return BatchResult(frozenset(accepted), refusals)


def receipt(response: JsonObject) -> Receipt:
    """Read the answer to a finish. Raises DataError TGT_SCHEMA."""
    if response.get("status") != "finished":
        raise READER.wrong("status")
    generation, revision, contacts = (READER.count(response, name) for name in ("generation", "revision", "contacts"))
    return Receipt(generation, revision, {"contact": contacts})


def refused(status: int, code: str) -> CrosswalkError | BatchRefused:
    """Say what an error answer means. Its message may echo data: it is not looked at."""
    shown = showable(code, f"status {status}")
    if status in (401, 403):
        found, fix = f"Mindmatrix refused the API key or its rights ({shown})", "correct Password and Organization"
        return AuthRefused("TGT_AUTH_FAILED", problem=found, next_step=fix)
    if status == 413 or code == "BATCH_REFUSED":
        return BatchRefused(f"{current_operation()}: {shown}")
    if code == "NOT_FOUND":
        found = "Mindmatrix does not know the organization or the delivery"
        return PermanentError("TGT_NOT_FOUND", problem=found, next_step="check Organization and Path")
    return _conflict(code) or PermanentError(
        "TGT_REFUSED", problem=f"Mindmatrix refused the request ({shown})", next_step="report the code and the time to Mindmatrix"
    )


def _conflict(code: str) -> CrosswalkError | None:
    if code == "STALE_SNAPSHOT":
        found = "a newer snapshot reached Mindmatrix"
        return Fenced("TGT_STALE_SNAPSHOT", problem=found)
    if code == "DELIVERY_CLOSED":
        return Fenced("TGT_DELIVERY_CLOSED", problem="the delivery was finished, or a newer one took its place")
    if code == "MANAGED_ELSEWHERE":
        found, fix = "another CRM feeds this organization", "one organization goes with one CRM: check both connections"
        return ConfigurationError("TGT_MANAGED_ELSEWHERE", problem=found, next_step=fix)
    if code == "COUNT_MISMATCH":
        return DataError("TGT_COUNT_MISMATCH", problem="Mindmatrix accepted fewer records than we count")
    return None


def _managed_by(response: JsonObject) -> dict[str, str]:
    return {str(name): str(value) for name, value in READER.member(response, "managed_by").items()}


def _upsert(operation: Operation) -> dict[str, Any]:
    document: dict[str, Any] = {name: operation.values.get(name, "") for name in contact_fields()}
    document["source_id"] = operation.source_id
    if operation.target_id:
        document["contact_id"] = operation.target_id
    return document


def _refusal(entry: JsonObject) -> Refusal:
    key, code, field = (READER.text(entry, name) for name in ("key", "code", "field"))
    if not key:
        raise READER.wrong("rejected")
    return Refusal(key, showable(code, "REFUSED"), field if field in known_keys() else "")
