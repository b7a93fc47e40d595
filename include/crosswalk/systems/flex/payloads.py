"""The JSON documents of Flex: records read, bodies written, and what an error means. Contract: README.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from crosswalk.core.ports import Operation, Row
from crosswalk.core.system_schema import Field, load_fields
from crosswalk.errors import AuthRefused, CrosswalkError, PermanentError
from crosswalk.wire.json_reader import JsonObject, Shape

SHAPE = Shape("Flex", "TGT_SCHEMA")

SEPARATOR = ";"
UNLINKED = "flex:"
"""Before the id of an employer that is no linked record."""
LAST_EDIT = "last_edit_date"
LINK = "link"
"""Beside the fields, an operation may carry the edit date it was made of, and "true" for a link that is to be made."""

_MEMBERS = {
    "name": "name",
    "website": "website",
    "first_name": "firstName",
    "last_name": "lastName",
    "email": "email",
    "phone": "phone",
    "mobile": "mobile",
    "job_title": "jobTitle",
    "company_name": "company",
}
_ADDRESS = {"address_1": "line1", "address_2": "line2", "city": "city", "state": "region", "zip": "postalCode", "country": "country"}
_DIGITS = re.compile(r"[0-9]{1,4}")


@cache
def fields_of(entity: str) -> Mapping[str, Field]:
    """Give the fields of an entity by name, from fields.csv."""
    return load_fields("flex")[entity]


def record_row(entity: str, record: JsonObject, source_ids: Mapping[str, str], names: Mapping[str, str], doing: str) -> Row:
    """Turn a contact in full into a row.

    source_ids: contact id → the CRM's id of what it is linked with; names: contact id → name, of companies. Raises DataError TGT_SCHEMA.
    """
    target_id = SHAPE.name(record, "id", doing)
    emails, websites = _urls(record, doing)
    phone, mobile, phones = _phones(record, doing)
    row = {"target_id": target_id, "source_id": source_ids.get(target_id, ""), LAST_EDIT: SHAPE.text(record, "lastEditDate", doing)}
    row |= {"email": next(iter(emails), ""), "other_emails": SEPARATOR.join(emails[1:]), "phone": phone, **_address(record, doing)}
    row["resource_type"] = SEPARATOR.join(SHAPE.text(one, "name", doing) for one in SHAPE.objects_if_any(record, "resourceTypes", doing))
    if entity == "company":
        others = [one for one in (mobile, *phones) if one]
        row |= {"name": SHAPE.text(record, "name", doing), "website": next(iter(websites), ""), "other_phones": SEPARATOR.join(others)}
        return row
    employer = SHAPE.text(record, "employerId", doing)
    row |= {"mobile": mobile, "other_phones": SEPARATOR.join(phones), "job_title": SHAPE.text(record, "jobTitle", doing)}
    row |= {"first_name": SHAPE.text(record, "firstName", doing), "last_name": SHAPE.text(record, "lastName", doing)}
    row["employer"] = source_ids.get(employer) or (f"{UNLINKED}{employer}" if employer else "")
    row["company_name"] = names.get(employer) or SHAPE.text(record, "company", doing)
    return row


def deal_row(deal: JsonObject, doing: str) -> Row:
    """Turn a recognised deal into a row."""
    contacts = deal.get("contactSourceIds") or []
    if not isinstance(contacts, list) or not all(isinstance(one, str) for one in contacts):
        raise SHAPE.wrong(doing, "contactSourceIds")
    source_id = SHAPE.text(deal, "sourceId", doing)
    members = {"name": "name", "stage": "stage", "amount": "amount", "close_date": "closeDate", "company": "companySourceId"}
    values = {name: SHAPE.text(deal, member, doing) for name, member in members.items()}
    return {"target_id": source_id, "source_id": source_id, **values, "contacts": " ".join(sorted(contacts))}


def contact_body(operation: Operation) -> dict[str, Any]:
    """Write what an operation fills of a contact or company: its blank fields are left out, for nothing is blanked here."""
    filled = {name: value for name, value in operation.values.items() if value}
    body: dict[str, Any] = {member: filled[name] for name, member in _MEMBERS.items() if name in filled}
    address = {member: filled[name] for name, member in _ADDRESS.items() if name in filled}
    if address:
        body["address"] = address
    if filled.get("other_emails"):
        body["otherEmails"] = [one.strip() for one in filled["other_emails"].split(SEPARATOR) if one.strip()]
    if filled.get("employer") and not filled["employer"].startswith(UNLINKED):
        body["employer"] = {"sourceId": filled["employer"]}
    return body


def deal_body(operation: Operation) -> dict[str, Any]:
    """Write a deal."""
    members = {"name": "name", "stage": "stage", "amount": "amount", "close_date": "closeDate", "company": "companySourceId"}
    body: dict[str, Any] = {member: operation.values[name] for name, member in members.items() if operation.values.get(name)}
    return {**body, "contactSourceIds": operation.values.get("contacts", "").split()}


def read_refused(status: int, doing: str) -> CrosswalkError:
    """Say what a refused request means."""
    if status in (401, 403):
        found = f"Flex refused the API key or its rights (status {status})"
        fix = "make a new API key under Main Menu > Integrations > API, accept its terms, and put it into Password"
        return AuthRefused("TGT_AUTH_FAILED", operation=doing, problem=found, next_step=fix)
    if status == 404:
        return PermanentError(
            "TGT_NOT_FOUND", operation=doing, problem="Flex does not know the path or the record", next_step="check Host and Path"
        )
    fix = "report the code and the time to Flex"
    return PermanentError("TGT_REFUSED", operation=doing, problem=f"Flex refused the request (status {status})", next_step=fix)


def _urls(record: JsonObject, doing: str) -> tuple[list[str], list[str]]:
    """Give e-mail addresses, the default one first, and websites."""
    chosen = SHAPE.text(record, "defaultEmailId", doing)
    listed = SHAPE.objects_if_any(record, "internetAddresses", doing)
    ordered = sorted(listed, key=lambda one: one.get("id") != chosen)
    urls = [SHAPE.text(one, "url", doing) for one in ordered if SHAPE.text(one, "url", doing)]
    return [url for url in urls if "@" in url], [url for url in urls if "@" not in url]


def _phones(record: JsonObject, doing: str) -> tuple[str, str, list[str]]:
    """Give the default number, the first other mobile one, and the rest."""
    chosen = SHAPE.text(record, "defaultPhoneId", doing)
    listed = sorted(SHAPE.objects_if_any(record, "phoneNumbers", doing), key=lambda one: one.get("id") != chosen)
    numbers = [(_number(one, doing), SHAPE.text(one, "type", doing).casefold() == "mobile") for one in listed]
    filled = [(number, mobile) for number, mobile in numbers if number]
    first = filled.pop(0)[0] if filled and chosen and listed[0].get("id") == chosen else ""
    place = next((place for place, (_, mobile) in enumerate(filled) if mobile), None)
    second = filled.pop(place)[0] if place is not None else ""
    if not first and filled:
        first = filled.pop(0)[0]
    return first, second, [number for number, _ in filled]


def _number(phone: JsonObject, doing: str) -> str:
    dial, country = SHAPE.text(phone, "dialNumber", doing).strip(), SHAPE.text(phone, "countryCode", doing).strip().lstrip("+")
    if not dial:
        return ""
    abroad = _DIGITS.fullmatch(country) and not dial.startswith("+")
    extension = SHAPE.text(phone, "extension", doing).strip()
    return (f"+{country} {dial}" if abroad else dial) + (f" x{extension}" if extension else "")


def _address(record: JsonObject, doing: str) -> dict[str, str]:
    chosen = SHAPE.text(record, "defaultMailingAddressId", doing)
    listed = sorted(SHAPE.objects_if_any(record, "addresses", doing), key=lambda one: one.get("id") != chosen)
    first: JsonObject = next(iter(listed), {})
    return {name: SHAPE.text(first, member, doing) for name, member in _ADDRESS.items()}
