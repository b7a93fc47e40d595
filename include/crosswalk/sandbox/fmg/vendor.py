"""FMG in the sandbox."""

from __future__ import annotations

from crosswalk.sandbox.fmg.account import Account
from crosswalk.sandbox.fmg.control import add_routes, open_account, shown
from crosswalk.sandbox.fmg.system import Fmg
from crosswalk.sandbox.vendor import Access, Login, Vendor

VENDOR: Vendor[Fmg, Account] = Vendor(
    title="FMG",
    system=Fmg,
    customers="accounts",
    open=open_account,
    show=shown,
    routes=add_routes,
    defaults=lambda _: [{"account": "FMG-1001", "name": "Summit Advisors"}],
    columns=("name", "contacts", "groups", "opt_outs", "generation", "last_snapshot", "revision", "managed_by"),
    access=Access(
        body=lambda name, secret: {"account": name, "api_key": secret},
        login=lambda account: Login(account.account_id, "/fmg", extra={"account": account.account_id}),
    ),
)
