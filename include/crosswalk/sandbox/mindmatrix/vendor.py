"""Mindmatrix in the sandbox."""

from __future__ import annotations

from crosswalk.sandbox.mindmatrix.control import add_routes, open_organization, shown
from crosswalk.sandbox.mindmatrix.organization import Organization
from crosswalk.sandbox.mindmatrix.system import Mindmatrix
from crosswalk.sandbox.vendor import Access, Login, Vendor

VENDOR: Vendor[Mindmatrix, Organization] = Vendor(
    title="Mindmatrix",
    system=Mindmatrix,
    customers="organizations",
    open=open_organization,
    show=shown,
    routes=add_routes,
    defaults=lambda _: [{"organization": "MM-2001", "name": "Northwind Partners"}],
    columns=("name", "contacts", "opt_in", "generation", "last_snapshot", "revision"),
    access=Access(
        body=lambda name, secret: {"organization": name, "api_key": secret},
        login=lambda one: Login(one.organization_id, "/mindmatrix", extra={"organization": one.organization_id}),
    ),
)
