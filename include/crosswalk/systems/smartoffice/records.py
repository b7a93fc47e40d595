"""Turns the record elements of a page into rows, and checks the ids: form, site, order."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crosswalk.core.ids import IdOrder, id_order
from crosswalk.core.masking import last_four
from crosswalk.core.ports import Page, Row
from crosswalk.errors import DataError
from crosswalk.systems.smartoffice.layouts import Layout
from crosswalk.systems.smartoffice.relations import Relations
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.xml import Element

_BESIDE_RECORDS = ("_status", "_systime")
_ID = re.compile(r"([A-Za-z]+)\.([0-9]{1,18})\.([0-9]{1,18})")


@dataclass(frozen=True)
class PageHead:
    """What an answer says of its place in the result."""

    search_id: str
    number: int
    total: int
    more: bool


def page_head(block: Element) -> PageHead:
    """Read the paging attributes. Raises DataError SRC_SCHEMA, or SRC_NO_NEXT_LINK when another page follows but nothing leads there."""
    total, more = block.get("total", ""), block.get("more", "")
    number = block.get("pageno", "0" if total == "0" else "")
    if not (_is_count(total) and _is_count(number)) or more not in ("true", "false"):
        raise data_error("SRC_SCHEMA", "total, pageno or more is missing or unreadable")
    search_id = block.get("searchid", "")
    if more == "true" and not search_id:
        raise data_error("SRC_NO_NEXT_LINK", "another page is announced, but no searchid leads to it")
    return PageHead(search_id, int(number), int(total), more == "true")


class RecordReader:
    """Reads the pages of one entity, in order.

    Args:
        layout: where the fields stand.
        scope: values of the layout's scope property that were asked for; memberships of tag groups beyond it are left out. None for all.
    """

    def __init__(self, layout: Layout, scope: frozenset[str] | None) -> None:
        self._layout = layout
        self._scope = scope
        self._site = ""
        self._last = 0
        self._orders: dict[str, IdOrder] = {}
        self._blank = {"source_id": "", **dict.fromkeys(layout.fields, "")}
        self._relations = Relations(layout, self._membership)
        self._fields_seen: set[str] = set()
        self._unknown: set[str] = set()

    def records(self, block: Element) -> list[Element]:
        """Give the record elements of an answer. Raises DataError SRC_SCHEMA when it holds anything else."""
        found = [element for element in block if element.tag not in _BESIDE_RECORDS]
        if any(element.tag != self._layout.object_name for element in found):
            raise data_error("SRC_SCHEMA", f"the answer holds something other than {self._layout.object_name} elements")
        return found

    def page(self, records: list[Element], total: int) -> Page:
        """Read the records of one page.

        Raises DataError: SRC_ID_TYPE, SRC_ORDER, SRC_DUPLICATE_FIELD, SRC_SCOPE_IGNORED.
        """
        self._fields_seen, self._unknown = set(), set()
        self._relations = Relations(self._layout, self._membership)
        for record in records:
            self._check_id(record.get("id", ""))
        rows = [self._row(record) for record in records]
        seen = self._fields_seen | (self._relations.spouse_fields if "Spouse" in self._fields_seen else set())
        return Page(rows, total, frozenset(seen), frozenset(self._unknown | self._relations.unknown))

    def _row(self, element: Element) -> Row:
        row = self._blank.copy()
        row["source_id"] = element.get("id", "")
        found: list[str] = []
        leaves, nested = self._layout.leaves, self._layout.nested
        for child in element:
            tag = child.tag
            if tag in leaves:
                self._take(row, found, child, leaves[tag])
            elif tag in nested:
                fields = nested[tag]
                for leaf in child:
                    self._take(row, found, leaf, fields.get(leaf.tag))
                if not len(child) and not self._layout.narrowed:  # a page of one client may well have no fax at all
                    found += fields.values()
            elif tag in self._layout.collections:
                self._take_ids(row, found, child)
            elif tag in self._layout.parts:
                found += self._relations.take(row, child)
            else:
                self._unknown.add(tag)
        self._check_fields(row, found)
        if masked := self._layout.masked:
            row[masked] = last_four(row[masked])
        return row

    def _take(self, row: Row, found: list[str], leaf: Element, field: str | None) -> None:
        """Put a leaf's text into its field; runs half a million times in a full read."""
        if field is None:
            self._unknown.add(_path(leaf))
            return
        found.append(field)
        text = leaf.text
        if len(leaf):
            self._unknown.add(_path(leaf[0]))
        elif text:
            row[field] = text

    def _check_fields(self, row: Row, found: list[str]) -> None:
        present = frozenset(found)
        if len(present) != len(found):
            raise data_error("SRC_DUPLICATE_FIELD", "a record holds a property twice")
        self._fields_seen |= present
        if self._scope is not None and not self._is_within(row, self._scope):
            raise data_error("SRC_SCOPE_IGNORED", "a record came that was not asked for")

    def _is_within(self, row: Row, scope: frozenset[str]) -> bool:
        if self._layout.scope == "id":
            return row["source_id"] in scope
        return not scope.isdisjoint(row[self._layout.scope].split())

    def _take_ids(self, row: Row, found: list[str], collection: Element) -> None:
        item, field = self._layout.collections[collection.tag]
        found.append(field)
        ids = {child.get("id", "") for child in collection if child.tag == item}
        kept = ids & self._scope if self._scope is not None and self._layout.narrowed else ids
        for one in kept - self._orders.keys():
            self._orders[one] = self._membership(one, item)
        row[field] = " ".join(sorted(kept, key=self._orders.__getitem__))

    def _membership(self, linked_id: str, item: str) -> IdOrder:
        match = _ID.fullmatch(linked_id)
        if match is None or match[1] != item or match[2] != (self._site or match[2]):
            raise self._id_type(f"a linked id is not {item}.site.number of this office")
        return id_order(linked_id)

    def _check_id(self, source_id: str) -> None:
        """Check form, site and order of a record's id. A record without one is let through: validation rejects it."""
        if not source_id:
            return
        match = _ID.fullmatch(source_id)
        name = self._layout.object_name
        if match is None or match[1] != name:
            raise self._id_type(f"a record's id is not {name}.site.number")
        self._site = self._site or match[2]
        if match[2] != self._site:
            raise self._id_type("records of two sites came")
        if int(match[3]) < self._last:
            raise data_error("SRC_ORDER", "the records are not in ascending order of id")
        self._last = int(match[3])

    def _id_type(self, found: str) -> DataError:
        return data_error("SRC_ID_TYPE", found)


def _path(leaf: Element) -> str:
    parent = leaf.getparent()
    return f"{parent.tag}.{leaf.tag}" if parent is not None else leaf.tag


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9
