"""Seeing and changing sites behind Flex's back: its part of the control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from crosswalk.sandbox.bodies import listed, numbers, one_or_many, texts
from crosswalk.sandbox.flex import reading, writing
from crosswalk.sandbox.flex.site import DEFAULT_KEY, Site, populated
from crosswalk.sandbox.flex.system import Flex
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.system import Parts
from crosswalk.sandbox.vendor import Add


def add_routes(add: Add[Site], _: Callable[[], Flex]) -> None:
    """Add the calls about one site to the control API."""
    add("GET", "/contacts", _list)
    add("POST", "/contacts", _create)
    add("GET", "/contacts/{id}", lambda site, _, parts: json_reply(reading.contact_json(site, site.find(parts["id"]))))
    add("PATCH", "/contacts/{id}", lambda site, request, parts: _reply(site, writing.change(site, parts["id"], request.json()).contact_id))
    add("DELETE", "/contacts/{id}", _mark_deleted)
    add("GET", "/links", lambda site, request, _: listed("links", _links(site), request))
    add("GET", "/deals", lambda site, request, _: listed("deals", _deals(site), request))


def open_site(system: Flex, body: Mapping[str, Any]) -> Site:
    """Create a site, or replace the one with that id. Raises Refused (422 INVALID)."""
    given = texts(body, site=None, api_key=DEFAULT_KEY)
    sizes = numbers(body, companies=0, contacts=0, seed=0)
    system.customers[given["site"]] = populated(given["site"], given["api_key"], sizes, sizes["seed"] or 7)
    return system.customers[given["site"]]


def shown(_: Flex, site: Site) -> dict[str, Any]:
    """A site with its counts."""
    there = [one for one in site.contacts.values() if not one.deleted]
    companies = sum(one.organization for one in there)
    counts = {"companies": companies, "contacts": len(there) - companies, "links": len(site.links), "deals": len(site.deals)}
    return {**counts, "resource_types": list(site.types), "renew": site.renew}


def change_site(site: Site, body: Mapping[str, Any]) -> None:
    """{renew, resource_types, end_tokens}: renew the token with each answer; other types; end all tokens. Raises Refused (422 INVALID)."""
    types = body.get("resource_types", list(site.types))
    named = isinstance(types, list) and all(isinstance(name, str) and name for name in types)
    if not named or set(body) - {"renew", "resource_types", "end_tokens"}:
        raise Refused(422, "INVALID", "renew and end_tokens are true or false, resource_types a list of names")
    site.types = {name: site.types.get(name, f"rt-{place}") for place, name in enumerate(types, 100)}
    site.renew = body.get("renew", site.renew) is True
    if body.get("end_tokens") is True:
        site.tokens.clear()


def _list(site: Site, request: Request, _: Parts) -> Reply:
    return listed("contacts", (reading.contact_json(site, site.contacts[key]) for key in sorted(site.contacts)), request)


def _create(site: Site, request: Request, _: Parts) -> Reply:
    """One contact, in the form of the contract's POST, or {contacts: […]}; `employerId` may name a contact of the site."""
    body = request.json()
    made = [_created(site, one) for one in one_or_many(body, "contacts")]
    return json_reply({"contacts": made} if "contacts" in body else made[0], 201)


def _created(site: Site, body: Mapping[str, Any]) -> dict[str, Any]:
    employer = site.find(str(body["employerId"])).contact_id if "employerId" in body else ""
    made = writing.make(site, {name: value for name, value in body.items() if name != "employerId"})
    if employer:
        site.contacts[made.contact_id] = replace(made, employer=employer)
    return reading.contact_json(site, site.contacts[made.contact_id])


def _mark_deleted(site: Site, _: Request, parts: Parts) -> Reply:
    contact = site.find(parts["id"])
    site.contacts[contact.contact_id] = replace(contact, deleted=True, edited=site.now())
    return json_reply({"deleted": 1})


def _reply(site: Site, contact_id: str) -> Reply:
    return json_reply(reading.contact_json(site, site.contacts[contact_id]))


def _links(site: Site) -> list[dict[str, str]]:
    return [reading.link_json(link, site.links[link]) for link in sorted(site.links)]


def _deals(site: Site) -> list[dict[str, Any]]:
    return [{"system": key[0], "sourceId": key[1], **site.deals[key]} for key in sorted(site.deals)]
