"""Autotask as one of the sandbox's vendors: the zone information for everybody, and the calls of a database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
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
from crosswalk.sandbox.system import Parts, RoutedSystem

ENTRY = "/autotask/ATServicesRest/V1.0"
BASE = "/autotask/{zone}/ATServicesRest/V1.0"
ZONE_INFORMATION = "zone information"
MAX_PAGE = 500
COLLECTIONS = {"Contacts": "contacts", "Companies": "companies"}


@dataclass(frozen=True)
class Action:
    """What a route does. table: the one it is about, "" for none."""

    operation: str
    run: Callable[[Database, str, Request, Parts, Fault | None], Reply]
    table: str = ""
    paged: bool = False
    writes: bool = False


def _origin(request: Request) -> str:
    return f"http://{request.headers.get('host', 'localhost')}"


def _routes() -> Routes[Action]:
    routes: Routes[Action] = Routes()
    routes.add("GET", f"{ENTRY}/zoneInformation", Action(ZONE_INFORMATION, _zone))
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


def _zone(database: Database, _: str, request: Request, __: Parts, ___: Fault | None) -> Reply:
    url = f"{_origin(request)}/autotask/{database.zone}/ATServicesRest/"
    return json_reply({"zoneName": database.zone, "url": url, "webUrl": url.removesuffix("ATServicesRest/"), "ci": 1})


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


class Autotask(RoutedSystem[Database]):
    """Every Autotask database of the sandbox."""

    name = "autotask"
    customer = "database"
    routes = _routes()
    expired = (401, "AUTH", "the credentials were refused")

    def error(self, code: str, status: int) -> Reply:
        """Autotask's errors have no code: the one asked for is the text."""
        return self.refuse(Refused(status or 500, "FAULT", code or "asked for by a fault"))

    def refuse(self, refused: Refused) -> Reply:
        return json_reply({"errors": [refused.message]}, refused.status)

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        if isinstance(call.content, Refused) and call.content.status == 405:
            return json_reply({"Message": f"The requested resource does not support http method '{request.method}'."}, 405)
        return super().answer(request, call, fault)

    def owner(self, request: Request) -> str:
        user = request.query.get("user", "") if request.path == f"{ENTRY}/zoneInformation" else request.headers.get("username", "")
        return next((name for name, database in self.customers.items() if user and database.user == user), "")

    def authorized(self, request: Request, call: Call) -> Database:
        database = self.customers.get(call.owner)
        if call.operation == ZONE_INFORMATION:  # asked before the caller knows where to send the credentials
            if database is None:
                raise Refused(500, "USER", "the user is not known")
            return database
        given = (request.headers.get("secret"), request.headers.get("apiintegrationcode"), call.content[1]["zone"])
        if database is None or given != (database.secret, database.code, database.zone):
            raise Refused(401, "AUTH", "the credentials were refused, or the database is in another zone")
        return database

    def admitted(self, customer: Database, call: Call) -> AbstractContextManager[None]:
        free = call.operation == ZONE_INFORMATION
        return super().admitted(customer, call) if free else customer.passing(call.content[0].table)

    def carry_out(self, customer: Database, request: Request, action: Action, parts: Parts, fault: Fault | None) -> Reply:
        if action.table in customer.hidden:
            raise Refused(500, "HIDDEN", "the resource does not have adequate permissions to query this entity type")
        return action.run(customer, action.table, request, parts, fault)
