"""The XML documents of the XML Engine: what is sent, and what an answer's envelope has to look like. Contract: README.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from crosswalk.core.ports import ReadRestarted
from crosswalk.errors import AuthRefused, CrosswalkError, PermanentError, TransientError, current_operation
from crosswalk.features.writeback.ports import Note
from crosswalk.systems.smartoffice.layouts import Layout, layout_of
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.xml import Element

FIRST_SEARCH = "-1"
MAX_NOTES = 2000
"""Notes in one page, the most a page may hold."""

_NOTE = "SmartPadNote"
_SHOWABLE_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_GONE = ("SESSION_EXPIRED", "SEARCH_UNKNOWN")


@dataclass(frozen=True)
class PageRequest:
    """One page of a read. within: values of the layout's scope property to read the records of, None for everything."""

    layout: Layout
    number: int
    size: int
    search_id: str = FIRST_SEARCH
    within: Sequence[str] | None = None


def document(header: Mapping[str, str], operation: Element) -> bytes:
    """Wrap an operation into a request. header: office, user, password, keepsession."""
    request = etree.Element("request", version="1.0")
    head = etree.SubElement(request, "header")
    for name, value in header.items():
        etree.SubElement(head, name).text = value
    request.append(operation)
    return etree.tostring(request, encoding="utf-8", xml_declaration=True)


def search(page: PageRequest) -> Element:
    """SEARCH for all properties of the layout."""
    operation = etree.Element("search", pageno=str(page.number), pagesize=str(page.size), searchid=page.search_id)
    etree.SubElement(operation, "object").append(page.layout.template())
    if page.within is not None:
        expression = etree.SubElement(etree.SubElement(operation, "condition"), "expr", prop=page.layout.scope, op="in")
        for value in page.within:
            etree.SubElement(expression, "v").text = value
    etree.SubElement(etree.SubElement(operation, "sort"), "item", prop="id", order="asc")
    return operation


def report(page: PageRequest) -> Element:
    """METHOD DynamicReport over the report that holds all properties of the layout."""
    parameters = {
        "reportName": page.layout.report_name,
        "format": "2",
        "pageNo": str(page.number),
        "pageSize": str(page.size),
        "searchKey": page.search_id,
        "runtimefilter": "" if page.within is None else f"{page.layout.scope} in " + ",".join(page.within),
    }
    operation = etree.Element("method")
    call = etree.SubElement(operation, "DynamicReport")
    for name, value in parameters.items():
        etree.SubElement(call, name).text = value
    return operation


def count(entity: str) -> Element:
    """SEARCH without condition for one record and one property: its answer's total is the size of the database."""
    layout = layout_of(entity)
    operation = etree.Element("search", pageno="0", pagesize="1", searchid=FIRST_SEARCH)
    template = etree.SubElement(etree.SubElement(operation, "object"), layout.object_name)
    etree.SubElement(template, next(iter(layout.leaves)))
    etree.SubElement(etree.SubElement(operation, "sort"), "item", prop="id", order="asc")
    return operation


def right_holders(right: str) -> Element:
    """METHOD GetAdptUser: who holds the licence of an integration."""
    operation = etree.Element("method")
    etree.SubElement(etree.SubElement(operation, "GetAdptUser"), "adapter").text = right
    return operation


def get_contact(source_id: str) -> Element:
    """GET a contact by its id, with one property of it."""
    operation = etree.Element("get")
    etree.SubElement(etree.SubElement(operation, "Contact", id=source_id), "LastName")
    return operation


def search_notes(source_ids: Sequence[str], keywords: Sequence[str]) -> Element:
    """SEARCH for the notes on these contacts with these keywords, in one page."""
    operation = etree.Element("search", pageno="0", pagesize=str(MAX_NOTES), searchid=FIRST_SEARCH)
    template = etree.SubElement(etree.SubElement(operation, "object"), _NOTE)
    etree.SubElement(template, "Keyword")
    condition = etree.SubElement(operation, "condition")
    for prop, values in (("Contact", source_ids), ("Keyword", keywords)):
        expression = etree.SubElement(condition, "expr", prop=prop, op="in")
        for value in values:
            etree.SubElement(expression, "v").text = value
    etree.SubElement(etree.SubElement(operation, "sort"), "item", prop="id", order="asc")
    return operation


def notes_found(block: Element, keywords: Sequence[str]) -> list[tuple[str, str]]:
    """Read ids and keywords of the notes found. Raises DataError SRC_SCHEMA when something else came than was asked for."""
    found = [(note.get("id", ""), (note.findtext("Keyword") or "").strip()) for note in block.findall(_NOTE)]
    if not all(note_id and keyword in keywords for note_id, keyword in found):
        raise data_error("SRC_SCHEMA", "a note came without id, or with a keyword that was not asked for")
    return found


def insert_note(note: Note) -> Element:
    """INSERT of a SmartPad note on a contact."""
    operation = etree.Element("insert")
    element = etree.SubElement(operation, _NOTE)
    etree.SubElement(element, "Contact", id=note.source_id)
    for name, text in (("Category", "FMG"), ("Keyword", note.keyword), ("Private", "false"), ("Text", note.text)):
        etree.SubElement(element, name).text = text
    return operation


def inserted_id(response: Element) -> str:
    """Read the id of the note that was inserted. Raises DataError SRC_SCHEMA."""
    note = response.find(_NOTE)
    if note is None or note.get("_status") != "inserted" or not note.get("id"):
        raise data_error("SRC_SCHEMA", "the answer does not say which note was inserted")
    return note.get("id", "")


def operation_answer(root: Element, path: Sequence[str]) -> Element:
    """Give the element at `path` inside the response.

    Raises what the engine's error element means, DataError SRC_SCHEMA, PermanentError SRC_STATUS, or ReadRestarted when the
    session or its search is gone.
    """
    if root.tag != "response":
        raise data_error("SRC_SCHEMA", "the answer is not a response of the XML Engine")
    error = root.find("error")
    if error is not None:
        raise _refusal(error.get("code", ""))
    operation = root.find(path[0])
    if operation is None:
        raise data_error("SRC_SCHEMA", f"the answer has no {path[0]} element")
    if (operation.findtext("_status") or "").strip() != "OK":
        raise PermanentError("SRC_STATUS", problem="the engine's status is not OK")
    response = operation if len(path) == 1 else operation.find("/".join(path[1:]))
    if response is None:
        raise data_error("SRC_SCHEMA", f"the answer has no {path[-1]} element")
    return response


def dictionary_codes(root: Element) -> dict[str, dict[str, str]]:
    """Read the dictionary as {"Person.Gender": {code: label}}."""
    if root.tag == "response":
        operation_answer(root, ("dictionary",))
    if root.tag != "dictionary":
        raise data_error("SRC_SCHEMA", "the answer is not a dictionary")
    return {
        f"{entry.get('object', '')}.{entry.get('name', '')}": {code.get("value", ""): code.text or "" for code in entry.findall("code")}
        for entry in root.findall("property")
    }


def _refusal(code: str) -> CrosswalkError | ReadRestarted:
    """Say what an error code means. The error's text may echo what was sent: it is not looked at."""
    if code in _GONE:
        return ReadRestarted(f"{current_operation()}: {code}")
    if code == "AUTH_FAILED":
        return AuthRefused(
            "SRC_AUTH_FAILED", problem="SmartOffice refused office, user or password", next_step="correct Login, Password and Office"
        )
    if code == "RIGHT_MISSING":
        return AuthRefused(
            "RIGHT_MISSING",
            problem="the SmartOffice user may not use this operation",
            next_step="ask the SmartOffice administrator for the right, or name another user in the connection",
        )
    if code == "BUSY":
        return TransientError("SRC_BUSY", problem="SmartOffice is busy")
    if code == "NOT_FOUND":
        return PermanentError("SRC_NOT_FOUND", problem="SmartOffice has no object with this id")
    shown = code if _SHOWABLE_CODE.fullmatch(code) else "without a readable code"
    return PermanentError(
        "SRC_ERROR_BODY", problem=f"SmartOffice answered with an error ({shown})", next_step="look up the code with SmartOffice support"
    )
