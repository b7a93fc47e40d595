"""The JSON documents of HubSpot: pages, records, associations, and what an error means. Contract: README.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from crosswalk.core.ids import id_order
from crosswalk.core.ports import Row
from crosswalk.core.system_schema import Field, load_fields
from crosswalk.errors import AuthRefused, CrosswalkError, PermanentError, RateLimited, TransientError
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.http import Response
from crosswalk.wire.json_reader import JsonObject, JsonReader
from crosswalk.wire.retry_policy import retry_after_seconds

READER = JsonReader("HubSpot", "SRC_SCHEMA", types="documented")

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


def next_after(response: JsonObject) -> str:
    """Give paging.next.after, "" on the last page. Raises DataError SRC_NO_NEXT_LINK."""
    paging = response.get("paging")
    if paging is None:
        return ""
    following = paging.get("next") if isinstance(paging, dict) else paging
    if isinstance(paging, dict) and following is None:
        return ""
    after = following.get("after") if isinstance(following, dict) else None
    if not isinstance(after, str) or not after:
        raise data_error("SRC_NO_NEXT_LINK", "another page is announced, but nothing leads to it")
    return after


def record_id(record: JsonObject) -> str:
    """Give a record's id. Raises DataError SRC_ID_TYPE, SRC_SCHEMA for a record that was not asked for."""
    value = record.get("id")
    if not isinstance(value, str) or not value:
        raise data_error("SRC_ID_TYPE", "a record's id is blank or not text")
    return value


def record_row(entity: str, record: JsonObject, associated: Mapping[str, Associations]) -> Row:
    """Turn a record into a row. Raises DataError SRC_SCHEMA, SRC_ID_TYPE."""
    row = {"source_id": record_id(record)}
    values = READER.member(record, "properties")
    row |= {name: READER.text(values, name) for name in properties_of(entity)}
    for other, found in associated.items():
        row[f"{other}_ids"] = " ".join(sorted(found.ids, key=id_order))
        if other == "company":
            row["company_id"] = found.primary
    return row


def associations(record: JsonObject, other: str) -> Associations:
    """Read the associations that stand in a record. Raises DataError SRC_SCHEMA."""
    held = record.get("associations") or {}
    block = held.get(OBJECTS[other]) if isinstance(held, dict) else held
    if block is None:
        return Associations((), "", "")
    if not isinstance(block, dict):
        raise READER.wrong("associations")
    return association_page(block)


def association_page(block: JsonObject) -> Associations:
    """Read one page of associations: an id stands there once for each type. Raises DataError SRC_SCHEMA."""
    ids: dict[str, bool] = {}
    for one in READER.objects(block, "results"):
        other, kind = one.get("id"), one.get("type", "")
        if not isinstance(other, str) or not other or not isinstance(kind, str):
            raise READER.wrong("associations")
        ids[other] = ids.get(other, False) or _PRIMARY.fullmatch(kind) is not None
    primary = [one for one, is_primary in ids.items() if is_primary]
    return Associations(tuple(ids), min(primary or ids, key=id_order, default=""), next_after(block))


def checked(response: Response) -> JsonObject:
    """Give the document of a good answer.

    Raises what an error means: AuthRefused, PermanentError, RateLimited, TransientError; DataError for what is no JSON object.
    """
    if response.status in EXPECTED:
        raise refused(response)
    return READER.object(response)


def refused(response: Response) -> CrosswalkError:
    """Say what an error answer means. Its message may echo data: only policyName is looked at."""
    status, wait = response.status, retry_after_seconds(response.headers.get("retry-after"))
    if status == 401:
        fix = "put a valid access token into Password"
        return AuthRefused("SRC_AUTH_FAILED", problem="HubSpot does not accept the access token", next_step=fix)
    if status == 403:
        found = "the access token lacks a scope"
        fix = "grant the private app crm.objects.contacts.read, crm.objects.companies.read and crm.objects.deals.read"
        return AuthRefused("RIGHT_MISSING", problem=found, next_step=fix)
    if status == 404:
        fix = "check Path of the connection: the version in it may have ended"
        return PermanentError("SRC_NOT_FOUND", problem="HubSpot does not know the path or the record", next_step=fix)
    if status in (423, 477, 429):
        return _later(status, wait, _policy(response))
    fix = "report the code and the time as a fault of Crosswalk"
    return PermanentError("SRC_REFUSED", problem=f"HubSpot refused the request (status {status})")


def _policy(response: Response) -> str:
    try:
        value = json.parse(response.content, response.content_type)
    except CrosswalkError:
        return ""  # a proxy in between may have written it
    return str(value.get("policyName", "")).upper() if isinstance(value, dict) else ""


def _later(status: int, asked: float | None, policy: str) -> TransientError:
    if status == 423:
        limited = RateLimited("SRC_LOCKED", problem="the record is locked")
        limited.wait_seconds = _LOCKED_WAIT if asked is None else asked
    elif policy == "DAILY":
        found = "the requests of the day are used up"
        limited = RateLimited("SRC_DAILY_LIMIT", problem=found)
        limited.wait_seconds = max(asked or 0.0, _DAILY_WAIT)
    else:
        found = f"HubSpot asks us to wait (status {status})"
        limited = RateLimited("SRC_RATE_LIMITED", problem=found)
        usual = _BURST_WAIT if policy == "TEN_SECONDLY_ROLLING" else _SEARCH_WAIT if "SECONDLY" in policy else None
        limited.wait_seconds = usual if asked is None else asked
    return limited
