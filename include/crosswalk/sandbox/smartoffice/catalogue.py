"""The properties of each object, how a request's template chooses among them, and how a record is written as XML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Protocol

from lxml import etree

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Refused
from crosswalk.sandbox.smartoffice.office import CONTACT, HOUSEHOLD, INVESTMENT, KEY_RELATION, MEMBER, NOTE, POLICY, TAG_GROUP, Record


class Property(Protocol):
    """Something a template can ask for."""

    @property
    def tag(self) -> str:
        """Name of the element."""

    def write(self, record: Record, out: list[str]) -> None:
        """Append the property's XML; it is present also when blank."""


@dataclass(frozen=True)
class Text:
    """A text, kept under `field`."""

    tag: str
    field: str

    def write(self, record: Record, out: list[str]) -> None:
        value = record.values.get(self.field, "")
        out.append(f"<{self.tag}>{escape(value, quote=False)}</{self.tag}>" if value else f"<{self.tag}/>")


@dataclass(frozen=True)
class Part:
    """An object inside the record; it has an id of its own where `id_type` names one."""

    tag: str
    id_type: str
    inside: tuple[Property, ...]

    def write(self, record: Record, out: list[str]) -> None:
        own = f' _type="obj" id="{self.id_type}.{record.site}.{record.number}"' if self.id_type else ""
        out.append(f"<{self.tag}{own}>")
        for child in self.inside:
            child.write(record, out)
        out.append(f"</{self.tag}>")


@dataclass(frozen=True)
class Links:
    """The record's links: a collection where `item` names its elements, else the one link itself."""

    tag: str
    item: str = ""

    def write(self, record: Record, out: list[str]) -> None:
        links = "".join(f'<{self.item or self.tag} _type="obj" id="{link}"/>' for link in record.links)
        out.append(f'<{self.tag} _type="objs">{links}</{self.tag}>' if self.item else links)


@dataclass(frozen=True)
class Objects:
    """Other objects, shown inside the record: a collection where `item` names its elements, else the one object itself."""

    tag: str
    item: str
    inside: tuple[Property, ...]

    def write(self, record: Record, out: list[str]) -> None:
        shown = record.parts.get(self.tag, ())
        if not self.item:
            out.append(written(shown, self.inside) or f"<{self.tag}/>")
            return
        out.append(f'<{self.tag} _type="objs">')
        out.append(written(shown, self.inside))
        out.append(f"</{self.tag}>")


@dataclass(frozen=True)
class Link:
    """One of the record's links, by its place."""

    tag: str
    place: int

    def write(self, record: Record, out: list[str]) -> None:
        out.append(f'<{self.tag} _type="obj" id="{record.links[self.place]}"/>')


@dataclass(frozen=True)
class Constant:
    """A property nobody asked for."""

    tag: str
    text: str

    def write(self, record: Record, out: list[str]) -> None:  # noqa: ARG002 - the same for every record
        out.append(f"<{self.tag}>{escape(self.text)}</{self.tag}>")


Shape = tuple[Property, ...]


def _texts(prefix: str, *names: str) -> Shape:
    return tuple(Text(name, f"{prefix}{name}") for name in names)


def _address(tag: str) -> Part:
    return Part(tag, "", _texts(f"{tag}.", "Line1", "Line2", "City", "State", "ZipCode"))


def _phone(tag: str) -> Part:
    return Part(tag, "", _texts(f"{tag}.", "AreaCode", "Number"))


_PERSON = Part("Person", "", _texts("Person.", "Dob", "Gender", "Marital", "JobTitle"))
_PLANNING = (
    *_texts("", "Company"),
    _address("ResidenceAddress"),
    *(_phone(tag) for tag in ("HomePhone", "CellPhone", "Fax")),
    _address("BusinessAddress"),
    *(_phone(tag) for tag in ("BusinessPhone", "BusinessFax")),
)
_USUAL = (
    *_texts("", "FirstName", "LastName", "Greeting", "ReviewDate"),
    Part("Person", "", _texts("Person.", "Dob", "Gender", "Marital")),
    Part("PreferredEmail", "WebAddress", _texts("PreferredEmail.", "Address")),
    Part("PreferredAddress", "Address", _texts("PreferredAddress.", "Line1", "Line2", "City", "State", "ZipCode")),
    Part("PreferredPhone", "Phone", _texts("PreferredPhone.", "AreaCode", "Number")),
    Links("TagGroups", TAG_GROUP),
)
_PLAIN = (*(item for item in _USUAL if item.tag != "Person"), _PERSON, *_PLANNING)
_FAMILY = (
    Objects(MEMBER, "", (*_texts("", "Member"), Link(HOUSEHOLD, 0))),
    Objects("KeyRelations", KEY_RELATION, (*_texts("", "Type"), Objects(CONTACT, "", _PLAIN))),
)

_SPOUSE = (
    *_texts("", "FirstName", "LastName", "Company"),
    Part("Person", "", _texts("Person.", "Dob", "Marital", "JobTitle")),
    _phone("CellPhone"),
    _address("BusinessAddress"),
    *(_phone(tag) for tag in ("BusinessPhone", "BusinessFax")),
)
_CLIENT = (
    *_SPOUSE,
    _address("ResidenceAddress"),
    *(_phone(tag) for tag in ("HomePhone", "Fax")),
    Part("PreferredEmail", "WebAddress", _texts("PreferredEmail.", "Address")),
    _FAMILY[0],
    Objects("KeyRelations", KEY_RELATION, (*_texts("", "Type"), Objects(CONTACT, "", _SPOUSE))),
)

SHAPES: dict[str, Shape] = {
    CONTACT: (*_PLAIN, *_FAMILY),
    TAG_GROUP: _texts("", "Name"),
    NOTE: (Links("Contact"), *_texts("", "Category", "Keyword", "Private", "Text")),
    HOUSEHOLD: (*_texts("", "Name"), Objects("HouseHoldMembers", MEMBER, (*_texts("", "Member"), Link(CONTACT, 1)))),
    INVESTMENT: (*_texts("", "AccountName", "AccountValue", "LoanBalance", "NetValue", "Options", "Owner"), Links("Contacts", CONTACT)),
    POLICY: (
        Part("Carrier", "", _texts("Carrier.", "Name")),
        *_texts("", "PlanName", "PolicyNumber", "PrimaryInsuredOwner", "TotalDeathBenefits"),
        Links("Contacts", CONTACT),
    ),
    KEY_RELATION: _texts("", "Type"),
    MEMBER: _texts("", "Member"),
}
DEFAULTS: dict[str, Shape] = {**SHAPES, CONTACT: _USUAL}
"""What an empty template asks for: the vendor's "default property set"."""
REPORTS: dict[str, tuple[str, Shape]] = {
    "crosswalk contacts": (CONTACT, _USUAL),
    "crosswalk tag groups": (TAG_GROUP, SHAPES[TAG_GROUP]),
    "crosswalk clients": (CONTACT, _CLIENT),
    "crosswalk households": (HOUSEHOLD, SHAPES[HOUSEHOLD]),
    "crosswalk investments": (INVESTMENT, SHAPES[INVESTMENT]),
    "crosswalk policies": (POLICY, SHAPES[POLICY]),
}
ASKABLE = (CONTACT, TAG_GROUP, NOTE, HOUSEHOLD, INVESTMENT, POLICY)


def text_fields(shape: Sequence[Property]) -> list[str]:
    """Names of the texts in a shape, such as Person.Dob."""
    names = []
    for item in shape:
        names.extend([item.field] if isinstance(item, Text) else text_fields(item.inside) if isinstance(item, Part) else [])
    return names


FIELDS: dict[str, list[str]] = {kind: text_fields(shape) for kind, shape in SHAPES.items()}


def chosen(kind: str, template: etree._Element) -> Shape:
    """The properties a template asks for; all of them when it is empty. Raises Refused (UNKNOWN_OBJECT, UNKNOWN_PROPERTY)."""
    if kind not in ASKABLE:
        raise Refused(200, "UNKNOWN_OBJECT", f"no object {kind}")
    return _select(SHAPES[kind], template) if len(template) else DEFAULTS[kind]


def _select(shape: Shape, template: etree._Element) -> Shape:
    known = {item.tag: item for item in shape}
    asked = [child for child in template if isinstance(child.tag, str)]
    unknown = [child.tag for child in asked if child.tag not in known]
    if unknown:
        raise Refused(200, "UNKNOWN_PROPERTY", f"{template.tag} has no property {unknown[0]}")
    return tuple(_narrowed(known[str(child.tag)], child) for child in asked) or shape


def _narrowed(item: Property, template: etree._Element) -> Property:
    if isinstance(item, Objects):
        inner = template.find(item.item) if item.item else template
        return item if inner is None else replace(item, inside=_select(item.inside, inner))
    return replace(item, inside=_select(item.inside, template)) if isinstance(item, Part) else item


def bent(shape: Shape, fault: Fault | None) -> Shape:
    """The shape as a drop_field or extra_field fault wants it; unchanged without one."""
    if fault and fault.kind == "drop_field":
        return _without(shape, str(fault.options.get("field", "LastName")))
    if fault and fault.kind == "extra_field":
        return (*shape, Constant(str(fault.options.get("field", "TaxID")), str(fault.options.get("value", "000-00-0000"))))
    return shape


def _without(shape: Shape, path: str) -> Shape:
    first, _, rest = path.partition(".")
    if not rest:
        return tuple(item for item in shape if item.tag != first)
    return tuple(
        replace(item, inside=_without(item.inside, rest)) if isinstance(item, Part) and item.tag == first else item for item in shape
    )


def written(records: Iterable[Record], shape: Shape) -> str:
    """Records as XML elements, one after another."""
    out: list[str] = []
    for record in records:
        out.append(f'<{record.kind} _type="obj" id="{record.id}">')
        for item in shape:
            item.write(record, out)
        out.append(f"</{record.kind}>")
    return "".join(out)
