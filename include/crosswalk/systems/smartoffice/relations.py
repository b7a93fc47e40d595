"""What a record says of other records: a client's household and spouse, a household's members. Contract: README.md."""

from __future__ import annotations

from collections.abc import Callable

from crosswalk.core.ports import Row
from crosswalk.systems.smartoffice.layouts import Layout
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.xml import Element

SPOUSE_TYPES = frozenset(("Husband", "Wife", "Spouse", "Domestic Partner"))
HEAD = "1"

CheckId = Callable[[str, str], object]
"""Raises DataError SRC_ID_TYPE unless an id is one of a kind of object, of this office."""


class Relations:
    """Reads those parts for the records of one page.

    unknown: properties that came without being asked for, their values unread.
    """

    def __init__(self, layout: Layout, check_id: CheckId) -> None:
        self._layout = layout
        self._check_id = check_id
        self._spouse_fields: set[str] | None = None
        self.unknown: set[str] = set()

    def take(self, row: Row, part: Element) -> list[str]:
        """Read one part into the row and name the fields that came with it. Raises DataError SRC_ID_TYPE, SRC_DUPLICATE_FIELD."""
        if part.tag == "HouseHoldMember":
            return self._membership(row, part)
        return self._spouse(row, part) if part.tag == "KeyRelations" else self._members(row, part)

    @property
    def spouse_fields(self) -> frozenset[str]:
        """The spouse's fields that came; all of them when nobody has a spouse: nothing is missing then."""
        if self._spouse_fields is None:
            return frozenset(self._layout.spouse.fields if self._layout.spouse else ())
        return frozenset(self._spouse_fields)

    def _membership(self, row: Row, part: Element) -> list[str]:
        household = part.find("HouseHold")
        household_id = "" if household is None else household.get("id", "")
        if household_id:
            self._check_id(household_id, "HouseHold")
        row["HouseHoldMember.Member"] = (part.findtext("Member") or "").strip()
        row["HouseHoldMember.HouseHold"] = household_id
        return ["HouseHoldMember.Member", "HouseHoldMember.HouseHold"]

    def _spouse(self, row: Row, part: Element) -> list[str]:
        types = [((relation.findtext("Type") or "").strip(), relation.find("Contact")) for relation in part.iterfind("KeyRelation")]
        spouses = [(kind, contact) for kind, contact in types if kind in SPOUSE_TYPES]
        row["KeyRelation.Spouses"] = str(len(spouses))
        row["KeyRelation.Untyped"] = str(sum(not kind for kind, _ in types))
        if len(spouses) == 1 and (contact := spouses[0][1]) is not None:
            row["KeyRelation.Type"], row["Spouse"] = spouses[0][0], contact.get("id", "")
            self._check_id(row["Spouse"], "Contact")
            self._contact(row, contact)
        return ["KeyRelation.Spouses", "KeyRelation.Untyped", "KeyRelation.Type", "Spouse"]

    def _contact(self, row: Row, contact: Element) -> None:
        layout = self._layout.spouse
        found: list[str] = []
        if layout:
            found = [name for child in contact for name in self._property(row, child, layout)]
        if len(set(found)) != len(found):
            raise data_error("SRC_DUPLICATE_FIELD", "a spouse holds a property twice")
        self._spouse_fields = (self._spouse_fields or set()) | set(found)

    def _property(self, row: Row, child: Element, layout: Layout) -> list[str]:
        inner = layout.nested.get(child.tag)
        if inner is not None and not len(child):  # blank as a whole
            return list(inner.values())
        leaves = [(child, layout.leaves.get(child.tag))] if inner is None else [(leaf, inner.get(leaf.tag)) for leaf in child]
        self.unknown |= {f"Spouse.{leaf.tag}" for leaf, name in leaves if name is None}
        known = {name: leaf.text or "" for leaf, name in leaves if name is not None}
        row.update(known)
        return [name for _, name in leaves if name is not None]

    def _members(self, row: Row, part: Element) -> list[str]:
        members: list[tuple[str, str]] = []
        for member in part.iterfind("HouseHoldMember"):
            contact = member.find("Contact")
            contact_id = "" if contact is None else contact.get("id", "")
            self._check_id(contact_id, "Contact")
            members.append(((member.findtext("Member") or "").strip(), contact_id))
        row["Head"] = " ".join(contact_id for code, contact_id in members if code == HEAD)
        row["Members"] = " ".join(contact_id for _, contact_id in members)
        return ["Head", "Members"]
