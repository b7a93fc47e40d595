"""Seeing and changing databases behind Autotask's back: its part of the control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswalk.sandbox.autotask.database import Database, populated, stamp_company, stamp_contact
from crosswalk.sandbox.autotask.system import Autotask
from crosswalk.sandbox.crm.control import add_table_routes, opened
from crosswalk.sandbox.messages import Refused
from crosswalk.sandbox.vendor import Add

_TEXTS = ("user", "secret", "code", "zone")


def add_routes(add: Add[Database], _: Callable[[], Autotask]) -> None:
    """Add the calls about one database to the control API."""
    add_table_routes(add, {"contacts": stamp_contact, "companies": stamp_company})


def open_database(system: Autotask, body: Mapping[str, Any]) -> Database:
    """Create a database full of invented people, or replace the one of that name. Raises Refused (422 INVALID)."""
    made = opened(body, "database", populated, change_database)
    system.customers[made.name] = made
    return made


def shown(_: Autotask, database: Database) -> dict[str, Any]:
    """A database with its counts and settings."""
    settings = {name: getattr(database, name) for name in ("user", "zone", "threshold", "parallel", "used", "picklists")}
    return {**{name: len(table.records) for name, table in database.tables.items()}, **settings, "hidden": sorted(database.hidden)}


def change_database(database: Database, body: Mapping[str, Any]) -> None:
    """user, secret, code, zone; threshold, parallel, used; picklists; hidden (tables, or fields as contacts.companyID). Raises Refused."""
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
