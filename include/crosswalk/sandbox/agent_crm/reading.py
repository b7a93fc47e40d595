"""Searches and look-ups: a text search that finds more than was meant, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from crosswalk.sandbox.agent_crm.business import BOOKED, Business, Shelf
from crosswalk.sandbox.agent_crm.fields import OBJECTS, field_names, record_id, record_name
from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Refused, Request

MAX_PAGE_SIZE = 500


def search(business: Business, request: Request, name: str, fault: Fault | None) -> dict[str, Any]:
    """One page of a search. Raises Refused (400 INVALID, 404 NOT_FOUND)."""
    shelf, body = business.shelf(name), request.json()
    text, within = body.get("search", ""), body.get("search_within_field_names", [])
    if not isinstance(text, str) or not isinstance(within, list) or not set(map(str, within)) <= set(OBJECTS[name]):
        raise Refused(400, "INVALID", "search is a text, search_within_field_names a list of fields")
    found = _found(shelf, text.casefold(), list(map(str, within)), request.query.get("ordering", ""))
    return paged(request, found, shelf.json, fault)


def paged(request: Request, found: Sequence[Any], show: Callable[[Any], dict[str, Any]], fault: Fault | None = None) -> dict[str, Any]:
    """The list envelope around one page. Raises Refused (400 INVALID, 404 NOT_FOUND for a page beyond the last)."""
    page, size = (_whole(request, *bounds) for bounds in (("page", 1, 1_000_000), ("page_size", 50, MAX_PAGE_SIZE)))
    count, start = len(found), (page - 1) * size
    if start and start >= count:
        raise Refused(404, "NOT_FOUND", "no such page")
    if fault and fault.kind == "repeat_page":
        start = max(0, start - size)
    results = [show(one) for one in found[start : start + size]]
    last = page * size >= count
    query = {**request.query, "page": str(page + 1)}
    answer = {"count": count, "next": None if last else f"{request.path}?{urlencode(query)}", "previous": None, "results": results}
    return _bent({**answer, "errors": []}, fault)


def look_up(business: Business, name: str, identifier: str) -> dict[str, Any]:
    """The one record of that name, or e-mail for contacts. Raises Refused (404 NOT_FOUND)."""
    shelf = business.shelf(name)
    by_email = shelf.by_email.get(identifier.casefold()) if name == "contacts" else None
    found = [by_email] if by_email else [one for one in shelf.ids() if record_name(name, shelf.values(one) or {}) == identifier]
    if len(found) != 1 or not identifier:
        raise Refused(404, "NOT_FOUND", "none, or more than one")
    return shelf.json(found[0])


def given_fields(name: str, body: dict[str, Any]) -> dict[str, str]:
    """The values a body holds, by field name; each entry names its field by id or by name. Raises Refused (400 INVALID)."""
    known, values = field_names(name), dict[str, str]()
    entries = body.get("fields")
    if not isinstance(entries, list):
        raise Refused(400, "INVALID", "fields is a list")
    for entry in entries:
        named = known.get(str(entry.get("id", entry.get("name")))) if isinstance(entry, dict) else None
        if named is None or not isinstance(entry.get("value"), str):
            raise Refused(400, "INVALID", "an entry of fields names a field and holds a text")
        values[named] = entry["value"]
    return values


@dataclass(frozen=True)
class _Found(Sequence[str]):
    """Ids of records: numbers of the book, put into words only where a page shows them, and then others."""

    name: str
    booked: list[range]
    others: list[str]

    def __len__(self) -> int:
        return sum(map(len, self.booked)) + len(self.others)

    def __getitem__(self, place: Any) -> Any:
        """One id by its place, or the ids of a slice."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        for numbers in self.booked:
            if place < len(numbers):
                return record_id(self.name, numbers[place], BOOKED)
            place -= len(numbers)
        return self.others[place]


def _found(shelf: Shelf, text: str, within: list[str], ordering: str) -> Sequence[str]:
    booked = shelf.book.count(shelf.name)
    made = shelf.made_ids()
    if booked and not text:
        return _Found(shelf.name, [range(booked)], made)
    if booked and within == ["writing_agent_npn"] and not shelf.changed:
        return _Found(shelf.name, shelf.book.of_npns_holding(shelf.name, text), _holding(shelf, made, text, within))
    found = _holding(shelf, shelf.ids(), text, within) if text else made
    return found if booked else _ordered(shelf, found, ordering)  # the book is in order already


def _holding(shelf: Shelf, ids: Iterable[str], text: str, within: list[str]) -> list[str]:
    fields = within or list(OBJECTS[shelf.name])
    return [one for one in ids if any(text in (shelf.values(one) or {}).get(field, "").casefold() for field in fields)]


def _ordered(shelf: Shelf, ids: list[str], ordering: str) -> list[str]:
    field, back = ordering.removeprefix("-"), ordering.startswith("-")
    if not field:
        return ids
    if field not in OBJECTS[shelf.name]:
        raise Refused(400, "INVALID", "ordering names no field")
    return sorted(ids, key=lambda one: ((shelf.values(one) or {})[field], one), reverse=back)


def _whole(request: Request, name: str, default: int, high: int) -> int:
    try:
        return request.whole_number(name, default, 1, high)
    except Refused as refused:
        raise Refused(400, "INVALID", refused.message) from None


def _bent(answer: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
    """The page as a fault of faults.PAGE_KINDS bends it."""
    match fault.kind if fault else "":
        case "wrong_total" if fault:
            answer["count"] = fault.options.get("value", answer["count"] + 1)
        case "zero_records":
            answer |= {"count": 0, "next": None, "results": []}
        case "short_page":
            answer["results"] = answer["results"][:-1]
        case "drop_field" | "extra_field" if fault:
            named = str(fault.options.get("field", "writing_agent_npn" if fault.kind == "drop_field" else "ssn"))
            for record in answer["results"]:
                record["fields"] = [entry for entry in record["fields"] if entry["name"] != named]
                if fault.kind == "extra_field":
                    record["fields"].append({"id": "0", "name": named, "value": str(fault.options.get("value", "078-05-1120"))})
    return answer
