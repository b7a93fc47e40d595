"""Flex as one of the sandbox's vendors: its routes, sign-in, tokens that are renewed."""

from __future__ import annotations

import uuid
from typing import Any

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.flex import reading, writing
from crosswalk.sandbox.flex.site import Site
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.system import Action, Parts, WritingSystem

BASE = "/flex/{site}/f5/api"
SIGN_IN = "sign in"


def _error(refused: Refused) -> Reply:
    """An error in Flex's shape."""
    body: dict[str, Any] = {"status": refused.status, "code": refused.code, "message": refused.message}
    if isinstance(refused, writing.FieldRefused):
        body["field"] = refused.field
    if isinstance(refused, writing.LinkedElsewhere) and refused.contact_id:
        body["contactId"] = refused.contact_id
    return json_reply(body, refused.status)


def _token(request: Request) -> str:
    return request.headers.get("x-auth-token", "")


def _signed_in(site: Site, request: Request) -> Reply:
    body = request.json()
    if not body.get("username") or site.users.get(str(body["username"])) != body.get("password") or not body.get("source"):
        raise Refused(401, "UNAUTHORIZED", "wrong user or password")
    token = uuid.uuid4().hex
    site.tokens.add(token)
    return json_reply({"token": token})


def _renewed(site: Site, request: Request, reply: Reply) -> Reply:
    """Renew a token with each answer; the one before ends with the second renewal, so that parallel calls go on."""
    if _token(request) == site.api_key:
        return reply
    fresh = uuid.uuid4().hex
    site.tokens.add(fresh)
    return Reply(reply.status, reply.body, reply.content_type, {**reply.headers, "X-Auth-Token-Refreshed": fresh})


def _routes() -> Routes[Action[Site]]:
    routes: Routes[Action[Site]] = Routes()
    add = routes.add
    add("POST", f"{BASE}/authenticate", Action(SIGN_IN))
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


class Flex(WritingSystem[Site]):
    """Every Flex site of the sandbox."""

    name = "flex"
    customer = "site"
    routes = _routes()
    locked_reads = True
    expired = (401, "UNAUTHORIZED", "the token has expired")

    def expire(self, request: Request) -> Reply:
        """End the token for good; an API key is refused this once."""
        for site in self.customers.values():
            site.tokens.discard(_token(request))
        return super().expire(request)

    def refuse(self, refused: Refused) -> Reply:
        return _error(refused)

    def authorized(self, request: Request, call: Call) -> Site:
        site = self.find(call.owner)
        if call.operation != SIGN_IN and _token(request) not in (site.api_key, *site.tokens):
            raise Refused(401, "UNAUTHORIZED", "unknown key or token")
        return site

    def carry_out(self, customer: Site, request: Request, action: Action[Site], parts: Parts, fault: Fault | None) -> Reply:
        if action.operation == SIGN_IN:
            return _signed_in(customer, request)
        reply = super().carry_out(customer, request, action, parts, fault)
        return _renewed(customer, request, reply) if customer.renew else reply
