"""Where the fields of each entity stand in its element, derived from fields.csv. Contract: README.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from lxml import etree

from crosswalk.core.system_schema import Field, load_fields
from crosswalk.wire.xml import Element

SPOUSE = "Spouse."
"""What the fields of a client's spouse begin with."""

_OBJECTS = {
    "contact": ("Contact", "Crosswalk contacts", "TagGroups"),
    "group": ("TagGroup", "Crosswalk tag groups", "id"),
    "client": ("Contact", "Crosswalk clients", "id"),
    "household": ("HouseHold", "Crosswalk households", "id"),
    "investment": ("Investment", "Crosswalk investments", "Contacts"),
    "policy": ("Policy", "Crosswalk policies", "Contacts"),
}
_PARTS: dict[str, tuple[str, ...]] = {"client": ("HouseHoldMember", "KeyRelations"), "household": ("HouseHoldMembers",)}
_FROM_PARTS = {
    "client": (
        "HouseHoldMember.Member",
        "HouseHoldMember.HouseHold",
        "KeyRelation.Spouses",
        "KeyRelation.Untyped",
        "KeyRelation.Type",
        "Spouse",
    ),
    "household": ("Head", "Members"),
}
_MASKED = {"policy": "PolicyNumber"}


@dataclass(frozen=True)
class Layout:
    """Where an entity's fields stand in its element.

    scope: the property a read can be narrowed by; narrowed: whether links beyond the scope are left out of what is read.
    fields: all there are. leaves: property to field; nested: property to its own properties to field; collections: property to item
    element and field. parts: elements about other records, read by relations.py; spouse: where a spouse's fields stand in its contact.
    masked: the field of which only the last four characters are kept.
    """

    object_name: str
    report_name: str
    scope: str
    fields: tuple[str, ...]
    leaves: Mapping[str, str]
    nested: Mapping[str, Mapping[str, str]]
    collections: Mapping[str, tuple[str, str]]
    parts: tuple[str, ...] = ()
    spouse: Layout | None = None
    masked: str = ""

    @property
    def narrowed(self) -> bool:
        return self.scope == "TagGroups"

    def template(self) -> Element:
        """Ask for every property, as SEARCH and GET do."""
        template = self._own_template(self.object_name)
        if "HouseHoldMember" in self.parts:
            member = etree.SubElement(template, "HouseHoldMember")
            etree.SubElement(member, "Member")
            etree.SubElement(member, "HouseHold")
        if self.spouse:
            relation = etree.SubElement(etree.SubElement(template, "KeyRelations"), "KeyRelation")
            etree.SubElement(relation, "Type")
            relation.append(self.spouse._own_template("Contact"))
        if "HouseHoldMembers" in self.parts:
            member = etree.SubElement(etree.SubElement(template, "HouseHoldMembers"), "HouseHoldMember")
            etree.SubElement(member, "Member")
            etree.SubElement(member, "Contact")
        return template

    def _own_template(self, name: str) -> Element:
        template = etree.Element(name)
        for leaf in self.leaves:
            etree.SubElement(template, leaf)
        for parent, children in self.nested.items():
            group = etree.SubElement(template, parent)
            for child in children:
                etree.SubElement(group, child)
        for parent, (item, _) in self.collections.items():
            etree.SubElement(etree.SubElement(template, parent), item)
        return template


@cache
def layout_of(entity: str) -> Layout:
    """Derive the layout of an entity from fields.csv: `Person.Dob` stands in Person/Dob, ids as items of a collection."""
    fields = load_fields("smartoffice")[entity]
    from_parts = _FROM_PARTS.get(entity, ())
    own = [one for name, one in fields.items() if name not in from_parts and not name.startswith(SPOUSE)]
    object_name, report_name, scope = _OBJECTS[entity]
    places = _places(own)
    spouse = _spouse_layout([one for name, one in fields.items() if name.startswith(SPOUSE)])
    return Layout(
        object_name,
        report_name,
        scope,
        tuple(fields),
        places.leaves,
        places.nested,
        places.collections,
        parts=_PARTS.get(entity, ()),
        spouse=spouse,
        masked=_MASKED.get(entity, ""),
    )


@dataclass
class _Places:
    leaves: dict[str, str] = field(default_factory=dict)
    nested: dict[str, dict[str, str]] = field(default_factory=dict)
    collections: dict[str, tuple[str, str]] = field(default_factory=dict)


def _places(fields: Iterable[Field], prefix: str = "") -> _Places:
    found = _Places()
    for one in fields:
        parent, _, child = one.name.removeprefix(prefix).rpartition(".")
        if one.type == "ids":
            found.collections[child] = child.removesuffix("s"), one.name
        elif parent:
            found.nested.setdefault(parent, {})[child] = one.name
        else:
            found.leaves[child] = one.name
    return found


def _spouse_layout(fields: list[Field]) -> Layout | None:
    if not fields:
        return None
    places = _places(fields, SPOUSE)
    names = tuple(one.name for one in fields)
    return Layout("Contact", "", "", names, places.leaves, places.nested, places.collections)
