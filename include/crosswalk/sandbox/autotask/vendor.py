"""Autotask in the sandbox."""

from __future__ import annotations

from crosswalk.sandbox.autotask.control import add_routes, change_database, open_database, shown
from crosswalk.sandbox.autotask.database import Database
from crosswalk.sandbox.autotask.system import Autotask
from crosswalk.sandbox.vendor import Access, Login, Vendor

VENDOR: Vendor[Autotask, Database] = Vendor(
    title="Autotask",
    system=Autotask,
    customers="databases",
    open=open_database,
    show=shown,
    change=change_database,
    routes=add_routes,
    defaults=lambda _: [{"database": "NORTHWIND", "contacts": 200, "companies": 20, "seed": 7}],
    columns=("contacts", "companies", "zone", "used"),
    access=Access(
        # A database is found by its API user alone, so each gets one of its own.
        body=lambda name, secret: {"database": name.upper(), "user": f"api@{name.lower()}.example", "secret": secret},
        login=lambda database: Login(database.name, "/autotask", database.user, {"integration_code": database.code}),
    ),
)
