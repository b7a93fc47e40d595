"""HubSpot in the sandbox."""

from __future__ import annotations

from crosswalk.sandbox.hubspot.control import add_routes, change_portal, open_portal, shown
from crosswalk.sandbox.hubspot.portal import DEFAULT_PORTAL, Portal
from crosswalk.sandbox.hubspot.system import PATHS, HubSpot
from crosswalk.sandbox.vendor import Access, Login, Vendor

VENDOR: Vendor[HubSpot, Portal] = Vendor(
    title="HubSpot",
    system=HubSpot,
    customers="portals",
    open=open_portal,
    show=shown,
    change=change_portal,
    routes=add_routes,
    defaults=lambda start: [{"portal": DEFAULT_PORTAL, "companies": 20, "contacts": 60, "deals": 30, "seed": start.seed}],
    columns=("companies", "contacts", "deals", "archived"),
    access=Access(
        body=lambda name, secret: {"portal": name, "token": secret},
        login=lambda portal: Login(portal.portal_id, PATHS[0], extra={"portal": portal.portal_id}),
    ),
)
