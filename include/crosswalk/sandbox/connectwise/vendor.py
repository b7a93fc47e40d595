"""ConnectWise in the sandbox."""

from __future__ import annotations

from crosswalk.sandbox.connectwise.company import ConnectWiseCompany
from crosswalk.sandbox.connectwise.control import add_routes, change_company, open_company, shown
from crosswalk.sandbox.connectwise.system import ConnectWise
from crosswalk.sandbox.vendor import Access, Login, Vendor

VENDOR: Vendor[ConnectWise, ConnectWiseCompany] = Vendor(
    title="ConnectWise",
    system=ConnectWise,
    customers="companies",
    open=open_company,
    show=shown,
    change=change_company,
    routes=add_routes,
    defaults=lambda _: [{"company": "northwind", "contacts": 200, "companies": 20, "seed": 7}],
    columns=("contacts", "companies", "codebase"),
    access=Access(
        body=lambda name, secret: {"company": name, "private_key": secret},
        login=lambda one: Login(one.name, "/connectwise", one.public_key, {"company": one.name, "client_id": one.client_id}),
    ),
)
