"""The JSON documents of Autotask: records to rows, picklists, and what an error means. Contract: README.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from crosswalk.core.ports import Row
from crosswalk.core.system_schema import load_fields
from crosswalk.errors import AuthRefused, CrosswalkError, TransientError
from crosswalk.wire.http import Response
from crosswalk.wire.json_reader import JsonObject, JsonReader

READER = JsonReader("Autotask", "SRC_SCHEMA")
UDF = "userDefinedFields"
CONTACT_TYPE = "contactType"
COMPANY = "company."
_PERMISSION = re.compile(r"permission|not authori[sz]ed|access denied", re.IGNORECASE)


@dataclass(frozen=True)
class Threshold:
    """Requests the database may take, and took, in so many minutes."""

    allowed: int
    minutes: int
    used: int


@dataclass(frozen=True)
class Company:
    """What a contact's row needs of its company. type: picklist value; active: "true", "false" or ""."""

    name: str
    type: str
    active: str


@cache
def declared(entity: str) -> frozenset[str]:
    """Name every field of a row, from fields.csv."""
    return frozenset(load_fields("autotask")[entity])


@cache
def asked(entity: str, *, with_type: bool = False) -> tuple[str, ...]:
    """Name Autotask's fields that are asked for, beside the id."""
    names = [name for name in load_fields("autotask")[entity] if name != CONTACT_TYPE and not name.startswith(COMPANY)]
    return (*names, UDF) if with_type else tuple(names)


def company_row(item: JsonObject) -> Row:
    """Turn a company into a row. Raises DataError SRC_SCHEMA."""
    return {
        "source_id": READER.number(item, "id"),
        "companyName": READER.text(item, "companyName"),
        "companyType": READER.number(item, "companyType"),
        "isActive": READER.flag(item, "isActive"),
    }


def contact_row(item: JsonObject, companies: Mapping[str, Company], type_field: str, types: Mapping[str, str]) -> Row:
    """Turn a contact into a row with what is needed of its company.

    types: {picklist value or label: picklist value} of the user-defined field `type_field`. Raises DataError SRC_SCHEMA.
    """
    row = {"source_id": READER.number(item, "id")}
    for name, field in _contact_types().items():
        if field == "flag":
            row[name] = READER.flag(item, name)
        else:
            row[name] = READER.number(item, name) if name == "companyID" else READER.text(item, name)
    row[CONTACT_TYPE] = types.get(_user_defined(item, type_field), "") if type_field else ""
    company = companies.get(row["companyID"], Company("", "", ""))
    return row | {"company.companyName": company.name, "company.companyType": company.type, "company.isActive": company.active}


@cache
def _contact_types() -> Mapping[str, str]:
    """Give Autotask's own fields of a contact, name to type."""
    fields = load_fields("autotask")["contact"]
    return {name: fields[name].type for name in asked("contact")}


def picklist(response: JsonObject, name: str) -> dict[str, str]:
    """Read the entries of one picklist field as {value: label}. Raises DataError SRC_SCHEMA."""
    for field in READER.objects_if_any(response, "fields"):
        if READER.text(field, "name").casefold() == name.casefold() and field.get("picklistValues") is not None:
            entries = READER.objects(field, "picklistValues")
            return {READER.text(entry, "value"): READER.text(entry, "label").strip() for entry in entries}
    raise READER.wrong(f"the picklist {name}")


def threshold(response: JsonObject) -> Threshold:
    """Read the request threshold. Raises DataError SRC_SCHEMA."""
    names = ("externalRequestThreshold", "requestThresholdTimeframe", "currentTimeframeRequestCount")
    return Threshold(*(READER.count(response, name) for name in names))


def trouble(response: Response) -> CrosswalkError:
    """Say what a 500 means: Autotask answers missing permissions with it as well. Its texts may echo data: none is shown."""
    try:
        texts = READER.object(response).get("errors")
    except CrosswalkError:
        texts = None
    if isinstance(texts, list) and any(isinstance(text, str) and _PERMISSION.search(text) for text in texts):
        fix = "give the API user's security level the right to see contacts and companies"
        return AuthRefused("RIGHT_MISSING", problem="the API user may not read this", next_step=fix)
    return TransientError(
        "SRC_ERROR_BODY", problem="Autotask failed (status 500)", next_step="wait for the retries; if it lasts, ask Autotask support"
    )


def _user_defined(item: JsonObject, name: str) -> str:
    for field in READER.objects_if_any(item, UDF):
        if READER.text(field, "name").casefold() == name.casefold():
            return READER.text(field, "value").strip()
    return ""
