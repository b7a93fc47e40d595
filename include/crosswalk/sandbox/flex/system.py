"""Flex as one of the sandbox's systems: its routes, who may call, tokens, idempotency."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.flex import reading, writing
from crosswalk.sandbox.flex.site import Site
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes

BASE = "/flex/{site}/f5/api"
Parts = Mapping[str, str]


@dataclass(frozen=True)
class Action:
    """What a route does. `read` is given the fault that bends its page; `write` runs under the site's lock and needs a key."""

    operation: str
    read: Callable[[Site, Request, Parts, Fault | None], Any] | None = None
    write: Callable[[Site, Request, Parts], Reply] | None = None
    paged: bool = False


class Flex:
    """Every Flex site of the sandbox."""

    name = "flex"

    def __init__(self) -> None:
        self.sites: dict[str, Site] = {}
        self._routes = _routes()

    def copy(self, later: float) -> Flex:
        """The same sites, for themselves; times moved by `later` seconds."""
        other = Flex()
        other.sites = {site_id: site.copy(later) for site_id, site in self.sites.copy().items()}
        return other

    def describe(self, request: Request) -> Call:
        """Find the route; a path that is none becomes an operation of its own. To sign in is no write."""
        try:
            action, parts = self._routes.find(request.method, request.path)
        except Refused as refused:
            return Call(self.name, "unknown path", write=request.method not in ("GET", "HEAD"), content=refused)
        return Call(self.name, action.operation, parts["site"], write=action.write is not None, paged=action.paged, content=(action, parts))

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        """Carry the request out; `fault` is one of faults.PAGE_KINDS, or None."""
        try:
            if isinstance(call.content, Refused):
                raise call.content
            action, parts = call.content
            site = self.site(call.owner)
            if action.operation == "sign in":
                return _signed_in(site, request)
            _authorised(site, request)
            reply = _carried_out(site, request, action, parts, fault)
            return _renewed(site, request, reply) if site.renew else reply
        except Refused as refused:
            return error_reply(refused)

    def expire(self, request: Request) -> Reply:
        """End the token, once and for all; an API key is refused this once."""
        token = request.headers.get("x-auth-token", "")
        for site in self.sites.values():
            site.tokens.discard(token)
        return error_reply(Refused(401, "UNAUTHORIZED", "the token has expired"))

    def error(self, code: str, status: int) -> Reply:
        """An error of the system's own, as the control API asked for."""
        return error_reply(Refused(status or 500, code or "INTERNAL", "asked for by a fault"))

    def site(self, site_id: str) -> Site:
        """The site with this id. Raises Refused (404 NOT_FOUND)."""
        if site_id not in self.sites:
            raise Refused(404, "NOT_FOUND", f"no site {site_id}")
        return self.sites[site_id]


def error_reply(refused: Refused) -> Reply:
    """An error in Flex's shape."""
    body: dict[str, Any] = {"status": refused.status, "code": refused.code, "message": refused.message}
    if isinstance(refused, writing.FieldRefused):
        body["field"] = refused.field
    if isinstance(refused, writing.LinkedElsewhere) and refused.contact_id:
        body["contactId"] = refused.contact_id
    return json_reply(body, refused.status)


def _authorised(site: Site, request: Request) -> None:
    token = request.headers.get("x-auth-token", "")
    if token != site.api_key and token not in site.tokens:
        raise Refused(401, "UNAUTHORIZED", "unknown key or token")


def _signed_in(site: Site, request: Request) -> Reply:
    body = request.json()
    if not body.get("username") or site.users.get(str(body["username"])) != body.get("password") or not body.get("source"):
        raise Refused(401, "UNAUTHORIZED", "wrong user or password")
    token = uuid.uuid4().hex
    site.tokens.add(token)
    return json_reply({"token": token})


def _renewed(site: Site, request: Request, reply: Reply) -> Reply:
    """Renew a token with each answer; the one before ends with the second renewal, so that parallel calls go on."""
    if request.headers.get("x-auth-token") == site.api_key:
        return reply
    fresh = uuid.uuid4().hex
    site.tokens.add(fresh)
    return Reply(reply.status, reply.body, reply.content_type, {**reply.headers, "X-Auth-Token-Refreshed": fresh})


def _carried_out(site: Site, request: Request, action: Action, parts: Parts, fault: Fault | None) -> Reply:
    with site.lock:
        if action.read:
            return json_reply(action.read(site, request, parts, fault))
        key = request.headers.get("idempotency-key", "")
        if not key:
            raise Refused(422, "INVALID", "every write carries an Idempotency-Key")
        reply = site.answers.earlier(key, request)
        if reply is None:
            reply = _written(site, request, action, parts)
            site.answers.keep(key, request, reply)
        return reply


def _written(site: Site, request: Request, action: Action, parts: Parts) -> Reply:
    try:
        return action.write(site, request, parts) if action.write else error_reply(Refused(404, "NOT_FOUND", "no such call"))
    except Refused as refused:
        return error_reply(refused)


def _routes() -> Routes[Action]:
    routes: Routes[Action] = Routes()
    add = routes.add
    add("POST", f"{BASE}/authenticate", Action("sign in"))
    add(
        "GET",
        f"{BASE}/contact",
        Action("read contacts", lambda site, request, _, fault: reading.contacts_page(site, request, fault), paged=True),
    )
    add(
        "GET", f"{BASE}/contact/search", Action("search contacts", lambda site, request, _, fault: reading.found_page(site, request, fault))
    )
    add(
        "GET",
        f"{BASE}/contact/{{id}}",
        Action("read contact", lambda site, _, parts, __: reading.contact_json(site, site.find(parts["id"]))),
    )
    add(
        "GET",
        f"{BASE}/contact/{{id}}/key-info/?",
        Action("read contact", lambda site, _, parts, __: reading.key_info(site, site.find(parts["id"]))),
    )
    add(
        "GET",
        f"{BASE}/resource-type",
        Action("read resource types", lambda site, *_: [{"id": one, "name": name} for name, one in site.types.items()]),
    )
    add(
        "GET",
        f"{BASE}/crm-link",
        Action("read links", lambda site, request, _, fault: reading.links_page(site, request, fault), paged=True),
    )
    add(
        "GET",
        f"{BASE}/crm-deal",
        Action("read deals", lambda site, request, _, fault: reading.deals_page(site, request, fault), paged=True),
    )
    add("POST", f"{BASE}/contact", Action("make contact", write=_make))
    add("PATCH", f"{BASE}/contact/{{id}}", Action("change contact", write=_change))
    add("PUT", f"{BASE}/crm-link/{{system}}/{{kind}}/{{source}}", Action("link", write=_link))
    add("DELETE", f"{BASE}/crm-link/{{system}}/{{kind}}/{{source}}", Action("unlink", write=_unlink))
    add("PUT", f"{BASE}/crm-deal/{{system}}/{{source}}", Action("recognise deal", write=_deal))
    return routes


def _make(site: Site, request: Request, _: Parts) -> Reply:
    return json_reply(reading.contact_json(site, writing.make(site, request.json())), 201)


def _change(site: Site, request: Request, parts: Parts) -> Reply:
    return json_reply(reading.contact_json(site, writing.change(site, parts["id"], request.json())))


def _link(site: Site, request: Request, parts: Parts) -> Reply:
    if parts["kind"] not in writing.KINDS:
        raise Refused(404, "NOT_FOUND", "kinds are contact and company")
    return json_reply(writing.set_link(site, (parts["system"], parts["kind"], parts["source"]), request.json()))


def _unlink(site: Site, _: Request, parts: Parts) -> Reply:
    link = (parts["system"], parts["kind"], parts["source"])
    return json_reply({"deleted": 1 if site.links.pop(link, None) else 0})


def _deal(site: Site, request: Request, parts: Parts) -> Reply:
    return json_reply(writing.set_deal(site, parts["system"], parts["source"], request.json()))
