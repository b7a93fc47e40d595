"""The JSON documents of Autotask: records to rows, picklists, and what an error means. Contract: README.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from crosswalk.core.ports import Row
from crosswalk.core.system_schema import load_fields
from crosswalk.errors import AuthRefused, CrosswalkError, TransientError
from crosswalk.wire.http import Answer
from crosswalk.wire.json_reader import JsonObject, Shape

SHAPE = Shape("Autotask", "SRC_SCHEMA")
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


def company_row(item: JsonObject, doing: str) -> Row:
    """Turn a company into a row. Raises DataError SRC_SCHEMA."""
    return {
        "source_id": SHAPE.number(item, "id", doing),
        "companyName": SHAPE.text(item, "companyName", doing),
        "companyType": SHAPE.number(item, "companyType", doing),
        "isActive": SHAPE.flag(item, "isActive", doing),
    }


def contact_row(item: JsonObject, companies: Mapping[str, Company], type_field: str, types: Mapping[str, str], doing: str) -> Row:
    """Turn a contact into a row with what is needed of its company.

    types: {picklist value or label: picklist value} of the user-defined field `type_field`. Raises DataError SRC_SCHEMA.
    """
    row = {"source_id": SHAPE.number(item, "id", doing)}
    for name, field in _contact_types().items():
        if field == "flag":
            row[name] = SHAPE.flag(item, name, doing)
        else:
            row[name] = SHAPE.number(item, name, doing) if name == "companyID" else SHAPE.text(item, name, doing)
    row[CONTACT_TYPE] = types.get(_user_defined(item, type_field, doing), "") if type_field else ""
    company = companies.get(row["companyID"], Company("", "", ""))
    return row | {"company.companyName": company.name, "company.companyType": company.type, "company.isActive": company.active}


@cache
def _contact_types() -> Mapping[str, str]:
    """Give Autotask's own fields of a contact, name to type."""
    fields = load_fields("autotask")["contact"]
    return {name: fields[name].type for name in asked("contact")}


def picklist(answer: JsonObject, name: str, doing: str) -> dict[str, str]:
    """Read the entries of one picklist field as {value: label}. Raises DataError SRC_SCHEMA."""
    for field in SHAPE.objects_if_any(answer, "fields", doing):
        if SHAPE.text(field, "name", doing).casefold() == name.casefold() and field.get("picklistValues") is not None:
            entries = SHAPE.objects(field, "picklistValues", doing)
            return {SHAPE.text(entry, "value", doing): SHAPE.text(entry, "label", doing).strip() for entry in entries}
    raise SHAPE.wrong(doing, f"the picklist {name}")


def threshold(answer: JsonObject, doing: str) -> Threshold:
    """Read the request threshold. Raises DataError SRC_SCHEMA."""
    names = ("externalRequestThreshold", "requestThresholdTimeframe", "currentTimeframeRequestCount")
    return Threshold(*(SHAPE.count(answer, name, doing) for name in names))


def trouble(answer: Answer, doing: str) -> CrosswalkError:
    """Say what a 500 means: Autotask answers missing permissions with it as well. Its texts may echo data: none is shown."""
    try:
        texts = SHAPE.object(answer, doing).get("errors")
    except CrosswalkError:
        texts = None
    if isinstance(texts, list) and any(isinstance(text, str) and _PERMISSION.search(text) for text in texts):
        fix = "give the API user's security level the right to see contacts and companies"
        return AuthRefused("RIGHT_MISSING", operation=doing, problem="the API user may not read this", next_step=fix)
    return TransientError(
        "SRC_ERROR_BODY",
        operation=doing,
        problem="Autotask failed (status 500)",
        next_step="wait for the retries; if it lasts, ask Autotask support",
    )


def _user_defined(item: JsonObject, name: str, doing: str) -> str:
    for field in SHAPE.objects_if_any(item, UDF, doing):
        if SHAPE.text(field, "name", doing).casefold() == name.casefold():
            return SHAPE.text(field, "value", doing).strip()
    return ""
