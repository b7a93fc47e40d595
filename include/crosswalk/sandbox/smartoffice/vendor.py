"""SmartOffice in the sandbox."""

from __future__ import annotations

from crosswalk.sandbox.smartoffice.control import add_routes, open_office, shown
from crosswalk.sandbox.smartoffice.office import Office
from crosswalk.sandbox.smartoffice.system import PATH, SmartOffice
from crosswalk.sandbox.vendor import Access, Login, Vendor

VENDOR: Vendor[SmartOffice, Office] = Vendor(
    title="SmartOffice",
    system=SmartOffice,
    customers="offices",
    open=open_office,
    show=shown,
    routes=add_routes,
    defaults=lambda start: [
        {"office": "DEMO01", "contacts": start.contacts, "groups": start.groups, "seed": start.seed},
        {"office": "DEMO02", "families": 24, "seed": start.seed},
    ],
    columns=("site", "contacts", "groups", "notes", "sessions", "users"),
    faults=("doctype",),  # a fault of XML
    access=Access(
        body=lambda name, secret: {"office": name.upper(), "password": secret},
        login=lambda office: Login(office.name, PATH, next(iter(office.users.values())).name, {"office": office.name}),
    ),
)
