"""The JSON documents of HubSpot: pages, records, associations, and what an error means. Contract: README.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from crosswalk.core.ids import id_order
from crosswalk.core.ports import Row
from crosswalk.core.system_schema import Field, load_fields
from crosswalk.errors import AuthRefused, CrosswalkError, DataError, PermanentError, RateLimited, TransientError
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.http import Answer
from crosswalk.wire.retry import retry_after_seconds

JsonObject = Mapping[str, Any]

OBJECTS = {"company": "companies", "contact": "contacts", "deal": "deals"}
ASSOCIATED = {"company": (), "contact": ("company",), "deal": ("company", "contact")}
"""Entities whose ids stand in a record: field `<entity>_ids`, and `company_id` for the primary company."""
ALWAYS = frozenset({"hs_object_id", "createdate", "lastmodifieddate", "hs_lastmodifieddate"})
"""Properties that come unasked."""
MODIFIED = {"company": "hs_lastmodifieddate", "contact": "lastmodifieddate", "deal": "hs_lastmodifieddate"}
EXPECTED = frozenset({400, 401, 403, 404, 423, 429, 477})
"""Statuses whose body is read."""

_LOCKED_WAIT, _BURST_WAIT, _SEARCH_WAIT, _DAILY_WAIT = 2.0, 10.0, 1.0, 3600.0
_PRIMARY = re.compile(r"[a-z]+_to_company")


@dataclass(frozen=True)
class Associations:
    """Ids of one kind a record is associated with, the primary first; after: where the rest begins, "" when this is all."""

    ids: tuple[str, ...]
    primary: str
    after: str


@cache
def fields_of(entity: str) -> Mapping[str, Field]:
    """Give the fields of an entity by name, from fields.csv."""
    return load_fields("hubspot")[entity]


def properties_of(entity: str) -> tuple[str, ...]:
    """Name the properties to ask for: every field that is not made of associations."""
    made = {"company_id", *(f"{one}_ids" for one in ASSOCIATED[entity])} if ASSOCIATED[entity] else set()
    return tuple(name for name in fields_of(entity) if name not in made)


def results(answer: JsonObject, doing: str) -> list[JsonObject]:
    """Give the records of a page. Raises DataError SRC_SCHEMA."""
    found = answer.get("results")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise schema_error(doing, "results")
    return found


def next_after(answer: JsonObject, doing: str) -> str:
    """Give paging.next.after, "" on the last page. Raises DataError SRC_NO_NEXT_LINK."""
    paging = answer.get("paging")
    if paging is None:
        return ""
    following = paging.get("next") if isinstance(paging, dict) else paging
    if isinstance(paging, dict) and following is None:
        return ""
    after = following.get("after") if isinstance(following, dict) else None
    if not isinstance(after, str) or not after:
        raise data_error("SRC_NO_NEXT_LINK", doing, "another page is announced, but nothing leads to it")
    return after


def total(answer: JsonObject, doing: str) -> int:
    """Give the total of a search. Raises DataError SRC_SCHEMA."""
    value = answer.get("total")
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise schema_error(doing, "total")
    return value


def record_id(record: JsonObject, doing: str) -> str:
    """Give a record's id. Raises DataError SRC_ID_TYPE, SRC_SCHEMA for a record that was not asked for."""
    value = record.get("id")
    if not isinstance(value, str) or not value:
        raise data_error("SRC_ID_TYPE", doing, "a record's id is blank or not text")
    return value


def properties(record: JsonObject, doing: str) -> JsonObject:
    """Give a record's properties. Raises DataError SRC_SCHEMA."""
    found = record.get("properties")
    if not isinstance(found, dict):
        raise schema_error(doing, "properties")
    return found


def record_row(entity: str, record: JsonObject, associated: Mapping[str, Associations], doing: str) -> Row:
    """Turn a record into a row. Raises DataError SRC_SCHEMA, SRC_ID_TYPE."""
    row = {"source_id": record_id(record, doing)}
    values = properties(record, doing)
    for name in properties_of(entity):
        value = values.get(name)
        if value is not None and not isinstance(value, str):
            raise schema_error(doing, name)
        row[name] = value or ""
    for other, found in associated.items():
        row[f"{other}_ids"] = " ".join(sorted(found.ids, key=id_order))
        if other == "company":
            row["company_id"] = found.primary
    return row


def associations(record: JsonObject, other: str, doing: str) -> Associations:
    """Read the associations that stand in a record. Raises DataError SRC_SCHEMA."""
    held = record.get("associations") or {}
    block = held.get(OBJECTS[other]) if isinstance(held, dict) else held
    if block is None:
        return Associations((), "", "")
    if not isinstance(block, dict):
        raise schema_error(doing, "associations")
    return association_page(block, doing)


def association_page(block: JsonObject, doing: str) -> Associations:
    """Read one page of associations: an id stands there once for each type. Raises DataError SRC_SCHEMA."""
    ids: dict[str, bool] = {}
    for one in results(block, doing):
        other, kind = one.get("id"), one.get("type", "")
        if not isinstance(other, str) or not other or not isinstance(kind, str):
            raise schema_error(doing, "associations")
        ids[other] = ids.get(other, False) or _PRIMARY.fullmatch(kind) is not None
    primary = [one for one, is_primary in ids.items() if is_primary]
    return Associations(tuple(ids), min(primary or ids, key=id_order, default=""), next_after(block, doing))


def checked(answer: Answer, doing: str) -> JsonObject:
    """Give the document of a good answer.

    Raises what an error means: AuthRefused, PermanentError, RateLimited, TransientError; DataError for what is no JSON object.
    """
    if answer.status in EXPECTED:
        raise refused(answer, doing)
    value = json.parse(answer.content, answer.content_type, doing)
    if not isinstance(value, dict):
        raise schema_error(doing, "the whole")
    return value


def refused(answer: Answer, doing: str) -> CrosswalkError:
    """Say what an error answer means. Its message may echo data: only policyName is looked at."""
    status, wait = answer.status, retry_after_seconds(answer.headers.get("retry-after"))
    if status == 401:
        fix = "put a valid access token into Password"
        return AuthRefused("SRC_AUTH_FAILED", operation=doing, problem="HubSpot does not accept the access token", next_step=fix)
    if status == 403:
        found = "the access token lacks a scope"
        fix = "grant the private app crm.objects.contacts.read, crm.objects.companies.read and crm.objects.deals.read"
        return AuthRefused("RIGHT_MISSING", operation=doing, problem=found, next_step=fix)
    if status == 404:
        fix = "check Path of the connection: the version in it may have ended"
        return PermanentError("SRC_NOT_FOUND", operation=doing, problem="HubSpot does not know the path or the record", next_step=fix)
    if status in (423, 477, 429):
        return _later(status, wait, _policy(answer, doing), doing)
    return PermanentError("SRC_REFUSED", operation=doing, problem=f"HubSpot refused the request (status {status})")


def schema_error(doing: str, name: str) -> DataError:
    """The answer lacks a field, or holds something of another type in it."""
    return data_error("SRC_SCHEMA", doing, f"{name} of HubSpot's answer is missing or of another type than documented")


def _policy(answer: Answer, doing: str) -> str:
    try:
        value = json.parse(answer.content, answer.content_type, doing)
    except CrosswalkError:
        return ""  # a proxy in between may have written it
    return str(value.get("policyName", "")).upper() if isinstance(value, dict) else ""


def _later(status: int, asked: float | None, policy: str, doing: str) -> TransientError:
    if status == 423:
        limited = RateLimited("SRC_LOCKED", operation=doing, problem="the record is locked")
        limited.wait_seconds = _LOCKED_WAIT if asked is None else asked
    elif policy == "DAILY":
        found = "the requests of the day are used up"
        limited = RateLimited("SRC_DAILY_LIMIT", operation=doing, problem=found)
        limited.wait_seconds = max(asked or 0.0, _DAILY_WAIT)
    else:
        found = f"HubSpot asks us to wait (status {status})"
        limited = RateLimited("SRC_RATE_LIMITED", operation=doing, problem=found)
        usual = _BURST_WAIT if policy == "TEN_SECONDLY_ROLLING" else _SEARCH_WAIT if "SECONDLY" in policy else None
        limited.wait_seconds = usual if asked is None else asked
    return limited
