"""The JSON documents of Agent CRM: records, the list envelope, and what an error means. Contract: README.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from crosswalk.core.ports import Operation, Refusal, Row
from crosswalk.core.system_schema import Field, load_fields
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, PermanentError
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.json_reader import JsonObject, JsonReader

READER = JsonReader("Agent CRM", "TGT_SCHEMA")
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


def record_row(entity: str, record: JsonObject) -> tuple[Row, frozenset[str], frozenset[str]]:
    """Turn a record into a row; name the fields that came, and those nobody asked for (their values are dropped unread).

    Raises DataError TGT_SCHEMA.
    """
    target_id = READER.name(record, "id")
    values = _values(record)
    known = fields_of(entity)
    row = {"target_id": target_id, "source_id": values.get(SYNC_KEY, ""), **{name: values.get(name, "") for name in known}}
    return row, frozenset(values.keys() & known.keys()), frozenset(values.keys() - known.keys() - {SYNC_KEY})


def records_of(response: JsonObject) -> list[JsonObject]:
    """Read the records of a list envelope. Raises DataError TGT_SCHEMA, or SRC_ERROR_BODY when it holds errors."""
    if response.get("errors"):
        raise data_error("SRC_ERROR_BODY", "the list came with errors")
    return READER.objects(response, "results")


def first_error(response: object) -> tuple[str, str]:
    """Give code and field of an error answer, "" where it has none. Its message may echo data: it is not looked at."""
    entries = response.get("errors") if isinstance(response, dict) else None
    entry = entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else {}
    code, field = str(entry.get("code", "")), str(entry.get("field", ""))
    known = any(field in fields_of(entity) for entity in OBJECTS) or field == SYNC_KEY
    return code if _SHOWABLE_CODE.fullmatch(code) else "", field if known else ""


def refusal(operation: Operation, status: int, code: str, field: str) -> Refusal | None:
    """Say that one record was refused, when that is what an answer means; None when all would be."""
    if status == 400 or (status == 409 and code in ("EMAIL_TAKEN", "ARCHIVED")):
        return Refusal(operation.key, code or "INVALID", field)
    return None


def refused(status: int, code: str) -> CrosswalkError:
    """Say what an error answer means for the whole run."""
    shown = code or f"status {status}"
    if status in (401, 403):
        found = f"Agent CRM refused the key, or does not let its user into this business ({shown})"
        return AuthRefused("TGT_AUTH_FAILED", problem=found, next_step="correct User, Password and Business")
    if code == "EMAIL_TAKEN":
        return ConfigurationError("NPN_EMAIL_TAKEN", problem="another user has this e-mail already")
    if status in (404, 405):
        return PermanentError(
            "TGT_NOT_FOUND", problem="Agent CRM does not know the object, record or business", next_step="check Business and Path"
        )
    return PermanentError(
        "TGT_REFUSED", problem=f"Agent CRM refused the request ({shown})", next_step="report the code and the time to Kizen"
    )


def _entries(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _values(record: JsonObject) -> dict[str, str]:
    values: dict[str, str] = {}
    for entry in READER.objects(record, "fields"):
        name = READER.name(entry, "name")
        if name in values:
            raise data_error("SRC_DUPLICATE_KEY", "a record names the same field twice")
        values[name] = READER.text(entry, "value")
    return values
