"""The JSON documents of Flex: records read, bodies written, and what an error means. Contract: README.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from crosswalk.core.ports import Operation, Row
from crosswalk.core.system_schema import Field, load_fields
from crosswalk.errors import AuthRefused, CrosswalkError, PermanentError
from crosswalk.wire.json_reader import JsonObject, JsonReader

READER = JsonReader("Flex", "TGT_SCHEMA")

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


def record_row(entity: str, record: JsonObject, source_ids: Mapping[str, str], names: Mapping[str, str]) -> Row:
    """Turn a contact in full into a row.

    source_ids: contact id → the CRM's id of what it is linked with; names: contact id → name, of companies. Raises DataError TGT_SCHEMA.
    """
    target_id = READER.name(record, "id")
    emails, websites = _urls(record)
    phone, mobile, phones = _phones(record)
    row = {"target_id": target_id, "source_id": source_ids.get(target_id, ""), LAST_EDIT: READER.text(record, "lastEditDate")}
    row |= {"email": next(iter(emails), ""), "other_emails": SEPARATOR.join(emails[1:]), "phone": phone, **_address(record)}
    row["resource_type"] = SEPARATOR.join(READER.text(one, "name") for one in READER.objects_if_any(record, "resourceTypes"))
    if entity == "company":
        others = [one for one in (mobile, *phones) if one]
        row |= {"name": READER.text(record, "name"), "website": next(iter(websites), ""), "other_phones": SEPARATOR.join(others)}
        return row
    employer = READER.text(record, "employerId")
    row |= {"mobile": mobile, "other_phones": SEPARATOR.join(phones), "job_title": READER.text(record, "jobTitle")}
    row |= {"first_name": READER.text(record, "firstName"), "last_name": READER.text(record, "lastName")}
    row["employer"] = source_ids.get(employer) or (f"{UNLINKED}{employer}" if employer else "")
    row["company_name"] = names.get(employer) or READER.text(record, "company")
    return row


def deal_row(deal: JsonObject) -> Row:
    """Turn a recognised deal into a row."""
    contacts = deal.get("contactSourceIds") or []
    if not isinstance(contacts, list) or not all(isinstance(one, str) for one in contacts):
        raise READER.wrong("contactSourceIds")
    source_id = READER.text(deal, "sourceId")
    members = {"name": "name", "stage": "stage", "amount": "amount", "close_date": "closeDate", "company": "companySourceId"}
    values = {name: READER.text(deal, member) for name, member in members.items()}
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


def read_refused(status: int) -> CrosswalkError:
    """Say what a refused request means."""
    if status in (401, 403):
        found = f"Flex refused the API key or its rights (status {status})"
        fix = "make a new API key under Main Menu > Integrations > API, accept its terms, and put it into Password"
        return AuthRefused("TGT_AUTH_FAILED", problem=found, next_step=fix)
    if status == 404:
        return PermanentError("TGT_NOT_FOUND", problem="Flex does not know the path or the record", next_step="check Host and Path")
    fix = "report the code and the time to Flex"
    return PermanentError("TGT_REFUSED", problem=f"Flex refused the request (status {status})", next_step=fix)


def _urls(record: JsonObject) -> tuple[list[str], list[str]]:
    """Give e-mail addresses, the default one first, and websites."""
    chosen = READER.text(record, "defaultEmailId")
    listed = READER.objects_if_any(record, "internetAddresses")
    ordered = sorted(listed, key=lambda one: one.get("id") != chosen)
    urls = [READER.text(one, "url") for one in ordered if READER.text(one, "url")]
    return [url for url in urls if "@" in url], [url for url in urls if "@" not in url]


def _phones(record: JsonObject) -> tuple[str, str, list[str]]:
    """Give the default number, the first other mobile one, and the rest."""
    chosen = READER.text(record, "defaultPhoneId")
    listed = sorted(READER.objects_if_any(record, "phoneNumbers"), key=lambda one: one.get("id") != chosen)
    numbers = [(_number(one), READER.text(one, "type").casefold() == "mobile") for one in listed]
    filled = [(number, mobile) for number, mobile in numbers if number]
    first = filled.pop(0)[0] if filled and chosen and listed[0].get("id") == chosen else ""
    place = next((place for place, (_, mobile) in enumerate(filled) if mobile), None)
    second = filled.pop(place)[0] if place is not None else ""
    if not first and filled:
        first = filled.pop(0)[0]
    return first, second, [number for number, _ in filled]


def _number(phone: JsonObject) -> str:
    dial, country = READER.text(phone, "dialNumber").strip(), READER.text(phone, "countryCode").strip().lstrip("+")
    if not dial:
        return ""
    abroad = _DIGITS.fullmatch(country) and not dial.startswith("+")
    extension = READER.text(phone, "extension").strip()
    return (f"+{country} {dial}" if abroad else dial) + (f" x{extension}" if extension else "")


def _address(record: JsonObject) -> dict[str, str]:
    chosen = READER.text(record, "defaultMailingAddressId")
    listed = sorted(READER.objects_if_any(record, "addresses"), key=lambda one: one.get("id") != chosen)
    first: JsonObject = next(iter(listed), {})
    return {name: READER.text(first, member) for name, member in _ADDRESS.items()}
