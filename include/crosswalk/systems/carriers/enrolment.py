"""Members of an X12 834 (005010X220A1): which segment of which loop becomes which column. Loops as in the public guides, see README.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from crosswalk.systems.carriers.carrier import Carrier
from crosswalk.systems.carriers.sheet import RawRow
from crosswalk.wire.file_access import file_error
from crosswalk.wire.x12 import Segment

VERSION = "005010X220A1"
_MEMBER_NAMES = ("IL", "74")
_PHONES = ("HP", "TE", "CP", "WP")
_SELF = "18"
_ENVELOPE = ("SE", "GE", "IEA")


@dataclass
class _Broker:
    """Loop 1000C of one transaction. Several NPNs are kept as several: such a policy is no agent's."""

    names: list[str] = field(default_factory=list)
    npns: list[str] = field(default_factory=list)


@dataclass
class _Member:
    """Loop 2000 as far as it was read."""

    cells: dict[str, str]
    own_name: bool = False
    coverages: list[str] = field(default_factory=list)
    begins: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    contacts: dict[str, str] = field(default_factory=dict)


def enrolment_rows(segments: Iterable[Segment], carrier: Carrier) -> Iterator[RawRow]:
    """Read one row a member, numbered through the file.

    Raises DataError FILE_LAYOUT for another transaction or version, and what reading the segments raises.
    """
    number, member, broker = 0, None, _Broker()
    for segment in segments:
        if segment.name == "GS" and segment[8] != VERSION:
            raise file_error("FILE_LAYOUT", f"the group is not of version {VERSION}")
        if segment.name == "ST":
            if segment[1] != "834":
                raise file_error("FILE_LAYOUT", "the transaction is no 834")
            broker = _Broker()
        if member is not None and segment.name in ("INS", *_ENVELOPE):
            yield RawRow(number, _finished(member, broker))
            member = None
        if segment.name == "INS":
            number += 1
            relationship = _SELF if segment[1] == "Y" else segment[2]
            member = _Member({"subscriber": segment[1], "relationship": relationship, "maintenance": segment[3]})
        elif member is not None:
            _take(member, segment)
        elif segment.name == "N1" and segment[1] == "BO":
            broker.names.append(segment[2])
            if segment[3] in carrier.declared.broker_qualifiers and segment[4]:
                broker.npns.append(segment[4])


def _take(member: _Member, segment: Segment) -> None:
    if segment.name == "HD":
        member.coverages.append(segment[3])
        member.own_name = False
        if segment[4]:
            member.cells.setdefault("plan", segment[4])
    elif segment.name == "REF" and not member.coverages:
        name = {"0F": "subscriber_number", "1L": "group_number"}.get(segment[1])
        if name:
            member.cells[name] = segment[2]
    elif segment.name == "DTP":
        _take_date(member, segment)
    elif segment.name == "NM1" and not member.coverages:
        # NM1*70 (the name before), M8 (school), 31 (mail address) and others begin loops of somebody or something else
        member.own_name = segment[1] in _MEMBER_NAMES
        if member.own_name:
            member.cells |= {"last_name": segment[3], "first_name": segment[4], "middle_name": segment[5]}
    elif member.own_name:
        _take_person(member, segment)


def _take_date(member: _Member, segment: Segment) -> None:
    if segment[2] != "D8":
        return
    if member.coverages:
        {"348": member.begins, "349": member.ends}.get(segment[1], []).append(_date(segment[3]))
    elif segment[1] in ("356", "357"):
        member.cells["begin" if segment[1] == "356" else "end"] = _date(segment[3])


def _take_person(member: _Member, segment: Segment) -> None:
    cells = member.cells
    if segment.name == "PER":
        pairs = zip(segment.elements[2::2], segment.elements[3::2], strict=False)
        member.contacts |= {qualifier.strip(): value.strip() for qualifier, value in pairs}
    elif segment.name == "N3":
        cells |= {"address_1": segment[1], "address_2": segment[2]}
    elif segment.name == "N4":
        cells |= {"city": segment[1], "state": segment[2], "zip": segment[3]}
    elif segment.name == "DMG" and segment[1] == "D8":
        cells |= {"birth_date": _date(segment[2]), "gender": segment[3]}


def _finished(member: _Member, broker: _Broker) -> dict[str, str]:
    cells = {
        **member.cells,
        "email": member.contacts.get("EM", ""),
        "phone": next((member.contacts[one] for one in _PHONES if member.contacts.get(one)), ""),
        "coverages": " ".join(dict.fromkeys(filter(None, member.coverages))),
        "broker_name": " / ".join(dict.fromkeys(filter(None, broker.names))),
        "broker_npn": " / ".join(dict.fromkeys(broker.npns)),
    }
    if member.begins:
        cells["begin"] = min(member.begins)
    if member.coverages and len(member.ends) >= len(member.coverages):
        cells["end"] = max(member.ends)
    return cells


def _date(text: str) -> str:
    """Give D8 (YYYYMMDD) as YYYY-MM-DD; anything else as it is, for the mapping table to reject."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isascii() and text.isdigit() else text
