"""Putting other objects inside those that show them, as they stand when a record is read: a search's result is frozen whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from crosswalk.sandbox.smartoffice.catalogue import Objects, Shape
from crosswalk.sandbox.smartoffice.office import CONTACT, KEY_RELATION, MEMBER, Office, Record


def filled(office: Office, records: list[Record], shape: Shape) -> list[Record]:
    """The records with the objects their shape shows; unchanged when it shows none."""
    asked = {item.tag for item in shape if isinstance(item, Objects)}
    if not asked:
        return records
    with office.lock:
        found = {tag: _FINDERS[tag](office) for tag in asked}
    return [replace(record, parts={tag: tuple(by_id.get(record.id, ())) for tag, by_id in found.items()}) for record in records]


def _memberships(office: Office) -> Mapping[str, list[Record]]:
    """Of each contact: the one membership."""
    return {member.links[1]: [member] for member in office.all(MEMBER)}


def _members(office: Office) -> Mapping[str, list[Record]]:
    """Of each household."""
    return _grouped(office.all(MEMBER))


def _key_relations(office: Office) -> Mapping[str, list[Record]]:
    """Of each contact, each with the other contact inside."""
    return _grouped(replace(one, parts={CONTACT: (office.get(CONTACT, one.links[1]),)}) for one in office.all(KEY_RELATION))


def _grouped(records: Iterable[Record]) -> dict[str, list[Record]]:
    grouped: dict[str, list[Record]] = {}
    for record in records:
        grouped.setdefault(record.links[0], []).append(record)
    return grouped


_FINDERS: Mapping[str, Callable[[Office], Mapping[str, list[Record]]]] = {
    MEMBER: _memberships,
    "HouseHoldMembers": _members,
    "KeyRelations": _key_relations,
}
