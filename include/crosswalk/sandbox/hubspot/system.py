"""HubSpot as one of the sandbox's vendors: its routes, who may call, its errors. Nothing in it writes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.hubspot import reading
from crosswalk.sandbox.hubspot.portal import ALIASES, Portal
from crosswalk.sandbox.hubspot.search import search
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.system import Parts, RoutedSystem

PATHS = ("/hubspot/crm/v3/objects", "/hubspot/crm/objects/{version}")
WAITS = ("TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY")


@dataclass(frozen=True)
class Action:
    """What a route does with the portal, the kind of object, the request, the parts of its path and the fault that bends its page."""

    operation: str
    read: Callable[[Portal, str, Request, Parts, Fault | None], Any]
    paged: bool = False
    writes: bool = False


def error_reply(status: int, category: str, message: str, **more: str) -> Reply:
    """An error in HubSpot's shape."""
    about = {"status": "error", "message": message, "correlationId": str(uuid.uuid4()), "category": category}
    return json_reply({**about, **more}, status)


def _too_many(policy: str) -> Reply:
    message = f"You have reached your {policy.lower()} limit."
    return error_reply(429, "RATE_LIMITS", message, errorType="RATE_LIMIT", policyName=policy)


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


class HubSpot(RoutedSystem[Portal]):
    """Every HubSpot account of the sandbox, by its id."""

    name = "hubspot"
    customer = "portal"
    routes = _routes()
    authorized_first = True
    expired = (401, "EXPIRED_AUTHENTICATION", "the token expired")
    internal_error = "INTERNAL_ERROR"

    def describe(self, request: Request) -> Call:
        """The operation also names the kind of object, however the path spelled it."""
        call = super().describe(request)
        if isinstance(call.content, Refused):
            return call
        return replace(call, operation=f"{call.operation} {_kind(call.content[1])}".strip())

    def error(self, code: str, status: int) -> Reply:
        """A policy as code (TEN_SECONDLY_ROLLING, SECONDLY, DAILY) is a 429."""
        return _too_many(code) if code in WAITS else super().error(code, status)

    def refuse(self, refused: Refused) -> Reply:
        return error_reply(refused.status, refused.code, refused.message)

    def owner(self, request: Request) -> str:
        portal = self._of_token(request.bearer)
        return portal.portal_id if portal else ""

    def authorized(self, request: Request, call: Call) -> Portal:
        portal = self._of_token(request.bearer)
        if portal is None:
            raise Refused(401, "INVALID_AUTHENTICATION", "Authentication credentials not found")
        return portal

    def carry_out(self, customer: Portal, request: Request, action: Action, parts: Parts, fault: Fault | None) -> Reply:
        broken = customer.meter.take(search=action.operation == "search")
        if broken:
            return _too_many(broken)
        kind = _kind(parts)
        if not kind:
            raise Refused(404, "OBJECT_NOT_FOUND", "unknown object type")
        if f"crm.objects.{kind}.read" not in customer.scopes:
            raise Refused(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call.")
        return json_reply(action.read(customer, kind, request, parts, fault))

    def _of_token(self, token: str) -> Portal | None:
        return next((portal for portal in self.customers.values() if token and portal.token == token), None)


def _kind(parts: Parts) -> str:
    return ALIASES.get(parts["kind"], "")
