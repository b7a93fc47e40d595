"""Making and changing contacts, links and deals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from crosswalk.sandbox.flex.reading import link_json, stamp
from crosswalk.sandbox.flex.site import Contact, Link, Site
from crosswalk.sandbox.messages import Refused

TEXTS = {False: ("firstName", "lastName", "jobTitle", "company"), True: ("name",)}
ADDRESS = ("line1", "line2", "city", "region", "postalCode", "country")
KINDS = ("contact", "company")
MAX_TEXT, MAX_EMAIL = 500, 254
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]+@([^\W_]([\w-]*[^\W_])?\.)+[^\W\d_]{2,}")


class FieldRefused(Refused):
    """A member of the body breaks its rule."""

    def __init__(self, name: str, code: str = "INVALID") -> None:
        super().__init__(422, code, f"{name} breaks its rule")
        self.field = name


class LinkedElsewhere(Refused):
    """One end of a link has another one. contact_id: what the source record is linked with, "" when it is not."""

    def __init__(self, contact_id: str) -> None:
        super().__init__(409, "LINKED_ELSEWHERE", "linked already")
        self.contact_id = contact_id


def make(site: Site, body: Mapping[str, Any]) -> Contact:
    """Make a contact with its link, or neither. Raises Refused."""
    organization = body.get("organization")
    if not isinstance(organization, bool):
        raise FieldRefused("organization")
    link = _link(body.get("crmLink")) if "crmLink" in body else None
    if link and site.named(link):
        raise LinkedElsewhere(site.named(link))
    types = _types(site, body.get("resourceTypes", []))
    moment = site.now()
    blank = Contact("", organization=organization, values={}, types=types, created=moment, edited=moment)
    made = _filled(site, blank, {name: value for name, value in body.items() if name not in ("organization", "crmLink", "resourceTypes")})
    if not made.name:
        raise FieldRefused("name" if organization else "lastName")
    made = replace(made, contact_id=site.new_id())
    site.contacts[made.contact_id] = made
    if link:
        site.links[link] = made.contact_id
    return made


def change(site: Site, contact_id: str, body: Mapping[str, Any]) -> Contact:
    """Change the members that are there. Raises Refused (409 EDITED)."""
    contact = site.find(contact_id)
    if contact.deleted:
        raise Refused(404, "NOT_FOUND", "the contact is deleted")
    if body.get("lastEditDate", stamp(contact.edited)) != stamp(contact.edited):
        raise Refused(409, "EDITED", "the contact was edited since")
    filled = _filled(site, contact, {name: value for name, value in body.items() if name != "lastEditDate"})
    site.contacts[contact_id] = replace(filled, edited=site.now())
    return site.contacts[contact_id]


def set_link(site: Site, link: Link, body: Mapping[str, Any]) -> dict[str, str]:
    """Link a contact. Raises Refused (409 LINKED_ELSEWHERE, 404)."""
    contact = site.find(str(body.get("contactId", "")))
    if contact.deleted:
        raise Refused(404, "NOT_FOUND", "the contact is deleted")
    if contact.organization is not (link[1] == "company"):
        raise FieldRefused("contactId")
    held, holder = site.named(link), site.link_of(contact.contact_id)
    if held not in ("", contact.contact_id) or holder not in (None, link):
        raise LinkedElsewhere(held)
    site.links[link] = contact.contact_id
    return link_json(link, contact.contact_id)


def set_deal(site: Site, system: str, source_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Recognise a deal. Raises Refused (422)."""
    deal = {name: _text(name, body[name]) for name in ("name", "stage", "amount", "closeDate", "companySourceId") if name in body}
    contacts = body.get("contactSourceIds")
    if not deal.get("name") or set(body) - {*deal, "contactSourceIds"}:
        raise FieldRefused("name")
    if not isinstance(contacts, list) or not all(isinstance(one, str) and site.named((system, "contact", one)) for one in contacts):
        raise FieldRefused("contactSourceIds", "UNKNOWN_CONTACT")
    if "companySourceId" in deal and not site.named((system, "company", deal["companySourceId"])):
        raise FieldRefused("companySourceId", "UNKNOWN_CONTACT")
    if not re.fullmatch(r"-?\d+(\.\d+)?", deal.get("amount", "0")):
        raise FieldRefused("amount")
    if not _is_date(deal.get("closeDate", "2026-01-01")):
        raise FieldRefused("closeDate")
    site.deals[system, source_id] = {**deal, "contactSourceIds": contacts}
    return {"system": system, "sourceId": source_id, **site.deals[system, source_id]}


def _filled(site: Site, contact: Contact, body: Mapping[str, Any]) -> Contact:
    organization = contact.organization
    known = {*TEXTS[organization], "email", "otherEmails", "phone", "address", *(("website",) if organization else ("mobile", "employer"))}
    if set(body) - known:
        raise FieldRefused(min(set(body) - known))
    values = {name: _text(name, body[name]) for name in TEXTS[organization] if name in body}
    address = _address(body.get("address", {}))
    employer = _employer(site, body["employer"]) if "employer" in body else contact.employer
    return replace(
        contact,
        values={**contact.values, **values},
        address={**contact.address, **address},
        emails=_emails(contact, body),
        websites=_front(_text("website", body["website"]), contact.websites) if "website" in body else contact.websites,
        phones=_phones(contact, body),
        employer=employer,
    )


def _emails(contact: Contact, body: Mapping[str, Any]) -> tuple[str, ...]:
    others = body.get("otherEmails", [])
    if not isinstance(others, list) or not all(isinstance(one, str) for one in others):
        raise FieldRefused("otherEmails")
    given = [
        (name, one) for name, listed in (("email", [body["email"]] if "email" in body else []), ("otherEmails", others)) for one in listed
    ]
    for name, one in given:
        if not isinstance(one, str) or len(one) > MAX_EMAIL or not _EMAIL.fullmatch(one):
            raise FieldRefused(name)
    kept = _front(body["email"], contact.emails) if "email" in body else contact.emails
    return tuple(dict.fromkeys((*kept, *others)))


def _phones(contact: Contact, body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    phones = contact.phones
    if "mobile" in body:
        mobile = (_text("mobile", body["mobile"]), "Mobile")
        phones = (*(one for one in phones if one[1] != "Mobile"), mobile)
    if "phone" in body:
        phones = _front((_text("phone", body["phone"]), "Work"), phones)
    return phones


def _front(one: Any, listed: tuple[Any, ...]) -> tuple[Any, ...]:
    return (one, *(other for other in listed if other != one))


def _address(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or set(value) - set(ADDRESS):
        raise FieldRefused("address")
    return {name: _text("address", text) for name, text in value.items()}


def _employer(site: Site, value: Any) -> str:
    source_id = value.get("sourceId") if isinstance(value, dict) else None
    named = [site.named(link) for link in site.links if link[1:] == ("company", source_id)]
    if not any(named):
        raise FieldRefused("employer", "UNKNOWN_EMPLOYER")
    return next(filter(None, named))


def _link(value: Any) -> Link:
    parts = [value.get(name) for name in ("system", "kind", "sourceId")] if isinstance(value, dict) else []
    if not parts or not all(isinstance(part, str) and part for part in parts) or parts[1] not in KINDS:
        raise FieldRefused("crmLink")
    return str(parts[0]), str(parts[1]), str(parts[2])


def _types(site: Site, value: Any) -> tuple[str, ...]:
    names = {type_id: name for name, type_id in site.types.items()}
    if not isinstance(value, list) or not all(one in names for one in value):
        raise FieldRefused("resourceTypes")
    return tuple(names[one] for one in value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_TEXT:
        raise FieldRefused(name)
    return value


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
