"""Seeing and changing accounts behind HubSpot's back: its part of the control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswalk.sandbox.bodies import listed, numbers, one_or_many, texts
from crosswalk.sandbox.hubspot.portal import DEFAULT_TOKEN, SCOPES, TYPES, Portal, Record, populated
from crosswalk.sandbox.hubspot.system import HubSpot
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.system import Parts
from crosswalk.sandbox.vendor import Add, Handler


def add_routes(add: Add[Portal], _: Callable[[], HubSpot]) -> None:
    """Add the calls about one account to the control API."""
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


def open_portal(system: HubSpot, body: Mapping[str, Any]) -> Portal:
    """Create an account, or replace the one with that id. Raises Refused (422 INVALID)."""
    given = texts(body, portal=None, token=DEFAULT_TOKEN)
    sizes = numbers(body, **dict.fromkeys(TYPES, 0), seed=0)
    if any(portal.token == given["token"] and portal.portal_id != given["portal"] for portal in system.customers.values()):
        raise Refused(422, "INVALID", "another portal has this token")
    portal = populated(given["portal"], given["token"], sizes, sizes["seed"] or 7)
    portal.scopes = _scopes(body.get("scopes", sorted(SCOPES)))
    system.customers[portal.portal_id] = portal
    return portal


def shown(_: HubSpot, portal: Portal) -> dict[str, Any]:
    """An account with its counts, scopes and limits."""
    return {**portal.counts(), "scopes": sorted(portal.scopes), "limits": vars(portal.meter.limits)}


def change_portal(portal: Portal, body: Mapping[str, Any]) -> None:
    """{burst, search, daily, scopes}: limits and rights. Raises Refused (422 INVALID)."""
    scopes, limits = _scopes(body.get("scopes", sorted(portal.scopes))), vars(portal.meter.limits)
    given = {name: number for name, number in body.items() if name != "scopes"}
    if set(given) - set(limits) or not all(isinstance(number, int) and number >= 0 for number in given.values()):
        raise Refused(422, "INVALID", "whole numbers may be given for burst, search, daily")
    portal.scopes = scopes
    for name, number in given.items():
        setattr(portal.meter.limits, name, number)


def _scopes(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not set(map(str, value)) <= SCOPES:
        raise Refused(422, "INVALID", f"scopes are among {', '.join(sorted(SCOPES))}")
    return frozenset(map(str, value))


def _for_kind(kind: str, handler: Callable[[Portal, str, Request, Parts], Reply]) -> Handler[Portal]:
    return lambda portal, request, parts: handler(portal, kind, request, parts)


def _list(portal: Portal, kind: str, request: Request, _: Parts) -> Reply:
    ids = portal.listed(kind, archived=request.query.get("archived") == "true")
    return listed(kind, (_json(portal, kind, portal.objects[kind][one]) for one in ids), request, ignore=["archived"])


def _create(portal: Portal, kind: str, request: Request, _: Parts) -> Reply:
    body = request.json()
    made = [_created(portal, kind, one) for one in one_or_many(body, kind)]
    return json_reply({kind: made} if kind in body else made[0], 201)


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
