"""The JSON records of ConnectWise to rows: e-mails out of communication items, activity out of statuses. Contract: README.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from crosswalk.core.ports import Row
from crosswalk.core.system_schema import load_fields
from crosswalk.wire.json_reader import JsonObject, JsonReader

READER = JsonReader("ConnectWise", "SRC_SCHEMA")
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


def company_row(record: JsonObject, statuses: Mapping[str, str]) -> Row:
    """Turn a company into a row. statuses: {id: inactiveFlag as "true", "false" or ""}. Raises DataError SRC_SCHEMA."""
    status = statuses.get(READER.number(_reference(record, "status"), "id"), "")
    return {
        "source_id": READER.number(record, "id"),
        "identifier": READER.text(record, "identifier"),
        "name": READER.text(record, "name"),
        "types": _ids(record),
        "inactive": "true" if READER.flag(record, "deletedFlag") == "true" else status,
    }


def contact_row(record: JsonObject, companies: Mapping[str, Company]) -> Row:
    """Turn a contact into a row with what is needed of its company. Raises DataError SRC_SCHEMA."""
    reference = _reference(record, "company")
    company_id = READER.number(reference, "id")
    company = companies.get(company_id, Company(READER.text(reference, "name"), "", ""))
    return {
        "source_id": READER.number(record, "id"),
        **{name: READER.text(record, name) for name in _TEXTS},
        **_communication(record),
        "inactiveFlag": READER.flag(record, "inactiveFlag"),
        "unsubscribeFlag": READER.flag(record, "unsubscribeFlag"),
        "types": _ids(record),
        "company.id": company_id,
        "company.name": company.name,
        "company.types": company.types,
        "company.inactive": company.inactive,
    }


def _communication(record: JsonObject) -> dict[str, str]:
    """Take e-mail, phone and mobile out of the items: the default one first, else the one with the lowest id."""
    items = READER.objects_if_any(record, "communicationItems")
    items = sorted(items, key=lambda item: (READER.flag(item, "defaultFlag") != "true", int(READER.number(item, "id") or 0)))
    found = {"email": "", "phone": "", "mobile": ""}
    for item in items:
        kind, value = READER.text(item, "communicationType"), READER.text(item, "value")
        name = READER.text(_reference(item, "type"), "name").strip().casefold()
        place = {"Email": "email", "Phone": "mobile" if name in _MOBILE else "phone"}.get(kind, "")
        if place and value and not found[place]:
            found[place] = value
    return found


def _reference(record: JsonObject, name: str) -> JsonObject:
    return {} if record.get(name) is None else READER.member(record, name)


def _ids(record: JsonObject) -> str:
    ids = {READER.number(one, "id") for one in READER.objects_if_any(record, "types")} - {""}
    return " ".join(sorted(ids, key=int))
