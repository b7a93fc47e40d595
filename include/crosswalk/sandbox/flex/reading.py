"""Contacts, links and deals as Flex answers them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.flex.site import Contact, Site
from crosswalk.sandbox.messages import Refused, Request
from crosswalk.sandbox.windows import window

MAX_SIZE = 500
MEMBERS = ("firstName", "lastName", "jobTitle", "company")


def contacts_page(site: Site, request: Request, fault: Fault | None) -> dict[str, Any]:
    """A page of contacts."""
    wanted = request.query.get("organization")
    found = [one for one in site.contacts.values() if wanted is None or one.organization is (wanted == "true")]
    full = request.query.get("expand") == "all"
    return _page(_sorted(found, request), lambda one: (contact_json if full else short_json)(site, one), request, fault)


def found_page(site: Site, request: Request, fault: Fault | None) -> dict[str, Any]:
    """A page of the contacts whose name, e-mail or company holds a text."""
    text = request.query.get("q", request.query.get("searchText", "")).casefold()
    found = [one for one in site.contacts.values() if text in " ".join((one.name, *one.emails, one.values.get("company", ""))).casefold()]
    return _page(_sorted(found, request), lambda one: short_json(site, one), request, fault)


def links_page(site: Site, request: Request, fault: Fault | None) -> dict[str, Any]:
    """A page of links."""
    ordered = sorted(site.links)
    return _page(ordered, lambda link: link_json(link, site.links[link]), request, fault)


def deals_page(site: Site, request: Request, fault: Fault | None) -> dict[str, Any]:
    """A page of deals."""
    return _page(sorted(site.deals), lambda key: {"system": key[0], "sourceId": key[1], **site.deals[key]}, request, fault)


def short_json(_: Site, contact: Contact) -> dict[str, Any]:
    """A contact as a list names it."""
    return {"id": contact.contact_id, "name": contact.name, "organization": contact.organization}


def contact_json(site: Site, contact: Contact) -> dict[str, Any]:
    """A contact in full."""
    urls = [*((url, "Email") for url in contact.emails), *((url, "Web") for url in contact.websites)]
    addresses = [{"id": "a1", **contact.address}] if contact.address else []
    return {
        **short_json(site, contact),
        **{name: contact.values.get(name, "") for name in MEMBERS if not contact.organization},
        "employerId": contact.employer or None,
        "internetAddresses": [{"id": f"i{place}", "url": url, "type": kind} for place, (url, kind) in enumerate(urls, 1)],
        "defaultEmailId": "i1" if contact.emails else None,
        "phoneNumbers": [_phone_json(place, number, kind) for place, (number, kind) in enumerate(contact.phones, 1)],
        "defaultPhoneId": "p1" if contact.phones and contact.phones[0][1] != "Mobile" else None,
        "addresses": addresses,
        "defaultMailingAddressId": "a1" if addresses else None,
        "resourceTypes": [{"id": site.types[name], "name": name} for name in contact.types],
        "deleted": contact.deleted,
        "createdDate": stamp(contact.created),
        "lastEditDate": stamp(contact.edited),
    }


def key_info(site: Site, contact: Contact) -> dict[str, Any]:
    """What Flex shows of a contact at a glance."""
    full = contact_json(site, contact)
    names = {name: full.get(name, "") for name in ("firstName", "lastName")}
    email = {"defaultEmail": {"url": contact.emails[0]}} if contact.emails else {}
    phone = {"defaultPhone": {"dialNumber": contact.phones[0][0], "countryCode": ""}} if contact.phones else {}
    return {**names, **email, **phone, "homeBaseLocation": None, "contactTypes": list(contact.types)}


def link_json(link: tuple[str, str, str], contact_id: str) -> dict[str, str]:
    """A link."""
    return {"system": link[0], "kind": link[1], "sourceId": link[2], "contactId": contact_id}


def stamp(moment: datetime) -> str:
    """A moment in UTC, to the millisecond."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _phone_json(place: int, number: str, kind: str) -> dict[str, str]:
    plain, _, extension = number.partition(" x")
    national = plain.startswith("+1") and len(plain) == 12
    dial = f"({plain[2:5]}) {plain[5:8]}-{plain[8:]}" if national else plain
    return {"id": f"p{place}", "dialNumber": dial, "countryCode": "1" if national else "", "extension": extension, "type": kind}


def _sorted(contacts: list[Contact], request: Request) -> list[Contact]:
    name, _, direction = request.query.get("sort", "id,asc").partition(",")
    keys: dict[str, Callable[[Contact], Any]] = {
        "id": lambda one: one.contact_id,
        "name": lambda one: (one.name, one.contact_id),
        "lastEditDate": lambda one: (one.edited, one.contact_id),
    }
    if name not in keys:
        raise Refused(422, "INVALID", "sort is id, name or lastEditDate")
    return sorted(contacts, key=keys[name], reverse=direction == "desc")


def _page(ordered: Sequence[Any], show: Callable[[Any], dict[str, Any]], request: Request, fault: Fault | None) -> dict[str, Any]:
    number, size = request.whole_number("page", 0, 0, 10**6), request.whole_number("size", 20, 1, MAX_SIZE)
    part = window(number * size, size, len(ordered), fault)
    pages = -(-part.total // size)
    records = [_bent(show(one), fault) for one in ordered[part.start : part.stop]]
    return {"content": records, "totalElements": part.total, "totalPages": pages, "number": number, "size": size}


def _bent(record: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
    if fault and fault.kind == "drop_field":
        record.pop(str(fault.options.get("field", "lastName")), None)
    if fault and fault.kind == "extra_field":
        record[str(fault.options.get("field", "ssn"))] = fault.options.get("value", "000-00-0000")
    return record
