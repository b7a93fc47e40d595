"""Seeing and changing accounts behind HubSpot's interface: the part of the control API below /_sandbox/hubspot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswalk.sandbox.hubspot.portal import DEFAULT_TOKEN, SCOPES, TYPES, Portal, Record, populated
from crosswalk.sandbox.hubspot.system import HubSpot
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes

Parts = Mapping[str, str]
Handler = Callable[[Portal, Request, Parts], Reply]
BASE = "/_sandbox/hubspot/portals"
LIST_LIMIT = 100_000


def add_routes(routes: Routes[Callable[[Request, Parts], Reply]], system: Callable[[], HubSpot]) -> None:
    """Add the routes of this system, as it stands when one is called, to those of the control API."""

    def add(method: str, path: str, handler: Handler) -> None:
        routes.add(method, f"{BASE}/{{portal}}{path}", lambda request, parts: _locked(system(), handler, request, parts))

    routes.add("GET", BASE, lambda _request, _parts: json_reply(overview(system())))
    routes.add("POST", BASE, lambda request, _: json_reply(_portal_json(open_portal(system(), request.json())), 201))
    routes.add("DELETE", f"{BASE}/{{portal}}", lambda _, parts: _drop(system(), parts))
    add("PATCH", "", _change_portal)
    for name in TYPES:
        add("GET", f"/{name}", _for_kind(name, _list))
        add("POST", f"/{name}", _for_kind(name, _create))
        add("GET", f"/{name}/{{id}}", _for_kind(name, lambda portal, kind, _, parts: _reply(portal, kind, portal.find(kind, parts["id"]))))
        add("PATCH", f"/{name}/{{id}}", _for_kind(name, _patch))
        add("DELETE", f"/{name}/{{id}}", _for_kind(name, _archive))
        add("POST", f"/{name}/{{id}}/merge", _for_kind(name, _merge))
        for other in TYPES:
            path = f"/{name}/{{id}}/{other}/{{to}}"
            add("PUT", path, _for_kind(name, _associating(other)))
            add("DELETE", path, _for_kind(name, _associating(other)))


def overview(system: HubSpot) -> dict[str, Any]:
    """Every account with its counts."""
    return {portal_id: _portal_json(portal) for portal_id, portal in system.portals.items()}


def open_portal(system: HubSpot, body: Mapping[str, Any]) -> Portal:
    """Create an account, or replace the one with that id. Raises Refused (422 INVALID)."""
    portal_id, token = body.get("portal"), body.get("token", DEFAULT_TOKEN)
    if not (isinstance(portal_id, str) and portal_id and isinstance(token, str) and token):
        raise Refused(422, "INVALID", "portal and token are texts")
    numbers = {name: body.get(name, 0) for name in (*TYPES, "seed")}
    if not all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in numbers.values()):
        raise Refused(422, "INVALID", "companies, contacts, deals and seed are whole numbers")
    if any(portal.token == token and portal.portal_id != portal_id for portal in system.portals.values()):
        raise Refused(422, "INVALID", "another portal has this token")
    portal = populated(portal_id, token, numbers, numbers["seed"] or 7)
    portal.scopes = _scopes(body.get("scopes", sorted(SCOPES)))
    system.portals[portal_id] = portal
    return portal


def _scopes(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not set(map(str, value)) <= SCOPES:
        raise Refused(422, "INVALID", f"scopes are among {', '.join(sorted(SCOPES))}")
    return frozenset(map(str, value))


def _portal_json(portal: Portal) -> dict[str, Any]:
    return {**portal.counts(), "scopes": sorted(portal.scopes), "limits": vars(portal.meter.limits)}


def _locked(system: HubSpot, handler: Handler, request: Request, parts: Parts) -> Reply:
    portal = system.portal(parts["portal"])
    with portal.lock:
        return handler(portal, request, parts)


def _drop(system: HubSpot, parts: Parts) -> Reply:
    del system.portals[system.portal(parts["portal"]).portal_id]
    return json_reply({"deleted": 1})


def _change_portal(portal: Portal, request: Request, _: Parts) -> Reply:
    """{burst, search, daily, scopes}: limits and rights."""
    body = request.json()
    scopes = _scopes(body.pop("scopes", sorted(portal.scopes)))
    limits = vars(portal.meter.limits)
    if set(body) - set(limits) or not all(isinstance(number, int) and number >= 0 for number in body.values()):
        raise Refused(422, "INVALID", "whole numbers may be given for burst, search, daily")
    portal.scopes = scopes
    for name, number in body.items():
        setattr(portal.meter.limits, name, number)
    return json_reply(_portal_json(portal))


def _for_kind(kind: str, handler: Callable[[Portal, str, Request, Parts], Reply]) -> Handler:
    return lambda portal, request, parts: handler(portal, kind, request, parts)


def _list(portal: Portal, kind: str, request: Request, _: Parts) -> Reply:
    wanted = {name: text for name, text in request.query.items() if name not in ("limit", "offset", "archived")}
    numbers = portal.listed(kind, archived=request.query.get("archived") == "true")
    rows = [_json(portal, kind, portal.objects[kind][number]) for number in numbers]
    found = [row for row in rows if all(row.get(name, "") == text for name, text in wanted.items())]
    offset, limit = request.whole_number("offset", 0, 0, LIST_LIMIT), request.whole_number("limit", 100, 0, LIST_LIMIT)
    return json_reply({kind: found[offset : offset + limit], "total": len(found)})


def _create(portal: Portal, kind: str, request: Request, _: Parts) -> Reply:
    body = request.json()
    many = body.get(kind)
    listed = many if isinstance(many, list) else [body]
    made = [_created(portal, kind, one) for one in listed]
    return json_reply({kind: made} if many is not None else made[0], 201)


def _created(portal: Portal, kind: str, body: Any) -> dict[str, Any]:
    values = _texts(body)
    number = values.pop("id", None)
    record = portal.add(kind, values, int(number) if number and number.isdigit() else None)
    return _json(portal, kind, record)


def _patch(portal: Portal, kind: str, request: Request, parts: Parts) -> Reply:
    return _reply(portal, kind, portal.change(kind, portal.find(kind, parts["id"]), _texts(request.json())))


def _archive(portal: Portal, kind: str, _: Request, parts: Parts) -> Reply:
    portal.change(kind, portal.find(kind, parts["id"]), {}, archived=True)
    return json_reply({"deleted": 1})


def _merge(portal: Portal, kind: str, request: Request, parts: Parts) -> Reply:
    """{"from": id}: the record takes another in."""
    gone = portal.find(kind, str(request.json().get("from")))
    return _reply(portal, kind, portal.merge(kind, portal.find(kind, parts["id"]), gone))


def _associating(other: str) -> Callable[[Portal, str, Request, Parts], Reply]:
    def change(portal: Portal, kind: str, request: Request, parts: Parts) -> Reply:
        one, to = portal.find(kind, parts["id"]), portal.find(other, parts["to"])
        if request.method == "DELETE":
            portal.part((kind, one.number), (other, to.number))
        else:
            portal.associate((kind, one.number), (other, to.number), primary=request.json().get("primary") is True)
        return _reply(portal, kind, one)

    return change


def _texts(body: Any) -> dict[str, str]:
    if not isinstance(body, dict) or not all(isinstance(value, str) for value in body.values()):
        raise Refused(422, "INVALID", "properties are texts")
    return dict(body)


def _reply(portal: Portal, kind: str, record: Record) -> Reply:
    return json_reply(_json(portal, kind, record))


def _json(portal: Portal, kind: str, record: Record) -> dict[str, Any]:
    others = {other: [str(number) for number, _ in portal.others(kind, record.number, other)] for other in TYPES if other != kind}
    return {"id": record.id, **record.values, "archived": record.archived, "associated": others}
