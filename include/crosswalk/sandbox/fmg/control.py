"""Seeing and changing accounts behind FMG's back: the part of the control API below /_sandbox/fmg."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswalk.sandbox.fmg import editing, reading
from crosswalk.sandbox.fmg.account import DEFAULT_KEY, Account
from crosswalk.sandbox.fmg.activities import activity_json, add_activities
from crosswalk.sandbox.fmg.system import Fmg
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes

Parts = Mapping[str, str]
Handler = Callable[[Account, Request, Parts], Reply]
LIST_LIMIT = 100_000
BASE = "/_sandbox/fmg/accounts"


def add_routes(routes: Routes[Callable[[Request, Parts], Reply]], system: Callable[[], Fmg]) -> None:
    """Add the routes of this system, as it stands when one is called, to those of the control API."""

    def add(method: str, path: str, handler: Handler) -> None:
        routes.add(method, f"{BASE}/{{account}}{path}", lambda request, parts: _locked(system(), handler, request, parts))

    routes.add("GET", BASE, lambda _request, _parts: json_reply(overview(system())))
    routes.add("POST", BASE, lambda request, _: json_reply(open_account(system(), request.json()).summary(), 201))
    routes.add("DELETE", f"{BASE}/{{account}}", lambda _, parts: _drop_account(system(), parts))
    add("GET", "", lambda account, _request, _parts: json_reply(_account_json(account)))
    add("GET", "/contacts", _list_contacts)
    add("POST", "/contacts", _create_contacts)
    add("POST", "/contacts/bulk", _bulk)
    add("GET", "/contacts/{id}", lambda account, _, parts: _contact_reply(account, editing.find_contact(account, parts["id"]).contact_id))
    add("PATCH", "/contacts/{id}", _patch_contact)
    add("DELETE", "/contacts/{id}", lambda account, _, parts: json_reply({"deleted": editing.remove_contacts(account, [parts["id"]])}))
    add("GET", "/groups", lambda account, _request, _parts: json_reply({"groups": _groups(account), "total": len(account.listing.groups)}))
    add("POST", "/groups", lambda account, request, _: _set_group(account, request, None))
    add("PATCH", "/groups/{id}", lambda account, request, parts: _set_group(account, request, parts["id"]))
    add("DELETE", "/groups/{id}", _drop_group)
    add("GET", "/opt-outs", lambda account, _request, _parts: json_reply({"opt_outs": _opt_outs(account), "total": len(account.opt_outs)}))
    add("POST", "/opt-outs", _opt_out)
    add("DELETE", "/opt-outs/{email}", _opt_in)
    add("GET", "/activities", lambda account, request, _: json_reply(_activities(account, request)))
    add("POST", "/activities", _add_activities)


def overview(system: Fmg) -> dict[str, Any]:
    """Every account with its counts and its imports."""
    return {account_id: _account_json(account) for account_id, account in system.accounts.items()}


def open_account(system: Fmg, body: Mapping[str, Any]) -> Account:
    """Create an account, or replace the one with that id. Raises Refused (422 INVALID)."""
    account_id, key = body.get("account"), body.get("api_key", DEFAULT_KEY)
    name = body.get("name", account_id)
    if not all(isinstance(text, str) and text for text in (account_id, key, name)):
        raise Refused(422, "INVALID", "account, name and api_key are texts")
    account = Account(str(account_id), str(name), str(key))
    for group in _records(body, "groups"):
        editing.set_group(account, None, group, ruled=False)
    if body.get("contacts"):
        editing.add_contacts(account, _records(body, "contacts"), ruled=False)
    account.opt_out((email, "") for email in body.get("opt_outs", []))
    system.accounts[account.account_id] = account
    return account


def _records(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    records = body.get(name, [])
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise Refused(422, "INVALID", f"{name} is a list of records")
    return records


def _account_json(account: Account) -> dict[str, Any]:
    jobs = {job.import_id: {"mode": job.mode, "snapshot": job.snapshot, "status": job.status} for job in account.imports.values()}
    return {**account.summary(), "opt_outs": len(account.opt_outs), "activities": len(account.activities), "imports": jobs}


def _locked(system: Fmg, handler: Handler, request: Request, parts: Parts) -> Reply:
    account = system.account(parts["account"])
    with account.lock:
        return handler(account, request, parts)


def _drop_account(system: Fmg, parts: Parts) -> Reply:
    del system.accounts[system.account(parts["account"]).account_id]
    return json_reply({"deleted": 1})


def _contact_reply(account: Account, contact_id: str, status: int = 200) -> Reply:
    return json_reply(reading.contact_json(account.listing.contacts[contact_id], account.listing, account.opt_outs), status)


def _list_contacts(account: Account, request: Request, _: Parts) -> Reply:
    listing, wanted = account.listing, {name: text for name, text in request.query.items() if name not in ("limit", "offset")}
    rows = [reading.contact_json(listing.contacts[key], listing, account.opt_outs) for key in listing.contact_order]
    found = [row for row in rows if all(_is_or_holds(row.get(name), text) for name, text in wanted.items())]
    offset, limit = request.whole_number("offset", 0, 0, LIST_LIMIT), request.whole_number("limit", 100, 0, LIST_LIMIT)
    return json_reply({"contacts": found[offset : offset + limit], "total": len(found)})


def _is_or_holds(value: object, text: str) -> bool:
    return text in value if isinstance(value, list) else text == (value or "")


def _create_contacts(account: Account, request: Request, _: Parts) -> Reply:
    body = request.json()
    if "contacts" not in body:
        (contact,) = editing.add_contacts(account, [body], ruled=False)
        return _contact_reply(account, contact.contact_id, 201)
    added = editing.add_contacts(account, _records(body, "contacts"), ruled=False)
    return json_reply({"contacts": [reading.contact_json(contact, account.listing, account.opt_outs) for contact in added]}, 201)


def _patch_contact(account: Account, request: Request, parts: Parts) -> Reply:
    (contact,) = editing.change_contacts(account, [parts["id"]], request.json(), ruled=False)
    return _contact_reply(account, contact.contact_id)


def _bulk(account: Account, request: Request, _: Parts) -> Reply:
    """{"set": {…}} or {"delete": true}, of {"ids": […]}, {"all": true} or {"first": n}."""
    body = request.json()
    ids = _bulk_ids(account, body)
    if body.get("delete") is True:
        return json_reply({"deleted": editing.remove_contacts(account, ids)})
    if not isinstance(body.get("set"), dict):
        raise Refused(422, "INVALID", "set holds the fields to change")
    return json_reply({"changed": len(editing.change_contacts(account, ids, body["set"], ruled=False))})


def _bulk_ids(account: Account, body: Mapping[str, Any]) -> list[str]:
    order = account.listing.contact_order
    if body.get("all") is True:
        return order
    if isinstance(body.get("first"), int):
        return order[: body["first"]]
    if isinstance(body.get("ids"), list):
        return [str(contact_id) for contact_id in body["ids"]]
    raise Refused(422, "INVALID", "name the contacts: ids, all or first")


def _groups(account: Account) -> list[dict[str, Any]]:
    return [reading.group_json(account.listing, group_id) for group_id in account.listing.group_order]


def _set_group(account: Account, request: Request, group_id: str | None) -> Reply:
    group = editing.set_group(account, group_id, request.json(), ruled=False)
    return json_reply(reading.group_json(account.listing, group.group_id), 200 if group_id else 201)


def _drop_group(account: Account, _: Request, parts: Parts) -> Reply:
    editing.remove_group(account, parts["id"])
    return json_reply({"deleted": 1})


def _opt_outs(account: Account) -> list[dict[str, Any]]:
    return [reading.opt_out_json(account.opt_outs[key]) for key in sorted(account.opt_outs)]


def _opt_out(account: Account, request: Request, _: Parts) -> Reply:
    email = request.json().get("email")
    if not isinstance(email, str) or not email:
        raise Refused(422, "INVALID", "email is a text")
    holders = [contact.source_id for contact in account.listing.contacts.values() if contact.values["email"].casefold() == email.casefold()]
    account.opt_out([(email, next(iter(holders), ""))])
    return json_reply(reading.opt_out_json(account.opt_outs[email.casefold()]), 201)


def _activities(account: Account, request: Request) -> dict[str, Any]:
    offset, limit = request.whole_number("offset", 0, 0, LIST_LIMIT), request.whole_number("limit", 100, 0, LIST_LIMIT)
    shown = [activity_json(one, number) for number, one in enumerate(account.activities[offset : offset + limit], offset + 1)]
    return {"activities": shown, "total": len(account.activities)}


def _add_activities(account: Account, request: Request, _: Parts) -> Reply:
    """One activity, or {"activities": […]}."""
    body = request.json()
    first = len(account.activities) + 1
    many = "activities" in body
    added = add_activities(account, _records(body, "activities") if many else [body])
    shown = [activity_json(one, number) for number, one in enumerate(added, first)]
    return json_reply({"activities": shown} if many else shown[0], 201)


def _opt_in(account: Account, _: Request, parts: Parts) -> Reply:
    if not account.opt_in(parts["email"]):
        raise Refused(404, "NOT_FOUND", "no such opt-out")
    return json_reply({"deleted": 1})
