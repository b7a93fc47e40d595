"""SEARCH and METHOD DynamicReport: finding records, freezing the result, serving its pages."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Refused
from crosswalk.sandbox.smartoffice.catalogue import FIELDS, REPORTS, Shape, bent, chosen, written
from crosswalk.sandbox.smartoffice.envelope import elements_of, text_of
from crosswalk.sandbox.smartoffice.inside import filled
from crosswalk.sandbox.smartoffice.office import CONTACT, INVESTMENT, NOTE, POLICY, Office, Record
from crosswalk.sandbox.smartoffice.sessions import Result, Session
from crosswalk.sandbox.windows import window

MAX_PAGE = 2000
LINK_PROPERTIES = {CONTACT: "TagGroups", NOTE: "Contact", INVESTMENT: "Contacts", POLICY: "Contacts"}
MAX_VALUES = 500

Test = Callable[[Record], bool]


@dataclass(frozen=True)
class Query:
    """What is read: which page of which search, of which records, showing what."""

    kind: str
    shape: Shape
    tests: list[Test]
    page: int
    size: int
    search: int


@dataclass(frozen=True)
class PageText:
    """One page: the attributes every paged answer carries, and its records as XML."""

    attributes: str
    records: str


def search_query(search: etree._Element, subject: etree._Element) -> Query:
    """Read a SEARCH operation. Raises Refused."""
    for item in search.iterfind("sort/item"):
        if item.get("prop") != "id" or item.get("order", "asc") != "asc":
            raise Refused(200, "UNSUPPORTED", "records come in ascending order of id only")
    kind = str(subject.tag)
    shape = chosen(kind, subject)
    tests = [_test(kind, expr.get("prop", ""), expr.get("op", ""), _values(expr)) for expr in search.iterfind("condition/expr")]
    page, number = _number(search.get("pageno", "0")), _number(search.get("searchid", "-1"))
    return Query(kind, shape, tests, page, _size(search.get("pagesize", "1000")), number)


def report_query(report: etree._Element) -> Query:
    """Read a DynamicReport. Raises Refused."""
    named = REPORTS.get(text_of(report, "reportName").casefold())
    if named is None:
        raise Refused(200, "REPORT_UNKNOWN", "no report of that name")
    kind, shape = named
    if text_of(report, "format") != "2":
        raise Refused(200, "UNSUPPORTED", "format 2 (XML) only")
    numbers = [_number(text_of(report, tag)) for tag in ("pageNo", "searchKey")]
    tests = _filter_tests(kind, text_of(report, "runtimefilter"))
    return Query(kind, shape, tests, numbers[0], _size(text_of(report, "pageSize")), numbers[1])


def page_of(query: Query, office: Office, session: Session, new_number: Callable[[], int], fault: Fault | None) -> PageText:
    """Serve one page; the first call of a search freezes its result in the session. Raises Refused (SEARCH_UNKNOWN, BAD_REQUEST)."""
    if query.search == -1:
        result = Result(new_number(), query.kind, query.size, found(office, query))
        session.keep(result)
    else:
        result = session.result(query.search)
    if (result.kind, result.size) != (query.kind, query.size):
        raise Refused(200, "BAD_REQUEST", "a search is continued with the operation that began it")
    part = window(query.page * query.size, query.size, len(result.records), fault)
    attributes = f'searchid="{result.number}" pageno="{query.page}" total="{part.total}" more="{str(part.more).lower()}"'
    return PageText(attributes, written(itertools.islice(result.records, part.start, part.stop), bent(query.shape, fault)))


def found(office: Office, query: Query) -> list[Record]:
    """The records that pass every test, in ascending order of id."""
    records = [record for record in office.all(query.kind) if all(test(record) for test in query.tests)]
    return filled(office, records, query.shape)


def _values(expr: etree._Element) -> frozenset[str]:
    return frozenset((value.text or "").strip() for value in elements_of(expr) if value.tag == "v")


def _filter_tests(kind: str, text: str) -> list[Test]:
    if not text:
        return []
    prop, word, values = [*text.split(None, 2), "", ""][:3]
    if word != "in":
        raise Refused(200, "BAD_REQUEST", "a runtimefilter reads: property in id,id")
    return [_test(kind, prop, "in", frozenset(value.strip() for value in values.split(",")))]


def _test(kind: str, prop: str, op: str, values: frozenset[str]) -> Test:
    name = prop.replace("/", ".")
    if len(values) > MAX_VALUES:
        raise Refused(200, "BAD_REQUEST", f"a condition has at most {MAX_VALUES} values")
    if op not in ("in", "eq") or (op == "eq" and len(values) != 1):
        raise Refused(200, "UNSUPPORTED", "conditions are op in, or op eq with one value")
    if name == LINK_PROPERTIES.get(kind):
        return lambda record: not values.isdisjoint(record.links)
    if name == "id":
        return lambda record: record.id in values
    if name not in FIELDS[kind]:
        raise Refused(200, "UNKNOWN_PROPERTY", f"{kind} has no property {name}")
    return lambda record: record.values.get(name, "") in values


def _number(text: str) -> int:
    if text == "-1" or (text.isascii() and text.isdigit() and len(text) < 10):
        return int(text)
    raise Refused(200, "BAD_REQUEST", "page and search numbers are whole numbers")


def _size(text: str) -> int:
    size = _number(text)
    if not 1 <= size <= MAX_PAGE:
        raise Refused(200, "BAD_REQUEST", f"a page holds 1 to {MAX_PAGE} records")
    return size
