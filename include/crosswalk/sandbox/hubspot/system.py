"""HubSpot as one of the sandbox's systems: its routes, who may call, its errors. Nothing in it writes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.hubspot import reading
from crosswalk.sandbox.hubspot.portal import ALIASES, Portal
from crosswalk.sandbox.hubspot.search import search
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes

PATHS = ("/hubspot/crm/v3/objects", "/hubspot/crm/objects/{version}")
Parts = Mapping[str, str]
WAITS = ("TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY")


@dataclass(frozen=True)
class Action:
    """What a route does with the portal, the kind of object, the request, the parts of its path and the fault that bends its page."""

    operation: str
    read: Callable[[Portal, str, Request, Parts, Fault | None], Any]
    paged: bool = False


class HubSpot:
    """Every HubSpot account of the sandbox, by its id."""

    name = "hubspot"

    def __init__(self) -> None:
        self.portals: dict[str, Portal] = {}
        self._routes = _routes()

    def copy(self, later: float) -> HubSpot:
        """The same accounts, for themselves; times moved by `later` seconds."""
        other = HubSpot()
        other.portals = {portal_id: portal.copy(later) for portal_id, portal in self.portals.copy().items()}
        return other

    def describe(self, request: Request) -> Call:
        """Find the route, and the account by its token."""
        portal = self._by_token(request)
        owner = portal.portal_id if portal else ""
        try:
            action, parts = self._routes.find(request.method, request.path)
        except Refused as refused:
            return Call(self.name, "unknown path", owner, write=request.method not in ("GET", "HEAD"), content=refused)
        kind = ALIASES.get(parts["kind"], "")
        return Call(self.name, f"{action.operation} {kind}".strip(), owner, paged=action.paged, content=(action, parts, kind))

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        """Carry the request out; `fault` is one of faults.PAGE_KINDS, or None."""
        try:
            portal = self._by_token(request)
            if portal is None:
                raise Refused(401, "INVALID_AUTHENTICATION", "Authentication credentials not found")
            if isinstance(call.content, Refused):
                raise call.content
            action, parts, kind = call.content
            broken = portal.meter.take(search=action.operation == "search")
            return _too_many(broken) if broken else _read(portal, action, parts, kind, request, fault)
        except Refused as refused:
            return error_reply(refused.status, refused.code, refused.message)

    def expire(self, request: Request) -> Reply:  # noqa: ARG002 - every token is alike
        """Refuse the token this once."""
        return error_reply(401, "EXPIRED_AUTHENTICATION", "the token expired")

    def error(self, code: str, status: int) -> Reply:
        """An error of the system's own; a policy as code (TEN_SECONDLY_ROLLING, SECONDLY, DAILY) is a 429."""
        return _too_many(code) if code in WAITS else error_reply(status or 500, code or "INTERNAL_ERROR", "asked for by a fault")

    def portal(self, portal_id: str) -> Portal:
        """The account with this id. Raises Refused (404 NOT_FOUND)."""
        if portal_id not in self.portals:
            raise Refused(404, "NOT_FOUND", f"no portal {portal_id}")
        return self.portals[portal_id]

    def _by_token(self, request: Request) -> Portal | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer":
            return None
        return next((portal for portal in self.portals.values() if portal.token == token), None)


def error_reply(status: int, category: str, message: str, **more: str) -> Reply:
    """An error in HubSpot's shape."""
    about = {"status": "error", "message": message, "correlationId": str(uuid.uuid4()), "category": category}
    return json_reply({**about, **more}, status)


def _too_many(policy: str) -> Reply:
    message = f"You have reached your {policy.lower()} limit."
    return error_reply(429, "RATE_LIMITS", message, errorType="RATE_LIMIT", policyName=policy)


def _read(portal: Portal, action: Action, parts: Parts, kind: str, request: Request, fault: Fault | None) -> Reply:
    if not kind:
        raise Refused(404, "OBJECT_NOT_FOUND", "unknown object type")
    if f"crm.objects.{kind}.read" not in portal.scopes:
        raise Refused(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call.")
    return json_reply(action.read(portal, kind, request, parts, fault))


def _routes() -> Routes[Action]:
    routes: Routes[Action] = Routes()
    for path in PATHS:
        routes.add("POST", f"{path}/{{kind}}/search", Action("search", _search, paged=True))
        routes.add(
            "GET",
            f"{path}/{{kind}}",
            Action("list", lambda portal, kind, request, _, fault: reading.page(portal, kind, request, fault), paged=True),
        )
        routes.add(
            "GET",
            f"{path}/{{kind}}/{{id}}",
            Action("get", lambda portal, kind, request, parts, _: reading.one(portal, kind, parts["id"], request)),
        )
        routes.add("GET", f"{path}/{{kind}}/{{id}}/associations/{{to}}", Action("associations of", _associations))
    routes.add("GET", "/hubspot/crm/v4/objects/{kind}/{id}/associations/{to}", Action("labels of", _labelled))
    routes.add("POST", "/hubspot/crm/v4/associations/{kind}/{to}/batch/read", Action("labels of", _batch))
    return routes


def _search(portal: Portal, kind: str, request: Request, _: Parts, fault: Fault | None) -> Any:
    try:
        body = request.json()
    except Refused as refused:
        raise Refused(400, "VALIDATION_ERROR", "the body is not JSON") from refused
    return search(portal, kind, body, fault)


def _associations(portal: Portal, kind: str, request: Request, parts: Parts, _: Fault | None) -> Any:
    return reading.associations(portal, kind, parts["id"], reading.kinds([parts["to"]])[0], request)


def _labelled(portal: Portal, kind: str, _: Request, parts: Parts, __: Fault | None) -> Any:
    return {"results": reading.labelled(portal, kind, parts["id"], reading.kinds([parts["to"]])[0])}


def _batch(portal: Portal, kind: str, request: Request, parts: Parts, _: Fault | None) -> Any:
    to = reading.kinds([parts["to"]])[0]
    ids = [str(one.get("id")) for one in request.json().get("inputs", []) if isinstance(one, dict)]
    found = [{"from": {"id": one}, "to": reading.labelled(portal, kind, one, to)} for one in ids]
    moment = "2026-01-01T00:00:00.000Z"
    return {"status": "COMPLETE", "results": [one for one in found if one["to"]], "startedAt": moment, "completedAt": moment}
