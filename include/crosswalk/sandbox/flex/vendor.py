"""Flex in the sandbox."""

from __future__ import annotations

from crosswalk.sandbox.flex.control import add_routes, change_site, open_site, shown
from crosswalk.sandbox.flex.site import DEFAULT_SITE, Site
from crosswalk.sandbox.flex.system import Flex
from crosswalk.sandbox.vendor import Access, Login, Vendor

VENDOR: Vendor[Flex, Site] = Vendor(
    title="Flex",
    system=Flex,
    customers="sites",
    open=open_site,
    show=shown,
    change=change_site,
    routes=add_routes,
    defaults=lambda start: [{"site": DEFAULT_SITE, "companies": 20, "contacts": 60, "seed": start.seed}],
    columns=("companies", "contacts", "links", "deals"),
    access=Access(
        body=lambda name, secret: {"site": name, "api_key": secret},
        login=lambda site: Login(site.site_id, f"/flex/{site.site_id}/f5/api"),
    ),
)
