"""Businesses and their users: what an FMO provisions."""

from __future__ import annotations

import itertools
from uuid import UUID

from crosswalk.sandbox.agent_crm import reading
from crosswalk.sandbox.agent_crm.business import Business, Wrong, furnished
from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.system import Parts

Businesses = dict[str, Business]


def create_business(businesses: Businesses, parent: Business, request: Request, _: Parts, __: Fault | None) -> Reply:
    """Make a business, or answer with the one of that key. Raises Refused (400 INVALID, 403 FORBIDDEN)."""
    body, user = request.json(), request.headers["x-user-id"]
    if parent.npns is not None:
        raise Refused(403, "FORBIDDEN", "only an FMO makes businesses")
    texts = {name: body.get(name) for name in ("external_key", "name", "kind", "npn")}
    wrong = [name for name, text in texts.items() if not isinstance(text, str) or not text.strip()]
    if wrong or texts["kind"] not in ("agent", "agency") or not _is_npn(str(texts["npn"])):
        raise Wrong(400, "INVALID", (wrong or ["kind" if texts["kind"] not in ("agent", "agency") else "npn"])[0])
    for one in children(businesses, parent):
        if one.external_key == texts["external_key"]:
            return json_reply(one.json())
    business_id = next(free for number in itertools.count(len(businesses) + 1) if (free := _uuid(0x1B6F, number)) not in businesses)
    made = Business(business_id, str(texts["name"]), str(texts["kind"]), str(texts["external_key"]), [str(texts["npn"])], members={user})
    made.parent = parent.business_id
    businesses[business_id] = furnished(made)
    return json_reply(made.json(), 201)


def children(businesses: Businesses, parent: Business) -> list[Business]:
    """The businesses an FMO made."""
    return [one for one in businesses.values() if one.parent == parent.business_id]


def list_businesses(businesses: Businesses, parent: Business, request: Request, _: Parts, __: Fault | None) -> Reply:
    """The businesses the caller made, all or the one of a key."""
    key = request.query.get("external_key")
    found = [one for one in children(businesses, parent) if key in (None, one.external_key)]
    return json_reply(reading.paged(request, found, Business.json))


def one_business(businesses: Businesses, parent: Business, request: Request, parts: Parts, __: Fault | None) -> Reply:
    """Show a business, or switch its Policy Sync. Raises Refused (400 INVALID, 404 NOT_FOUND)."""
    business = _child(businesses, parent, parts["id"])
    if request.method == "PATCH":
        sync = request.json().get("policy_sync")
        if not isinstance(sync, bool):
            raise Wrong(400, "INVALID", "policy_sync")
        business.policy_sync = sync
    return json_reply(business.json())


def add_user(businesses: Businesses, parent: Business, request: Request, parts: Parts, __: Fault | None) -> Reply:
    """Add a user, whose NPN the business may hold from then on. Raises Refused (400 INVALID, 404 NOT_FOUND, 409 EMAIL_TAKEN)."""
    business, body = _child(businesses, parent, parts["id"]), request.json()
    user = {name: body.get(name) for name in ("email", "first_name", "last_name", "npn")}
    wrong = [name for name, text in user.items() if not isinstance(text, str) or not text.strip()]
    if wrong or "@" not in str(user["email"]).strip("@") or not _is_npn(str(user["npn"])):
        raise Wrong(400, "INVALID", (wrong or ["npn" if "@" in str(user["email"]) else "email"])[0])
    for one in businesses.values():
        for known in one.users:
            if known["email"].casefold() == str(user["email"]).casefold():
                if one is business and known["npn"] == user["npn"]:
                    return json_reply(known)
                raise Wrong(409, "EMAIL_TAKEN", "email")
    number = sum(len(one.users) for one in businesses.values()) + 2
    made = {"id": _uuid(0x77AA, number), **{name: str(text) for name, text in user.items()}}
    business.users.append(made)
    if business.npns is not None and made["npn"] not in business.npns:
        business.npns.append(made["npn"])
    return json_reply(made, 201)


def list_users(businesses: Businesses, parent: Business, request: Request, parts: Parts, __: Fault | None) -> Reply:
    """The users of a business. Raises Refused (404 NOT_FOUND)."""
    return json_reply(reading.paged(request, _child(businesses, parent, parts["id"]).users, dict))


def _is_npn(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def _child(businesses: Businesses, parent: Business, business_id: str) -> Business:
    for one in children(businesses, parent):
        if one.business_id == business_id:
            return one
    raise Refused(404, "NOT_FOUND", "no such business of this FMO")


def _uuid(kind: int, number: int) -> str:
    return str(UUID(int=(kind << 112) | (0x4000 << 64) | (0x8000 << 48) | number))
