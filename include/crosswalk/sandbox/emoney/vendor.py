"""eMoney in the sandbox."""

from __future__ import annotations

from crosswalk.sandbox.emoney.control import add_routes, change_firm, open_firm, shown
from crosswalk.sandbox.emoney.firm import DEFAULT_FIRM, Firm
from crosswalk.sandbox.emoney.system import Emoney
from crosswalk.sandbox.vendor import Vendor

VENDOR: Vendor[Emoney, Firm] = Vendor(
    title="eMoney",
    system=Emoney,
    customers="firms",
    open=open_firm,
    show=shown,
    change=change_firm,
    routes=add_routes,
    defaults=lambda _: [{"firm": DEFAULT_FIRM, "name": "Quill Planning"}],
    columns=("name", "clients", "investments", "policies", "notices", "revision", "certificates"),
)
