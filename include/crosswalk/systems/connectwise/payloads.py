"""The JSON records of ConnectWise to rows: e-mails out of communication items, activity out of statuses. Contract: README.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from crosswalk.core.fields import load_fields
from crosswalk.core.ports import Row
from crosswalk.wire.shapes import JsonObject, Shape

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


def shape(doing: str) -> Shape:
    """Reads ConnectWise's answers; what is not of the agreed type is SRC_SCHEMA."""
    return Shape("SRC_SCHEMA", "ConnectWise", doing)


@cache
def declared(entity: str) -> frozenset[str]:
    """Name every field of a row, from fields.csv."""
    return frozenset(load_fields("connectwise")[entity])


def company_row(record: JsonObject, statuses: Mapping[str, str], read: Shape) -> Row:
    """Turn a company into a row. statuses: {id: inactiveFlag as "true", "false" or ""}. Raises DataError SRC_SCHEMA."""
    status = statuses.get(read.number(_reference(record, "status", read), "id"), "")
    return {
        "source_id": read.number(record, "id"),
        "identifier": read.text(record, "identifier"),
        "name": read.text(record, "name"),
        "types": _ids(record, read),
        "inactive": "true" if read.flag(record, "deletedFlag") == "true" else status,
    }


def contact_row(record: JsonObject, companies: Mapping[str, Company], read: Shape) -> Row:
    """Turn a contact into a row with what is needed of its company. Raises DataError SRC_SCHEMA."""
    reference = _reference(record, "company", read)
    company_id = read.number(reference, "id")
    company = companies.get(company_id, Company(read.text(reference, "name"), "", ""))
    return {
        "source_id": read.number(record, "id"),
        **{name: read.text(record, name) for name in _TEXTS},
        **_communication(record, read),
        "inactiveFlag": read.flag(record, "inactiveFlag"),
        "unsubscribeFlag": read.flag(record, "unsubscribeFlag"),
        "types": _ids(record, read),
        "company.id": company_id,
        "company.name": company.name,
        "company.types": company.types,
        "company.inactive": company.inactive,
    }


def _communication(record: JsonObject, read: Shape) -> dict[str, str]:
    """Take e-mail, phone and mobile out of the items: the default one first, else the one with the lowest id."""
    items = read.objects(record.get("communicationItems"), "communicationItems")
    items = sorted(items, key=lambda item: (read.flag(item, "defaultFlag") != "true", int(read.number(item, "id") or 0)))
    found = {"email": "", "phone": "", "mobile": ""}
    for item in items:
        kind, value = read.text(item, "communicationType"), read.text(item, "value")
        name = read.text(_reference(item, "type", read), "name").strip().casefold()
        place = {"Email": "email", "Phone": "mobile" if name in _MOBILE else "phone"}.get(kind, "")
        if place and value and not found[place]:
            found[place] = value
    return found


def _reference(record: JsonObject, name: str, read: Shape) -> JsonObject:
    value = record.get(name)
    return {} if value is None else read.whole(value, name)


def _ids(record: JsonObject, read: Shape) -> str:
    ids = {read.number(one, "id") for one in read.objects(record.get("types"), "types")} - {""}
    return " ".join(sorted(ids, key=int))
