"""Lists, single records and associations, as HubSpot answers them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.hubspot.portal import ALIASES, SINGULAR, Portal, Record
from crosswalk.sandbox.messages import Refused, Request
from crosswalk.sandbox.windows import window

MAX_LIMIT, MAX_ASSOCIATIONS, INLINE = 100, 500, 100
MODIFIED = {"contacts": "lastmodifieddate", "companies": "hs_lastmodifieddate", "deals": "hs_lastmodifieddate"}
UNASKED = {
    "contacts": ("firstname", "lastname", "email"),
    "companies": ("name", "domain"),
    "deals": ("dealname", "amount", "closedate", "dealstage", "pipeline"),
}
TYPE_IDS = {
    ("contacts", "companies"): (1, 279),
    ("companies", "contacts"): (2, 280),
    ("deals", "companies"): (5, 341),
    ("deals", "contacts"): (3, 3),
}


def page(portal: Portal, kind: str, request: Request, fault: Fault | None) -> dict[str, Any]:
    """One page of a list."""
    limit = _limit(request, 10, MAX_LIMIT)
    archived = request.query.get("archived", "false").casefold() == "true"
    order = portal.listed(kind, archived=archived)
    after = request.query.get("after", "")
    if after and not (after.isascii() and after.isdigit()):
        raise Refused(400, "VALIDATION_ERROR", "after is unknown")
    start = bisect_left(order, int(after)) if after else 0
    part = window(start, limit, len(order), fault)
    names, others = request.every("properties"), kinds(request.every("associations"))
    records = [portal.objects[kind][number] for number in order[part.start : part.stop] if number in portal.objects[kind]]
    results = [record_json(portal, kind, record, names, others, fault) for record in records]
    return {"results": results, **(_next(order[start + limit], request) if part.more and start + limit < len(order) else {})}


def one(portal: Portal, kind: str, record_id: str, request: Request) -> dict[str, Any]:
    """One record."""
    record = portal.find(kind, record_id, archived=request.query.get("archived", "false").casefold() == "true")
    return record_json(portal, kind, record, request.every("properties"), kinds(request.every("associations")), None)


def record_json(
    portal: Portal, kind: str, record: Record, names: Sequence[str], others: Sequence[str], fault: Fault | None
) -> dict[str, Any]:
    """A record with the properties named; those HubSpot does not know are left out, those without a value are null."""
    values = shown_values(kind, record)
    always = ("hs_object_id", "createdate", MODIFIED[kind])
    shown: dict[str, str | None] = {name: values.get(name) for name in (*(names or UNASKED[kind]), *always)}
    if fault and fault.kind == "drop_field":
        shown.pop(str(fault.options.get("field", "lastname")), None)
    if fault and fault.kind == "extra_field":
        shown[str(fault.options.get("field", "ssn"))] = str(fault.options.get("value", "000-00-0000"))
    answer = {
        "id": record.id,
        "properties": shown,
        "createdAt": stamp(record.created),
        "updatedAt": stamp(record.updated),
        "archived": record.archived,
    }
    if record.archived:
        answer["archivedAt"] = stamp(record.updated)
    held = {other: _inline(portal, kind, record, other) for other in others if portal.others(kind, record.number, other)}
    return {**answer, "associations": held} if held else answer


def shown_values(kind: str, record: Record) -> dict[str, str]:
    """The properties of a record, those HubSpot keeps by itself included."""
    own = {"hs_object_id": record.id, "createdate": stamp(record.created), MODIFIED[kind]: stamp(record.updated)}
    return {**record.values, **own}


def associations(portal: Portal, kind: str, record_id: str, other: str, request: Request) -> dict[str, Any]:
    """What a record is associated with: an id once for each type."""
    record = portal.find(kind, record_id)
    listed = _typed(portal, kind, record, other)
    limit, start = _limit(request, MAX_ASSOCIATIONS, MAX_ASSOCIATIONS), int(request.query.get("after", "0") or 0)
    more = _next(start + limit, request) if start + limit < len(listed) else {}
    return {"results": listed[start : start + limit], **more}


def labelled(portal: Portal, kind: str, record_id: str, other: str) -> list[dict[str, Any]]:
    """What a record is associated with, in the form of v4."""
    number = portal.find(kind, record_id).number
    return [
        {"toObjectId": str(to), "associationTypes": _labels(kind, other, primary)} for to, primary in portal.others(kind, number, other)
    ]


def kinds(names: Sequence[str]) -> list[str]:
    """Object types by the names a caller may use. Raises Refused (400 VALIDATION_ERROR)."""
    unknown = [name for name in names if name not in ALIASES]
    if unknown:
        raise Refused(400, "VALIDATION_ERROR", "unknown object type")
    return [ALIASES[name] for name in names]


def stamp(moment: datetime) -> str:
    """A moment as HubSpot writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _inline(portal: Portal, kind: str, record: Record, other: str) -> dict[str, Any]:
    listed = _typed(portal, kind, record, other)
    more = {"paging": {"next": {"after": str(INLINE), "link": ""}}} if len(listed) > INLINE else {}
    return {"results": listed[:INLINE], **more}


def _typed(portal: Portal, kind: str, record: Record, other: str) -> list[Mapping[str, str]]:
    name = f"{SINGULAR[kind]}_to_{SINGULAR[other]}"
    found: list[Mapping[str, str]] = []
    for to, primary in portal.others(kind, record.number, other):
        if primary:
            found.append({"id": str(to), "type": name})
        found.append({"id": str(to), "type": f"{name}_unlabeled" if other == "companies" else name})
    return found


def _labels(kind: str, other: str, primary: bool) -> list[dict[str, Any]]:
    first, plain = TYPE_IDS.get((kind, other), (4, 4))
    labels: list[dict[str, Any]] = [{"category": "HUBSPOT_DEFINED", "typeId": plain, "label": None}]
    return [{"category": "HUBSPOT_DEFINED", "typeId": first, "label": "Primary"}, *labels] if primary else labels


def _limit(request: Request, default: int, most: int) -> int:
    text = request.query.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise Refused(400, "VALIDATION_ERROR", f"limit is 1 to {most}")
    return int(text)


def _next(after: int, request: Request) -> dict[str, Any]:
    return {"paging": {"next": {"after": str(after), "link": f"https://api.example.test{request.path}?after={after}"}}}
