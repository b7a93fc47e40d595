"""HubSpot's search: filters, one sort, pages below the ceiling."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.hubspot.portal import Portal, Record
from crosswalk.sandbox.hubspot.reading import record_json, shown_values
from crosswalk.sandbox.messages import Refused
from crosswalk.sandbox.windows import window

CEILING, MAX_LIMIT, MAX_QUERY = 10_000, 200, 3_000
MAX_GROUPS, MAX_FILTERS, MAX_ALL = 5, 6, 18
SEARCHED = {
    "contacts": ("firstname", "lastname", "email", "phone", "company"),
    "companies": ("name", "domain", "website", "phone"),
    "deals": ("dealname", "pipeline", "dealstage"),
}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def search(portal: Portal, kind: str, body: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
    """One page of what a query finds. Raises Refused (400 VALIDATION_ERROR)."""
    groups, query = _groups(body), str(body.get("query") or "")
    if len(query) > MAX_QUERY:
        raise wrong("query is too long")
    limit, after = _number(body, "limit", 10, MAX_LIMIT), _number(body, "after", 0, 10**9)
    if after + limit > CEILING:
        raise wrong("no more than 10,000 results of one query")
    with portal.lock:
        records = [record for record in portal.objects[kind].values() if not record.archived]
    found = [record for record in records if _fits(kind, record, groups) and _says(kind, record, query)]
    found = _sorted(kind, found, body.get("sorts") or [])
    part = window(after, limit, len(found), fault)
    names = [str(name) for name in body.get("properties") or []]
    results = [record_json(portal, kind, record, names, [], fault) for record in found[part.start : part.stop]]
    paging = {"paging": {"next": {"after": str(after + limit), "link": ""}}} if part.more else {}
    return {"total": part.total, "results": results, **paging}


def wrong(message: str) -> Refused:
    """The request cannot be answered."""
    return Refused(400, "VALIDATION_ERROR", message)


def _groups(body: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    groups = [group.get("filters") or [] for group in body.get("filterGroups") or []]
    sizes = [len(filters) for filters in groups]
    if len(groups) > MAX_GROUPS or max(sizes, default=0) > MAX_FILTERS or sum(sizes) > MAX_ALL:
        raise wrong("too many filters")
    return groups


def _number(body: Mapping[str, Any], name: str, default: int, most: int) -> int:
    text = str(body.get(name) or default)
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise wrong(f"{name} is a number up to {most}")
    return int(text)


def _fits(kind: str, record: Record, groups: Sequence[Sequence[Mapping[str, Any]]]) -> bool:
    values = shown_values(kind, record)
    return not groups or any(all(_passes(values, one) for one in filters) for filters in groups)


def _says(kind: str, record: Record, query: str) -> bool:
    text = " ".join(record.values.get(name, "") for name in SEARCHED[kind]).casefold()
    return all(word in text for word in query.casefold().split())


def _passes(values: Mapping[str, str], condition: Mapping[str, Any]) -> bool:
    name, operator = condition.get("propertyName"), str(condition.get("operator"))
    if not isinstance(name, str):
        raise wrong("propertyName is missing")
    held, asked = values.get(name, ""), str(condition.get("value") if condition.get("value") is not None else "")
    listed = [str(value).casefold() for value in condition.get("values") or []]
    match operator:
        case "HAS_PROPERTY" | "NOT_HAS_PROPERTY":
            return bool(held) is (operator == "HAS_PROPERTY")
        case "IN" | "NOT_IN":
            return bool(held) and (held.casefold() in listed) is (operator == "IN")
        case "CONTAINS_TOKEN" | "NOT_CONTAINS_TOKEN":
            return _contains(held, asked) is (operator == "CONTAINS_TOKEN")
        case "EQ" | "NEQ":
            return (_order(held) == _order(asked)) is (operator == "EQ")
        case "LT" | "LTE" | "GT" | "GTE" | "BETWEEN":
            return bool(held) and _compares(operator, _order(held), _order(asked), _order(str(condition.get("highValue", ""))))
    raise wrong(f"unknown operator {operator}")


def _compares(operator: str, held: tuple[int, float, str], low: tuple[int, float, str], high: tuple[int, float, str]) -> bool:
    if operator == "BETWEEN":
        return low <= held <= high
    return {"LT": held < low, "LTE": held <= low, "GT": held > low, "GTE": held >= low}[operator]


def _contains(held: str, asked: str) -> bool:
    pattern = ".*".join(map(re.escape, asked.casefold().split("*")))
    return any(re.fullmatch(pattern, word) for word in [held.casefold(), *re.split(r"[\s@.]+", held.casefold())])


def _order(text: str) -> tuple[int, float, str]:
    """Numbers before texts; dates count as milliseconds since 1970."""
    if _NUMBER.fullmatch(text):
        return 0, float(text), ""
    if _DATE.match(text):
        with suppress(ValueError):
            return 0, datetime.fromisoformat(text).timestamp() * 1000, ""
    return 1, 0.0, text.casefold()


def _sorted(kind: str, records: list[Record], sorts: Sequence[Any]) -> list[Record]:
    if len(sorts) > 1:
        raise wrong("one sort at most")
    if not sorts:
        return sorted(records, key=lambda record: record.number)
    rule = sorts[0] if isinstance(sorts[0], dict) else {"propertyName": str(sorts[0]).lstrip("-"), "direction": "ASCENDING"}
    name, falling = str(rule.get("propertyName")), rule.get("direction") == "DESCENDING" or str(sorts[0]).startswith("-")
    return sorted(records, key=lambda record: (_order(shown_values(kind, record).get(name, "")), record.number), reverse=falling)
