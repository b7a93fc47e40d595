"""What contacts did: a feed that only ever goes on, and adding to it behind FMG's back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.fmg.account import Account, Activity, Contact
from crosswalk.sandbox.fmg.reading import page_size
from crosswalk.sandbox.messages import Refused, Request
from crosswalk.sandbox.system import Parts
from crosswalk.sandbox.windows import bent, window

OPTED_OUT = "opted_out"
FIELDS = ("type", "title", "contact", "email", "occurred_at", "activity_id", "contact_id", "source_id")


def activities_page(account: Account, request: Request, _: Parts, fault: Fault | None) -> dict[str, Any]:
    """A page of activities, oldest first. Raises Refused (422 INVALID) for a cursor that was never given out."""
    feed = account.activities
    start = _place(request.query.get("after", ""), len(feed))
    part = window(start, page_size(request), len(feed), fault)
    shown = [bent(activity_json(feed[place], place + 1), fault, "title") for place in range(part.start, part.stop)]
    honest = min(start + page_size(request), len(feed))
    position = part.total if fault and fault.kind == "wrong_total" else honest
    if fault and fault.kind == "zero_records":
        position = start
    return {"activities": shown, "next": _cursor(position if position <= len(feed) else honest), "position": position, "more": part.more}


def activity_json(activity: Activity, sequence: int) -> dict[str, Any]:
    """An activity as it is read."""
    return {"sequence": sequence, **{name: getattr(activity, name) for name in Activity.__slots__}}


def add_activities(account: Account, records: Iterable[Mapping[str, Any]]) -> list[Activity]:
    """Let activities have happened, all or none; who opted out joins the opt-outs. Raises Refused (422 INVALID, 404 NOT_FOUND)."""
    made = [_made(account, record) for record in records]
    ids = [one.activity_id for one in (*account.activities, *made)]
    if len(set(ids)) != len(ids):
        raise Refused(422, "INVALID", "an activity_id is given once")
    account.activities = (*account.activities, *made)
    account.opt_out((one.email, one.source_id or "") for one in made if one.type == OPTED_OUT)
    return made


def _made(account: Account, record: Mapping[str, Any]) -> Activity:
    if set(record) - set(FIELDS) or not all(isinstance(value, str) for value in record.values() if value is not None):
        raise Refused(422, "INVALID", f"an activity has {', '.join(FIELDS)}, each a text")
    if not record.get("type"):
        raise Refused(422, "INVALID", "an activity has a type")
    contact = _who(account, record)
    known: dict[str, Any] = {"contact_id": None, "source_id": None, "email": record.get("email") or ""}
    if contact:
        email = record.get("email") or contact.values["email"]
        known = {"contact_id": contact.contact_id, "source_id": contact.source_id or None, "email": email}
    said = {name: record[name] for name in ("contact_id", "source_id") if name in record}
    return Activity(
        activity_id=record.get("activity_id") or account.new_id("a"),
        type=str(record["type"]),
        occurred_at=record.get("occurred_at") or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        title=record.get("title") or "",
        **{**known, **said},
    )


def _who(account: Account, record: Mapping[str, Any]) -> Contact | None:
    """The contact named by FMG id, source id or e-mail in `contact`; nobody when it is left out."""
    name = record.get("contact")
    if not name:
        return None
    listing = account.listing
    found = listing.contacts.get(name) or listing.contacts.get(listing.contact_by_source.get(name, ""))
    holders = (one for one in listing.contacts.values() if one.values["email"].casefold() == name.casefold())
    contact = found or next(holders, None)
    if contact is None:
        raise Refused(404, "NOT_FOUND", "no such contact")
    return contact


def _cursor(place: int) -> str:
    return f"t{place:08x}"


def _place(cursor: str, end: int) -> int:
    if not cursor:
        return 0
    try:
        place = int(cursor.removeprefix("t"), 16)
    except ValueError:
        place = -1
    if not 0 <= place <= end or _cursor(place) != cursor:
        raise Refused(422, "INVALID", "no such cursor")
    return place
