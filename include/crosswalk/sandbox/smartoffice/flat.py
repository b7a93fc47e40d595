"""Records as the control API shows and takes them: flat, by the contract's field names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crosswalk.sandbox.messages import Refused
from crosswalk.sandbox.smartoffice.catalogue import FIELDS
from crosswalk.sandbox.smartoffice.office import (
    CONTACT,
    HOUSEHOLD,
    INVESTMENT,
    KEY_RELATION,
    MEMBER,
    NOTE,
    POLICY,
    TAG_GROUP,
    Office,
    Record,
)

KINDS = {
    "contacts": CONTACT,
    "groups": TAG_GROUP,
    "notes": NOTE,
    "households": HOUSEHOLD,
    "members": MEMBER,
    "relations": KEY_RELATION,
    "investments": INVESTMENT,
    "policies": POLICY,
}
"""Kinds of objects by the word for them in paths."""
LISTS = {CONTACT: ("TagGroups", TAG_GROUP), INVESTMENT: ("Contacts", CONTACT), POLICY: ("Contacts", CONTACT)}
"""Kinds with any number of links: the field, and the kind it leads to."""
SINGLES = {
    NOTE: (("Contact", CONTACT),),
    MEMBER: (("HouseHold", HOUSEHOLD), ("Contact", CONTACT)),
    KEY_RELATION: (("Contact", CONTACT), ("Other", CONTACT)),
}
"""Kinds whose links are one of each, in this order."""


def record_json(record: Record) -> dict[str, Any]:
    """A record, flat, by contract field names."""
    shown: dict[str, Any] = {"id": record.id, **record.values}
    if record.kind in LISTS:
        shown[LISTS[record.kind][0]] = list(record.links)
    for place, (name, _) in enumerate(SINGLES.get(record.kind, ())):
        shown[name] = record.links[place] if place < len(record.links) else ""
    return shown


def link_names(kind: str) -> set[str]:
    """Fields of a kind that hold ids."""
    return {LISTS[kind][0]} if kind in LISTS else {name for name, _ in SINGLES.get(kind, ())}


def edited(office: Office, before: Record, changes: Mapping[str, Any]) -> Record:
    """The record with fields changed. Raises Refused (404 NOT_FOUND, 422 INVALID)."""
    named = link_names(before.kind)
    texts = {field: value for field, value in changes.items() if field not in named}
    unknown = set(texts) - set(FIELDS[before.kind])
    if unknown or not all(isinstance(value, str) for value in texts.values()):
        raise Refused(422, "INVALID", f"unknown: {min(unknown)}" if unknown else "fields are texts")
    return replace(before, values={**before.values, **texts}, links=_links(office, before, changes))


def find(office: Office, kind: str, record_id: str) -> Record:
    """The record with this id. Raises Refused (404 NOT_FOUND)."""
    try:
        return office.get(kind, record_id)
    except Refused as refused:
        raise Refused(404, refused.code, refused.message) from refused


def _links(office: Office, before: Record, changes: Mapping[str, Any]) -> tuple[str, ...]:
    if before.kind in LISTS:
        name, kind = LISTS[before.kind]
        if name not in changes:
            return before.links
        given = changes[name]
        if not isinstance(given, list | str):
            raise Refused(422, "INVALID", f"{name} is a list of ids")
        return tuple(find(office, kind, str(one)).id for one in (given.split() if isinstance(given, str) else given))
    now = record_json(before)
    return tuple(find(office, kind, str(changes.get(name, now[name]))).id for name, kind in SINGLES.get(before.kind, ()))
