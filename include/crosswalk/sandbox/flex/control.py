"""Seeing and changing sites behind Flex's interface: the part of the control API below /_sandbox/flex."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from crosswalk.sandbox.flex import reading, writing
from crosswalk.sandbox.flex.site import DEFAULT_KEY, Site, populated
from crosswalk.sandbox.flex.system import Flex
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes

Parts = Mapping[str, str]
Handler = Callable[[Site, Request, Parts], Reply]
BASE = "/_sandbox/flex/sites"
LIST_LIMIT = 100_000


def add_routes(routes: Routes[Callable[[Request, Parts], Reply]], system: Callable[[], Flex]) -> None:
    """Add the routes of this system, as it stands when one is called, to those of the control API."""

    def add(method: str, path: str, handler: Handler) -> None:
        routes.add(method, f"{BASE}/{{site}}{path}", lambda request, parts: _locked(system(), handler, request, parts))

    routes.add("GET", BASE, lambda _request, _parts: json_reply(overview(system())))
    routes.add("POST", BASE, lambda request, _: json_reply(_site_json(open_site(system(), request.json())), 201))
    routes.add("DELETE", f"{BASE}/{{site}}", lambda _, parts: _drop(system(), parts))
    add("PATCH", "", _change_site)
    add("GET", "/contacts", _list)
    add("POST", "/contacts", _create)
    add("GET", "/contacts/{id}", lambda site, _, parts: json_reply(reading.contact_json(site, site.find(parts["id"]))))
    add("PATCH", "/contacts/{id}", lambda site, request, parts: _reply(site, writing.change(site, parts["id"], request.json()).contact_id))
    add("DELETE", "/contacts/{id}", _mark_deleted)
    add("GET", "/links", lambda site, _request, _parts: json_reply({"links": _links(site), "total": len(site.links)}))
    add("GET", "/deals", lambda site, _request, _parts: json_reply({"deals": _deals(site), "total": len(site.deals)}))


def overview(system: Flex) -> dict[str, Any]:
    """Every site with its counts."""
    return {site_id: _site_json(site) for site_id, site in system.sites.items()}


def open_site(system: Flex, body: Mapping[str, Any]) -> Site:
    """Create a site, or replace the one with that id. Raises Refused (422 INVALID)."""
    site_id, key = body.get("site"), body.get("api_key", DEFAULT_KEY)
    numbers = {name: body.get(name, 0) for name in ("companies", "contacts", "seed")}
    if not (isinstance(site_id, str) and site_id and isinstance(key, str) and key):
        raise Refused(422, "INVALID", "site and api_key are texts")
    if not all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in numbers.values()):
        raise Refused(422, "INVALID", "companies, contacts and seed are whole numbers")
    system.sites[site_id] = populated(site_id, key, numbers, numbers["seed"] or 7)
    return system.sites[site_id]


def _site_json(site: Site) -> dict[str, Any]:
    there = [one for one in site.contacts.values() if not one.deleted]
    companies = sum(one.organization for one in there)
    counts = {"companies": companies, "contacts": len(there) - companies, "links": len(site.links), "deals": len(site.deals)}
    return {**counts, "resource_types": list(site.types), "renew": site.renew}


def _locked(system: Flex, handler: Handler, request: Request, parts: Parts) -> Reply:
    site = system.site(parts["site"])
    with site.lock:
        return handler(site, request, parts)


def _drop(system: Flex, parts: Parts) -> Reply:
    del system.sites[system.site(parts["site"]).site_id]
    return json_reply({"deleted": 1})


def _change_site(site: Site, request: Request, _: Parts) -> Reply:
    """{renew, resource_types, end_tokens}: renew every token with each answer; other types; tokens ended."""
    body = request.json()
    types = body.get("resource_types", list(site.types))
    if (
        not isinstance(types, list)
        or not all(isinstance(name, str) and name for name in types)
        or set(body) - {"renew", "resource_types", "end_tokens"}
    ):
        raise Refused(422, "INVALID", "renew and end_tokens are true or false, resource_types a list of names")
    site.types = {name: site.types.get(name, f"rt-{place}") for place, name in enumerate(types, 100)}
    site.renew = body.get("renew", site.renew) is True
    if body.get("end_tokens") is True:
        site.tokens.clear()
    return json_reply(_site_json(site))


def _list(site: Site, request: Request, _: Parts) -> Reply:
    wanted = {name: text for name, text in request.query.items() if name not in ("limit", "offset")}
    rows = [reading.contact_json(site, site.contacts[key]) for key in sorted(site.contacts)]
    found = [row for row in rows if all(str(row.get(name) or "").casefold() == text.casefold() for name, text in wanted.items())]
    offset, limit = request.whole_number("offset", 0, 0, LIST_LIMIT), request.whole_number("limit", 100, 0, LIST_LIMIT)
    return json_reply({"contacts": found[offset : offset + limit], "total": len(found)})


def _create(site: Site, request: Request, _: Parts) -> Reply:
    """One contact, in the form of the contract's POST, or {contacts: […]}; `employerId` may name a contact of the site."""
    body = request.json()
    many = body.get("contacts")
    made = [_created(site, one) for one in (many if isinstance(many, list) else [body])]
    return json_reply({"contacts": made} if many is not None else made[0], 201)


def _created(site: Site, body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused(422, "INVALID", "a contact is an object")
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
