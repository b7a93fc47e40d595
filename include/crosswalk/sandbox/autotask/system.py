"""Autotask as one of the sandbox's systems: the zone look-up, who may call, and the calls of a database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from crosswalk.sandbox.autotask.database import BLANKS, TYPE_FIELD, Database
from crosswalk.sandbox.autotask.filters import NOT_QUERYABLE, condition
from crosswalk.sandbox.crm.customer import visible
from crosswalk.sandbox.crm.table import counted
from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes

ENTRY = "/autotask/ATServicesRest/V1.0"
BASE = "/autotask/{zone}/ATServicesRest/V1.0"
MAX_PAGE = 500
Parts = Mapping[str, str]
COLLECTIONS = {"Contacts": "contacts", "Companies": "companies"}


@dataclass(frozen=True)
class Action:
    """What a route does. table: the one it is about, "" for none."""

    operation: str
    run: Callable[[Database, str, Request, Parts, Fault | None], Reply]
    table: str = ""
    paged: bool = False


class Autotask:
    """Every Autotask database of the sandbox."""

    name = "autotask"

    def __init__(self) -> None:
        self.databases: dict[str, Database] = {}
        self._routes = _routes()

    def copy(self, later: float) -> Autotask:
        """The same databases, for themselves; times moved by `later` seconds."""
        other = Autotask()
        other.databases = {name: database.copy(later) for name, database in self.databases.copy().items()}
        return other

    def database(self, name: str) -> Database:
        """The database of this name. Raises Refused (404 NOT_FOUND)."""
        if name not in self.databases:
            raise Refused(404, "NOT_FOUND", f"no database {name}")
        return self.databases[name]

    def describe(self, request: Request) -> Call:
        """Find the route, and the database by the user who asks."""
        if request.path == f"{ENTRY}/zoneInformation" and request.method == "GET":
            return Call(self.name, "zone information", self._owner(request.query.get("user", "")))
        owner = self._owner(request.headers.get("username", ""))
        try:
            action, parts = self._routes.find(request.method, request.path)
        except Refused as refused:
            return Call(self.name, "unknown path", owner, write=request.method not in ("GET", "HEAD"), content=refused)
        return Call(self.name, action.operation, owner, paged=action.paged, content=(action, parts))

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        """Carry the request out; `fault` is one of faults.PAGE_KINDS, or None."""
        try:
            if call.operation == "zone information":
                return self._zone(request, call.owner)
            if isinstance(call.content, Refused):
                raise call.content
            action, parts = call.content
            database = self._authorised(request, call.owner, parts["zone"])
            with database.passing(action.table):
                if action.table in database.hidden:
                    raise Refused(500, "HIDDEN", "the resource does not have adequate permissions to query this entity type")
                reply: Reply = action.run(database, action.table, request, parts, fault)
                return reply
        except Refused as refused:
            return _errors(refused, request.method)

    def expire(self, request: Request) -> Reply:  # noqa: ARG002 - Autotask keeps no session to end
        """Refuse the credentials this once."""
        return _errors(Refused(401, "AUTH", "the credentials were refused"))

    def error(self, code: str, status: int) -> Reply:
        """An error of the system's own, as the control API asked for: the code is its text."""
        return _errors(Refused(status or 500, "FAULT", code or "asked for by a fault"))

    def _owner(self, user: str) -> str:
        return next((name for name, database in self.databases.items() if user and database.user == user), "")

    def _zone(self, request: Request, owner: str) -> Reply:
        if not owner:
            raise Refused(500, "USER", "the user is not known")
        zone = self.databases[owner].zone
        url = f"{_origin(request)}/autotask/{zone}/ATServicesRest/"
        return json_reply({"zoneName": zone, "url": url, "webUrl": url.removesuffix("ATServicesRest/"), "ci": 1})

    def _authorised(self, request: Request, owner: str, zone: str) -> Database:
        database = self.databases.get(owner)
        given = (request.headers.get("secret"), request.headers.get("apiintegrationcode"), zone)
        if database is None or given != (database.secret, database.code, database.zone):
            raise Refused(401, "AUTH", "the credentials were refused, or the database is in another zone")
        return database


def _origin(request: Request) -> str:
    return f"http://{request.headers.get('host', 'localhost')}"


def _errors(refused: Refused, method: str = "") -> Reply:
    if refused.code == "METHOD_NOT_ALLOWED":
        return json_reply({"Message": f"The requested resource does not support http method '{method}'."}, 405)
    return json_reply({"errors": [refused.message]}, refused.status)


def _routes() -> Routes[Action]:
    routes: Routes[Action] = Routes()
    routes.add("GET", f"{BASE}/ThresholdInformation", Action("threshold", _threshold))
    for name, table in COLLECTIONS.items():
        path = f"{BASE}/{name}"
        routes.add("POST", f"{path}/query", Action(f"query {name}", _query, table, paged=True))
        routes.add("GET", f"{path}/query", Action(f"query {name}", _query, table, paged=True))
        routes.add("POST", f"{path}/query/count", Action(f"count {name}", _count, table, paged=True))
        routes.add("GET", f"{path}/query/count", Action(f"count {name}", _count, table, paged=True))
        routes.add("POST", f"{path}/query/next", Action(f"query {name}", _query, table, paged=True))
        routes.add("GET", f"{path}/entityInformation/fields", Action(f"fields {name}", _fields, table))
        routes.add("GET", f"{path}/entityInformation/userDefinedFields", Action(f"fields {name}", _user_fields, table))
        routes.add("GET", f"{path}/{{id}}", Action(f"get {name}", _get, table))
    return routes


def _body(request: Request) -> Mapping[str, Any]:
    if request.method == "POST":
        return request.json()
    try:
        value = json.loads(request.query.get("search", ""))
    except ValueError as error:
        raise Refused(500, "QUERY", "search is JSON") from error
    return value if isinstance(value, dict) else {}


def _query(database: Database, table: str, request: Request, _: Parts, fault: Fault | None) -> Reply:
    body, blank = _body(request), BLANKS[table]
    keep, after = condition(body.get("filter"), _queryable(table))
    size = body.get("MaxRecords", MAX_PAGE)
    if not isinstance(size, int) or not 1 <= size <= MAX_PAGE:
        raise Refused(500, "QUERY", f"MaxRecords is 1 to {MAX_PAGE}")
    paging = request.query.get("paging", "")
    after = max(after, int(paging)) if paging.isdigit() else after
    names = body.get("IncludeFields")
    found, last = database.tables[table].page(after, size, keep, fault)
    items = [_shown(visible({**blank, **record}, table, database.hidden), names) for record in found]
    following = f"{_origin(request)}{_next_path(request.path)}?paging={last}" if last else None
    details = {"count": len(items), "requestCount": size, "prevPageUrl": None, "nextPageUrl": following}
    return json_reply({"items": items, "pageDetails": details})


def _next_path(path: str) -> str:
    return re.sub(r"/query(/next)?$", "/query/next", path)


def _shown(record: Mapping[str, Any], names: Any) -> Mapping[str, Any]:
    if not isinstance(names, list):
        return record
    if "id" not in names:
        raise Refused(500, "QUERY", "IncludeFields holds id")
    extra = record.keys() - _queryable("contacts").keys() - _queryable("companies").keys()  # what a fault put there
    return {name: record[name] for name in (*names, *sorted(extra)) if name in record}


@cache
def _queryable(table: str) -> dict[str, Any]:
    """Every field of a table, with its blank value."""
    changed = "lastModifiedDate" if table == "contacts" else "lastTrackedModifiedDateTime"
    return {"id": None, "lastActivityDate": None, changed: None, **BLANKS[table]}


def _count(database: Database, table: str, request: Request, _: Parts, fault: Fault | None) -> Reply:
    keep, after = condition(_body(request).get("filter"), _queryable(table))
    return json_reply({"queryCount": counted(len(database.tables[table].found(keep, after)), fault)})


def _get(database: Database, table: str, _: Request, parts: Parts, __: Fault | None) -> Reply:
    record = database.tables[table].records.get(int(parts["id"]) if parts["id"].isdigit() else 0)
    return json_reply({"item": {**BLANKS[table], **record} if record else None})


def _threshold(database: Database, _: str, __: Request, ___: Parts, ____: Fault | None) -> Reply:
    numbers = {"externalRequestThreshold": database.threshold, "requestThresholdTimeframe": 60}
    return json_reply({**numbers, "currentTimeframeRequestCount": database.used})


def _fields(database: Database, table: str, _: Request, __: Parts, ___: Fault | None) -> Reply:
    fields = [_field(name, value) for name, value in BLANKS[table].items() if name not in ("userDefinedFields", "companyType")]
    if table == "companies":
        fields.append(_picklist("companyType", "integer", database.picklists["companyType"]))
    return json_reply({"fields": fields})


def _user_fields(database: Database, table: str, _: Request, __: Parts, ___: Fault | None) -> Reply:
    listed = [_picklist(TYPE_FIELD, "string", database.picklists["contactType"])] if table == "contacts" else []
    return json_reply({"fields": listed})


def _field(name: str, value: Any) -> dict[str, Any]:
    kind = {bool: "boolean", int: "integer"}.get(type(value), "string")
    return {"name": name, "dataType": kind, "isPickList": False, "isQueryable": name not in NOT_QUERYABLE, "picklistValues": None}


def _picklist(name: str, kind: str, entries: list[list[Any]]) -> dict[str, Any]:
    plain = {"isDefaultValue": False, "parentValue": "", "isSystem": False}
    values = [
        {**plain, "value": value, "label": label, "sortOrder": place, "isActive": active}
        for place, (value, label, active) in enumerate(entries, 1)
    ]
    return {"name": name, "dataType": kind, "isPickList": True, "isQueryable": True, "picklistValues": values}
