"""Pages of contacts, groups and opt-outs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.fmg.account import Account, Contact, Listing, OptOut
from crosswalk.sandbox.messages import Refused, Request
from crosswalk.sandbox.system import Parts
from crosswalk.sandbox.windows import bent, window

MAX_PAGE = 1000
Page = dict[str, Any]


def contacts_page(account: Account, request: Request, _: Parts, fault: Fault | None) -> Page:
    """A page of contacts."""
    listing, opt_outs = account.listing, account.opt_outs

    def show(contact_id: str) -> dict[str, Any]:
        return contact_json(listing.contacts[contact_id], listing, opt_outs)

    return _page("contacts", listing.contact_order, show, listing, request, fault)


def groups_page(account: Account, request: Request, _: Parts, fault: Fault | None) -> Page:
    """A page of groups."""
    listing = account.listing
    return _page("groups", listing.group_order, lambda key: group_json(listing, key), listing, request, fault)


def opt_outs_page(account: Account, request: Request, _: Parts, fault: Fault | None) -> Page:
    """A page of opt-outs, in the order of their addresses."""
    opt_outs = account.opt_outs
    return _page("opt_outs", sorted(opt_outs), lambda key: opt_out_json(opt_outs[key]), account.listing, request, fault)


def contact_json(contact: Contact, listing: Listing, opt_outs: Mapping[str, OptOut]) -> dict[str, Any]:
    """A contact as it is read."""
    return {
        "contact_id": contact.contact_id,
        "source_id": contact.source_id or None,
        **contact.values,
        "groups": [listing.groups[group_id].public_id for group_id in contact.groups],
        "opted_out": contact.values["email"].casefold() in opt_outs,
    }


def group_json(listing: Listing, group_id: str) -> dict[str, Any]:
    """A group as it is read."""
    group = listing.groups[group_id]
    return {"group_id": group.group_id, "source_id": group.source_id or None, "name": group.name}


def opt_out_json(entry: OptOut) -> dict[str, Any]:
    """An opt-out as it is read."""
    return {"email": entry.email, "source_id": entry.source_id, "opted_out_at": entry.opted_out_at}


def _page(
    name: str, order: Sequence[str], show: Callable[[str], dict[str, Any]], listing: Listing, request: Request, fault: Fault | None
) -> Page:
    size = page_size(request)
    after = request.query.get("after", "")
    start = bisect_right(order, after) if after else 0
    part = window(start, size, len(order), fault)
    keys = order[part.start : part.stop]
    following = order[start + size - 1] if part.more else None
    return {
        name: [bent(show(key), fault, "last_name") for key in keys],
        "total": part.total,
        "revision": listing.revision,
        "next": following,
    }


def page_size(request: Request) -> int:
    """How many records a page may hold. Raises Refused (422 INVALID)."""
    text = request.query.get("limit", str(MAX_PAGE))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_PAGE):
        raise Refused(422, "INVALID", f"limit is 1 to {MAX_PAGE}")
    return int(text)
