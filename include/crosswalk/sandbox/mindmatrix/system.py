"""Mindmatrix as one of the sandbox's systems: its routes, who may call, idempotency."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.sandbox.crm.table import bent
from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.limits import Limits
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply, refusal
from crosswalk.sandbox.mindmatrix.deliveries import finish, open_delivery, take_batch
from crosswalk.sandbox.mindmatrix.organization import Organization
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.windows import window

BASE = "/mindmatrix/v1/organizations/{organization}"
MAX_PAGE = 500
Parts = Mapping[str, str]


@dataclass(frozen=True)
class Action:
    """What a route does. `read` is given the fault that bends its page, `write` runs under the organization's lock."""

    operation: str
    read: Callable[[Organization, Request, Parts, Fault | None], Any] | None = None
    write: Callable[[Organization, Request, Parts], Reply] | None = None
    paged: bool = False


class Mindmatrix:
    """Every Mindmatrix organization of the sandbox."""

    name = "mindmatrix"

    def __init__(self) -> None:
        self.organizations: dict[str, Organization] = {}
        self.limits = Limits()
        self._routes = _routes()

    def copy(self, later: float) -> Mindmatrix:
        """The same organizations, for themselves, under the same limits; times moved by `later` seconds."""
        other = Mindmatrix()
        other.limits = self.limits
        other.organizations = {name: one.copy(later) for name, one in self.organizations.copy().items()}
        return other

    def organization(self, name: str) -> Organization:
        """The organization with this id. Raises Refused (404 NOT_FOUND)."""
        if name not in self.organizations:
            raise Refused(404, "NOT_FOUND", f"no organization {name}")
        return self.organizations[name]

    def describe(self, request: Request) -> Call:
        """Find the route; a path that is none becomes an operation of its own."""
        write = request.method not in ("GET", "HEAD")
        try:
            action, parts = self._routes.find(request.method, request.path)
        except Refused as refused:
            return Call(self.name, "unknown path", write=write, content=refused)
        return Call(self.name, action.operation, parts["organization"], write=write, paged=action.paged, content=(action, parts))

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        """Carry the request out; `fault` is one of faults.PAGE_KINDS, or None."""
        try:
            if isinstance(call.content, Refused):
                raise call.content
            action, parts = call.content
            organization = self._authorised(request, call.owner)
            with organization.gate.passing(self.limits) as wait:
                return _too_many(wait) if wait else _carried_out(organization, request, action, parts, fault)
        except Refused as refused:
            return refusal(refused)

    def expire(self, request: Request) -> Reply:  # noqa: ARG002 - Mindmatrix keeps no session to end
        """Refuse the key this once."""
        return refusal(Refused(401, "AUTH_FAILED", "the key has expired"))

    def error(self, code: str, status: int) -> Reply:
        """An error of the system's own, as the control API asked for."""
        return refusal(Refused(status or 500, code or "INTERNAL", "asked for by a fault"))

    def _authorised(self, request: Request, name: str) -> Organization:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer" or not any(one.api_key == key for one in self.organizations.values()):
            raise Refused(401, "AUTH_FAILED", "unknown API key")
        organization = self.organization(name)
        if organization.api_key != key:
            raise Refused(403, "FORBIDDEN", "the key is for another organization")
        return organization


def _carried_out(organization: Organization, request: Request, action: Action, parts: Parts, fault: Fault | None) -> Reply:
    if action.read:
        return json_reply(action.read(organization, request, parts, fault))
    key = request.headers.get("idempotency-key", "")
    if not key:
        raise Refused(422, "INVALID", "every write carries an Idempotency-Key")
    with organization.lock:
        reply = organization.answers.earlier(key, request)
        if reply is None:
            try:
                reply = action.write(organization, request, parts) if action.write else Reply(404)
            except Refused as refused:
                reply = refusal(refused)
            organization.answers.keep(key, request, reply)
        return reply


def _too_many(wait: float) -> Reply:
    reply = refusal(Refused(429, "RATE_LIMITED", "too many requests"))
    reply.headers["Retry-After"] = str(math.ceil(wait))
    return reply


def _routes() -> Routes[Action]:
    routes: Routes[Action] = Routes()
    routes.add("GET", BASE, Action("read organization", read=lambda organization, _request, _parts, _fault: organization.summary()))
    routes.add("GET", f"{BASE}/contacts", Action("read contacts", read=_contacts, paged=True))
    routes.add("GET", f"{BASE}/contacts/{{id}}", Action("read contact", read=_contact))
    routes.add("GET", f"{BASE}/opt-outs", Action("read opt-outs", read=_opt_outs, paged=True))
    routes.add("POST", f"{BASE}/deliveries", Action("open delivery", write=lambda one, request, _: open_delivery(one, request)))
    batch = f"{BASE}/deliveries/{{delivery}}"
    routes.add(
        "POST", f"{batch}/contacts", Action("send batch", write=lambda one, request, parts: take_batch(one, request, parts["delivery"]))
    )
    routes.add(
        "POST", f"{batch}/finish", Action("finish delivery", write=lambda one, request, parts: finish(one, request, parts["delivery"]))
    )
    return routes


def _contacts(organization: Organization, request: Request, _: Parts, fault: Fault | None) -> Any:
    with organization.lock:
        contacts, revision = organization.contacts, organization.revision
    return _page("contacts", sorted(contacts), lambda key: organization.contact_json(contacts[key]), revision, request, fault)


def _opt_outs(organization: Organization, request: Request, _: Parts, fault: Fault | None) -> Any:
    addresses = sorted(email for email, state in organization.opt_in.items() if state == "opted_out")
    return _page("opt_outs", addresses, lambda email: {"email": email}, organization.revision, request, fault)


def _contact(organization: Organization, _: Request, parts: Parts, __: Fault | None) -> Any:
    if parts["id"] not in organization.contacts:
        raise Refused(404, "NOT_FOUND", "no such contact")
    return organization.contact_json(organization.contacts[parts["id"]])


def _page(
    name: str, order: Sequence[str], show: Callable[[str], Mapping[str, Any]], revision: int, request: Request, fault: Fault | None
) -> Any:
    size = request.whole_number("limit", MAX_PAGE, 1, MAX_PAGE)
    after = request.query.get("after", "")
    start = bisect_right(order, after) if after else 0
    part = window(start, size, len(order), fault)
    following = order[start + size - 1] if part.more else None
    records = [bent(show(key), fault) for key in order[part.start : part.stop]]
    return {name: records, "total": part.total, "revision": revision, "next": following}
