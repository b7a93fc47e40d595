"""The JSON documents of Agent CRM: records, the list envelope, and what an error means. Contract: README.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from crosswalk.core.ports import Operation, Refusal, Row
from crosswalk.core.system_schema import Field, load_fields
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, DataError, PermanentError
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error

JsonObject = Mapping[str, Any]

OBJECTS = {"policy": "policies", "member": "members", "agent": "agents_agencies", "contact": "contacts"}
SYNC_KEY = "sync_key"
NPN_FIELDS = {"policy": "writing_agent_npn", "member": "writing_agent_npn", "agent": "npn", "contact": "writing_agent_npn"}
READ_STATUSES = frozenset({400, 401, 403, 404, 405, 409})

_SHOWABLE_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


@cache
def fields_of(entity: str) -> Mapping[str, Field]:
    """Give the fields of "policy", "member", "agent" or "contact" by name, from fields.csv."""
    return load_fields("agent_crm")[entity]


def search_body(text: str, within: str) -> bytes:
    """Write the body of a search; two blanks find everything."""
    return json.write({"search": text, "search_within_field_names": [within] if within else []})


def upsert_body(operation: Operation) -> bytes:
    """Write the body of an upsert, keyed by `sync_key`. Fields nothing is said of are left out, and stay as they are."""
    told = {name: operation.values[name] for name in fields_of(operation.entity) if name in operation.values}
    values = {SYNC_KEY: operation.source_id, **told}
    return json.write({"key_field": SYNC_KEY, "fields": _entries(values)})


def change_body(operation: Operation) -> bytes:
    """Write the body of a change of one record by its id."""
    return json.write({"fields": _entries({SYNC_KEY: operation.source_id, **operation.values})})


def record_row(entity: str, record: Any, doing: str) -> tuple[Row, frozenset[str], frozenset[str]]:
    """Turn a record into a row; name the fields that came, and those nobody asked for (their values are dropped unread).

    Raises DataError TGT_SCHEMA.
    """
    if not isinstance(record, dict) or not isinstance(record.get("id"), str) or not record["id"]:
        raise schema_error(doing, "id")
    values = _values(record.get("fields"), doing)
    known = fields_of(entity)
    row = {"target_id": record["id"], "source_id": values.get(SYNC_KEY, ""), **{name: values.get(name, "") for name in known}}
    return row, frozenset(values.keys() & known.keys()), frozenset(values.keys() - known.keys() - {SYNC_KEY})


def text_of(answer: JsonObject, name: str, doing: str) -> str:
    """Read a text that is filled. Raises DataError TGT_SCHEMA."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise schema_error(doing, name)
    return value


def count_of(answer: JsonObject, doing: str) -> int:
    """Read the count of a list envelope. Raises DataError TGT_SCHEMA."""
    value = answer.get("count")
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise schema_error(doing, "count")
    return value


def results_of(answer: JsonObject, doing: str) -> list[Any]:
    """Read the results of a list envelope. Raises DataError TGT_SCHEMA, or SRC_ERROR_BODY when it holds errors."""
    if answer.get("errors"):
        raise data_error("SRC_ERROR_BODY", doing, "the list came with errors")
    results = answer.get("results")
    if not isinstance(results, list):
        raise schema_error(doing, "results")
    return results


def schema_error(doing: str, name: str) -> DataError:
    """The answer lacks a field, or holds something of another type in it."""
    return data_error("TGT_SCHEMA", doing, f"{name} of Agent CRM's answer is missing or of another type than agreed")


def first_error(answer: object) -> tuple[str, str]:
    """Give code and field of an error answer, "" where it has none. Its message may echo data: it is not looked at."""
    entries = answer.get("errors") if isinstance(answer, dict) else None
    entry = entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else {}
    code, field = str(entry.get("code", "")), str(entry.get("field", ""))
    known = any(field in fields_of(entity) for entity in OBJECTS) or field == SYNC_KEY
    return code if _SHOWABLE_CODE.fullmatch(code) else "", field if known else ""


def refusal(operation: Operation, status: int, code: str, field: str) -> Refusal | None:
    """Say that one record was refused, when that is what an answer means; None when all would be."""
    if status == 400 or (status == 409 and code in ("EMAIL_TAKEN", "ARCHIVED")):
        return Refusal(operation.key, code or "INVALID", field)
    return None


def refused(status: int, code: str, doing: str) -> CrosswalkError:
    """Say what an error answer means for the whole run."""
    shown = code or f"status {status}"
    if status in (401, 403):
        found = f"Agent CRM refused the key, or does not let its user into this business ({shown})"
        return AuthRefused("TGT_AUTH_FAILED", operation=doing, problem=found, next_step="correct User, Password and Business")
    if code == "EMAIL_TAKEN":
        return ConfigurationError(
            "NPN_EMAIL_TAKEN",
            operation=doing,
            problem="another user has this e-mail already",
        )
    if status in (404, 405):
        return PermanentError(
            "TGT_NOT_FOUND",
            operation=doing,
            problem="Agent CRM does not know the object, record or business",
            next_step="check Business and Path",
        )
    return PermanentError(
        "TGT_REFUSED",
        operation=doing,
        problem=f"Agent CRM refused the request ({shown})",
        next_step="report the code and the time to Kizen",
    )


def _entries(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _values(entries: Any, doing: str) -> dict[str, str]:
    if not isinstance(entries, list):
        raise schema_error(doing, "fields")
    values: dict[str, str] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not isinstance(entry.get("value"), str | None):
            raise schema_error(doing, "an entry of fields")
        if entry["name"] in values:
            raise data_error("SRC_DUPLICATE_KEY", doing, "a record names the same field twice")
        values[entry["name"]] = entry["value"] or ""
    return values
