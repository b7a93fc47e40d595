"""Agent CRM as one of the sandbox's vendors: its routes, and who may come into which business."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crosswalk.sandbox.agent_crm import provisioning, reading
from crosswalk.sandbox.agent_crm.business import Business, Wrong
from crosswalk.sandbox.agent_crm.fields import OBJECTS, field_names, object_json, record_name
from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.system import Parts, RoutedSystem

BASE = "/agent_crm/api"
FMO_BUSINESS = "1b6f0000-0000-4000-8000-000000000001"
FMO_USER = "77aa0000-0000-4000-8000-000000000001"
DEFAULT_KEY = "sandbox-key"

Businesses = dict[str, Business]
Handler = Callable[[Businesses, Business, Request, Parts, Fault | None], Reply]


@dataclass(frozen=True)
class Action:
    """What a route does. writes: no idempotency key here; the contract's sync key does that work."""

    operation: str
    handler: Handler
    writes: bool = False
    paged: bool = False


def _objects(_: Businesses, business: Business, request: Request, __: Parts, ___: Fault | None) -> Reply:
    return json_reply(reading.paged(request, list(business.shelves), object_json))


def _search(_: Businesses, business: Business, request: Request, parts: Parts, fault: Fault | None) -> Reply:
    return json_reply(reading.search(business, request, parts["object"], fault))


def _look_up(_: Businesses, business: Business, request: Request, parts: Parts, __: Fault | None) -> Reply:
    return json_reply(reading.look_up(business, parts["object"], request.query.get("identifier", "")))


def _get(_: Businesses, business: Business, __: Request, parts: Parts, ___: Fault | None) -> Reply:
    shelf = business.shelf(parts["object"])
    if shelf.values(parts["id"]) is None:
        raise Refused(404, "NOT_FOUND", "no such record in this business")
    return json_reply(shelf.json(parts["id"]))


def _field_value(_: Businesses, business: Business, __: Request, parts: Parts, ___: Fault | None) -> Reply:
    for name, shelf in business.shelves.items():
        values, named = shelf.values(parts["id"]), field_names(name).get(parts["field"])
        if values is not None and named:
            return json_reply({"id": parts["field"], "name": named, "value": values[named]})
    raise Refused(404, "NOT_FOUND", "no such record or field in this business")


def _add(_: Businesses, business: Business, request: Request, parts: Parts, __: Fault | None) -> Reply:
    name = parts["object"]
    one = business.write(name, None, reading.given_fields(name, request.json()))
    return json_reply(business.shelf(name).json(one), 201)


def _change(_: Businesses, business: Business, request: Request, parts: Parts, __: Fault | None) -> Reply:
    name, shelf = parts["object"], business.shelf(parts["object"])
    before = shelf.values(parts["id"])
    if before is None:
        raise Refused(404, "NOT_FOUND", "no such record in this business")
    given = reading.given_fields(name, request.json())
    business.write(name, parts["id"], given if request.method == "PUT" else {**before, **given})
    return json_reply(shelf.json(parts["id"]))


def _upsert(_: Businesses, business: Business, request: Request, parts: Parts, __: Fault | None) -> Reply:
    name, shelf, body = parts["object"], business.shelf(parts["object"]), request.json()
    given, key_field = reading.given_fields(name, body), body.get("key_field", "name")
    if key_field not in ("sync_key", "name", "email") or (key_field != "name" and not given.get(str(key_field))):
        raise Wrong(400, "INVALID", "key_field")
    one = shelf.keyed(str(key_field), _key_of(name, str(key_field), given))
    before = shelf.values(one) if one else None
    written = business.write(name, one, {**(before or {}), **given})
    return json_reply(shelf.json(written), 200 if one else 201)


def _key_of(name: str, key_field: str, given: Mapping[str, str]) -> str:
    return record_name(name, dict.fromkeys(OBJECTS[name], "") | dict(given)) if key_field == "name" else given[key_field]


def _refusal(refused: Refused) -> Reply:
    entry = {"code": refused.code, "message": refused.message, **({"field": refused.field} if isinstance(refused, Wrong) else {})}
    return json_reply({"errors": [entry]}, refused.status)


def _routes() -> Routes[Action]:
    routes: Routes[Action] = Routes()
    routes.add("GET", f"{BASE}/custom-objects", Action("read objects", _objects))
    routes.add("POST", f"{BASE}/records/{{object}}/search", Action("search records", _search, paged=True))
    routes.add("POST", f"{BASE}/records/{{object}}/upsert", Action("upsert record", _upsert, writes=True))
    routes.add("GET", f"{BASE}/records/{{object}}/lookup", Action("look up record", _look_up))
    routes.add("GET", f"{BASE}/records/{{id}}/field-values/{{field}}", Action("read value", _field_value))
    routes.add("POST", f"{BASE}/records/{{object}}", Action("add record", _add, writes=True))
    routes.add("GET", f"{BASE}/records/{{object}}/{{id}}", Action("read record", _get))
    for method in ("PATCH", "PUT"):
        routes.add(method, f"{BASE}/records/{{object}}/{{id}}", Action("change record", _change, writes=True))
    routes.add("POST", f"{BASE}/businesses", Action("create business", provisioning.create_business, writes=True))
    routes.add("GET", f"{BASE}/businesses", Action("list business", provisioning.list_businesses))
    routes.add("GET", f"{BASE}/businesses/{{id}}", Action("read business", provisioning.one_business))
    routes.add("PATCH", f"{BASE}/businesses/{{id}}", Action("change business", provisioning.one_business, writes=True))
    routes.add("POST", f"{BASE}/businesses/{{id}}/users", Action("add user", provisioning.add_user, writes=True))
    routes.add("GET", f"{BASE}/businesses/{{id}}/users", Action("list user", provisioning.list_users))
    return routes


class AgentCrm(RoutedSystem[Business]):
    """Every business of the sandbox. users: API key by user id."""

    name = "agent_crm"
    customer = "business"
    routes = _routes()
    authorized_first = True

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, str] = {}
        self.lock = threading.RLock()

    def copy(self, later: float) -> AgentCrm:
        with self.lock:
            other = super().copy(later)
            other.users = dict(self.users)
            return other

    def owner(self, request: Request) -> str:
        return request.headers.get("x-business-id", "")

    def refuse(self, refused: Refused) -> Reply:
        return _refusal(refused)

    def authorized(self, request: Request, call: Call) -> Business:
        key, user, wanted = (request.headers.get(name, "") for name in ("x-api-key", "x-user-id", "x-business-id"))
        if not key or self.users.get(user) != key:
            raise Refused(401, "AUTH_FAILED", "unknown key, or not this user's")
        business = self.customers.get(wanted)
        if business is None or user not in business.members:
            raise Refused(403, "FORBIDDEN", "the user does not belong to this business")
        return business

    def carry_out(self, customer: Business, request: Request, action: Action, parts: Parts, fault: Fault | None) -> Reply:
        # Provisioning changes the set of businesses, everything else one of them.
        with self.lock if action.operation.endswith(("business", "user")) else customer.lock:
            return action.handler(self.customers, customer, request, parts, fault)
