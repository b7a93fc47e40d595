"""Seeing and changing databases behind Autotask's back: the part of the control API below /_sandbox/autotask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswalk.sandbox.autotask.database import Database, populated, stamp_company, stamp_contact
from crosswalk.sandbox.autotask.system import Autotask
from crosswalk.sandbox.crm.control import add_table_routes
from crosswalk.sandbox.crm.customer import uncollected
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes

Parts = Mapping[str, str]
BASE = "/_sandbox/autotask/databases"
_NUMBERS = {"contacts": 0, "companies": 0, "seed": 7}
_TEXTS = ("user", "secret", "code", "zone")


def add_routes(routes: Routes[Callable[[Request, Parts], Reply]], system: Callable[[], Autotask]) -> None:
    """Add the routes of this system, as it stands when one is called, to those of the control API."""
    routes.add("GET", BASE, lambda _request, _parts: json_reply(overview(system())))
    routes.add("POST", BASE, lambda request, _parts: json_reply(_summary(open_database(system(), request.json())), 201))
    routes.add("PATCH", f"{BASE}/{{customer}}", lambda request, parts: _settings(system().database(parts["customer"]), request))
    routes.add("DELETE", f"{BASE}/{{customer}}", lambda _, parts: _drop(system(), parts["customer"]))
    stamps = {"contacts": stamp_contact, "companies": stamp_company}
    add_table_routes(routes, BASE, lambda name: system().database(name), stamps)


def overview(system: Autotask) -> dict[str, Any]:
    """Every database with its counts."""
    return {name: _summary(database) for name, database in system.databases.items()}


def open_database(system: Autotask, body: Mapping[str, Any]) -> Database:
    """Create a database full of invented people, or replace the one of that name. Raises Refused (422 INVALID)."""
    numbers = {name: body.get(name, default) for name, default in _NUMBERS.items()}
    name = body.get("database")
    if not isinstance(name, str) or not name or not all(type(one) is int and one >= 0 for one in numbers.values()):
        raise Refused(422, "INVALID", "database is a text; contacts, companies and seed are whole numbers")
    with uncollected():
        made = populated(name, contact_count=numbers["contacts"], company_count=numbers["companies"], seed=numbers["seed"])
    _set(made, {key: value for key, value in body.items() if key not in ("database", *_NUMBERS)})
    system.databases[name] = made
    return made


def _summary(database: Database) -> dict[str, Any]:
    shown = {name: getattr(database, name) for name in ("user", "zone", "threshold", "parallel", "used", "picklists")}
    return {**{name: len(table.records) for name, table in database.tables.items()}, **shown, "hidden": sorted(database.hidden)}


def _settings(database: Database, request: Request) -> Reply:
    with database.lock:
        _set(database, request.json())
    return json_reply(_summary(database))


def _set(database: Database, body: Mapping[str, Any]) -> None:
    """user, secret, code, zone; threshold, parallel, used; picklists; hidden (tables, or fields as contacts.companyID)."""
    known = {*_TEXTS, "threshold", "parallel", "used", "picklists", "hidden"}
    texts = all(isinstance(body[name], str) and body[name] for name in _TEXTS if name in body)
    numbers = all(type(body[name]) is int and body[name] >= 0 for name in ("threshold", "parallel", "used") if name in body)
    if not (set(body) <= known and texts and numbers and _fits(body, "picklists", dict) and _fits(body, "hidden", list)):
        raise Refused(422, "INVALID", f"settings are {', '.join(sorted(known))}")
    for name in (*_TEXTS, "threshold", "parallel"):
        setattr(database, name, body.get(name, getattr(database, name)))
    database.picklists = {**database.picklists, **body.get("picklists", {})}
    database.hidden = frozenset(body.get("hidden", database.hidden))
    if "used" in body:
        database.use(body["used"])


def _fits(body: Mapping[str, Any], name: str, kind: type) -> bool:
    return name not in body or isinstance(body[name], kind)


def _drop(system: Autotask, name: str) -> Reply:
    del system.databases[system.database(name).name]
    return json_reply({"deleted": 1})
