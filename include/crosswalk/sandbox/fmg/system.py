"""FMG as one of the sandbox's vendors: its routes."""

from __future__ import annotations

from crosswalk.sandbox.fmg import editing, reading
from crosswalk.sandbox.fmg.account import Account
from crosswalk.sandbox.fmg.activities import activities_page
from crosswalk.sandbox.fmg.jobs import commit_import, open_import, put_part
from crosswalk.sandbox.messages import Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.system import Action, KeyedSystem, Parts

BASE = "/fmg/v1/accounts/{account}"


def _routes() -> Routes[Action[Account]]:
    routes: Routes[Action[Account]] = Routes()
    routes.add("GET", BASE, Action("read account", read=lambda account, *_: account.summary()))
    routes.add("GET", f"{BASE}/contacts", Action("read contacts", read=reading.contacts_page, paged=True))
    routes.add("GET", f"{BASE}/groups", Action("read groups", read=reading.groups_page, paged=True))
    routes.add("GET", f"{BASE}/opt-outs", Action("read opt-outs", read=reading.opt_outs_page, paged=True))
    routes.add("GET", f"{BASE}/activities", Action("read activities", read=activities_page, paged=True))
    routes.add("POST", f"{BASE}/imports", Action("open import", write=open_import))
    routes.add("PUT", f"{BASE}/imports/{{job}}/parts/{{number}}", Action("put part", write=put_part))
    routes.add("POST", f"{BASE}/imports/{{job}}/commit", Action("commit import", write=commit_import))
    for name, by_hand in (("contacts", _edit_contact), ("groups", _edit_group)):
        routes.add("POST", f"{BASE}/{name}", Action(f"edit {name}", write=by_hand, keyed=False))
        routes.add("PATCH", f"{BASE}/{name}/{{id}}", Action(f"edit {name}", write=by_hand, keyed=False))
        routes.add("DELETE", f"{BASE}/{name}/{{id}}", Action(f"edit {name}", write=by_hand, keyed=False))
    return routes


def _edit_contact(account: Account, request: Request, parts: Parts) -> Reply:
    editing.require_unmanaged(account)
    if request.method == "DELETE":
        return json_reply({"deleted": editing.remove_contacts(account, [parts["id"]])})
    if request.method == "PATCH":
        (contact,) = editing.change_contacts(account, [parts["id"]], request.json(), ruled=True)
    else:
        (contact,) = editing.add_contacts(account, [request.json()], ruled=True)
    return json_reply(reading.contact_json(contact, account.listing, account.opt_outs), 201 if request.method == "POST" else 200)


def _edit_group(account: Account, request: Request, parts: Parts) -> Reply:
    editing.require_unmanaged(account)
    if request.method == "DELETE":
        editing.remove_group(account, parts["id"])
        return json_reply({"deleted": 1})
    group = editing.set_group(account, parts.get("id"), request.json(), ruled=True)
    return json_reply(reading.group_json(account.listing, group.group_id), 201 if request.method == "POST" else 200)


class Fmg(KeyedSystem[Account]):
    """Every FMG account of the sandbox."""

    name = "fmg"
    customer = "account"
    routes = _routes()
