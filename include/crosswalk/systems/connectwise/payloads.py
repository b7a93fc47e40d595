"""The JSON records of ConnectWise to rows: e-mails out of communication items, activity out of statuses. Contract: README.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from crosswalk.core.ports import Row
from crosswalk.core.system_schema import load_fields
from crosswalk.wire.json_reader import JsonObject, Shape

SHAPE = Shape("ConnectWise", "SRC_SCHEMA")
CONTACT_KEYS = (
    "id",
    "firstName",
    "lastName",
    "title",
    "inactiveFlag",
    "unsubscribeFlag",
    "company",
    "addressLine1",
    "addressLine2",
    "city",
    "state",
    "zip",
    "communicationItems",
    "types",
)
COMPANY_KEYS = ("id", "identifier", "name", "status", "types", "deletedFlag")
_TEXTS = ("firstName", "lastName", "title", "addressLine1", "addressLine2", "city", "state", "zip")
_MOBILE = frozenset({"mobile", "cell"})


@dataclass(frozen=True)
class Company:
    """What a contact's row needs of its company. types: ids joined by one space; inactive: "true", "false" or ""."""

    name: str
    types: str
    inactive: str


@cache
def declared(entity: str) -> frozenset[str]:
    """Name every field of a row, from fields.csv."""
    return frozenset(load_fields("connectwise")[entity])


def company_row(record: JsonObject, statuses: Mapping[str, str], doing: str) -> Row:
    """Turn a company into a row. statuses: {id: inactiveFlag as "true", "false" or ""}. Raises DataError SRC_SCHEMA."""
    status = statuses.get(SHAPE.number(_reference(record, "status", doing), "id", doing), "")
    return {
        "source_id": SHAPE.number(record, "id", doing),
        "identifier": SHAPE.text(record, "identifier", doing),
        "name": SHAPE.text(record, "name", doing),
        "types": _ids(record, doing),
        "inactive": "true" if SHAPE.flag(record, "deletedFlag", doing) == "true" else status,
    }


def contact_row(record: JsonObject, companies: Mapping[str, Company], doing: str) -> Row:
    """Turn a contact into a row with what is needed of its company. Raises DataError SRC_SCHEMA."""
    reference = _reference(record, "company", doing)
    company_id = SHAPE.number(reference, "id", doing)
    company = companies.get(company_id, Company(SHAPE.text(reference, "name", doing), "", ""))
    return {
        "source_id": SHAPE.number(record, "id", doing),
        **{name: SHAPE.text(record, name, doing) for name in _TEXTS},
        **_communication(record, doing),
        "inactiveFlag": SHAPE.flag(record, "inactiveFlag", doing),
        "unsubscribeFlag": SHAPE.flag(record, "unsubscribeFlag", doing),
        "types": _ids(record, doing),
        "company.id": company_id,
        "company.name": company.name,
        "company.types": company.types,
        "company.inactive": company.inactive,
    }


def _communication(record: JsonObject, doing: str) -> dict[str, str]:
    """Take e-mail, phone and mobile out of the items: the default one first, else the one with the lowest id."""
    items = SHAPE.objects_if_any(record, "communicationItems", doing)
    items = sorted(items, key=lambda item: (SHAPE.flag(item, "defaultFlag", doing) != "true", int(SHAPE.number(item, "id", doing) or 0)))
    found = {"email": "", "phone": "", "mobile": ""}
    for item in items:
        kind, value = SHAPE.text(item, "communicationType", doing), SHAPE.text(item, "value", doing)
        name = SHAPE.text(_reference(item, "type", doing), "name", doing).strip().casefold()
        place = {"Email": "email", "Phone": "mobile" if name in _MOBILE else "phone"}.get(kind, "")
        if place and value and not found[place]:
            found[place] = value
    return found


def _reference(record: JsonObject, name: str, doing: str) -> JsonObject:
    return {} if record.get(name) is None else SHAPE.member(record, name, doing)


def _ids(record: JsonObject, doing: str) -> str:
    ids = {SHAPE.number(one, "id", doing) for one in SHAPE.objects_if_any(record, "types", doing)} - {""}
    return " ".join(sorted(ids, key=int))
