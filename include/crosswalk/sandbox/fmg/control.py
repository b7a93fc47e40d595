"""Seeing and changing accounts behind FMG's back: its part of the control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswalk.sandbox.bodies import listed, one_or_many, records, texts
from crosswalk.sandbox.fmg import editing, reading
from crosswalk.sandbox.fmg.account import DEFAULT_KEY, Account
from crosswalk.sandbox.fmg.activities import activity_json, add_activities
from crosswalk.sandbox.fmg.system import Fmg
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.system import Parts
from crosswalk.sandbox.vendor import Add


def add_routes(add: Add[Account], _: Callable[[], Fmg]) -> None:
    """Add the calls about one account to the control API."""
    add("GET", "/contacts", _list_contacts)
    add("POST", "/contacts", _create_contacts)
    add("POST", "/contacts/bulk", _bulk)
    add("GET", "/contacts/{id}", lambda account, _, parts: _contact_reply(account, editing.find_contact(account, parts["id"]).contact_id))
    add("PATCH", "/contacts/{id}", _patch_contact)
    add("DELETE", "/contacts/{id}", lambda account, _, parts: json_reply({"deleted": editing.remove_contacts(account, [parts["id"]])}))
    add("GET", "/groups", lambda account, request, _: listed("groups", _groups(account), request))
    add("POST", "/groups", lambda account, request, _: _set_group(account, request, None))
    add("PATCH", "/groups/{id}", lambda account, request, parts: _set_group(account, request, parts["id"]))
    add("DELETE", "/groups/{id}", _drop_group)
    add("GET", "/opt-outs", lambda account, request, _: listed("opt_outs", _opt_outs(account), request))
    add("POST", "/opt-outs", _opt_out)
    add("DELETE", "/opt-outs/{email}", _opt_in)
    add("GET", "/activities", lambda account, request, _: listed("activities", _activities(account), request))
    add("POST", "/activities", _add_activities)


def open_account(system: Fmg, body: Mapping[str, Any]) -> Account:
    """Create an account, or replace the one with that id. Raises Refused (422 INVALID)."""
    given = texts({"name": body.get("account"), **body}, account=None, name=None, api_key=DEFAULT_KEY)
    account = Account(given["account"], given["name"], given["api_key"])
    for group in records(body, "groups"):
        editing.set_group(account, None, group, ruled=False)
    if body.get("contacts"):
        editing.add_contacts(account, records(body, "contacts"), ruled=False)
    account.opt_out((email, "") for email in body.get("opt_outs", []))
    system.customers[account.account_id] = account
    return account


def shown(_: Fmg, account: Account) -> dict[str, Any]:
    """An account with its counts and its imports."""
    jobs = {job.import_id: {"mode": job.mode, "snapshot": job.snapshot, "status": job.status} for job in account.imports.values()}
    return {**account.summary(), "opt_outs": len(account.opt_outs), "activities": len(account.activities), "imports": jobs}


def _contact_reply(account: Account, contact_id: str, status: int = 200) -> Reply:
    return json_reply(reading.contact_json(account.listing.contacts[contact_id], account.listing, account.opt_outs), status)


def _list_contacts(account: Account, request: Request, _: Parts) -> Reply:
    listing = account.listing
    rows = (reading.contact_json(listing.contacts[key], listing, account.opt_outs) for key in listing.contact_order)
    return listed("contacts", rows, request)


def _create_contacts(account: Account, request: Request, _: Parts) -> Reply:
    body = request.json()
    added = editing.add_contacts(account, one_or_many(body, "contacts"), ruled=False)
    made = [reading.contact_json(contact, account.listing, account.opt_outs) for contact in added]
    return json_reply({"contacts": made} if "contacts" in body else made[0], 201)


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


def _activities(account: Account) -> list[dict[str, Any]]:
    return [activity_json(one, number) for number, one in enumerate(account.activities, 1)]


def _add_activities(account: Account, request: Request, _: Parts) -> Reply:
    """One activity, or {"activities": […]}."""
    body, first = request.json(), len(account.activities) + 1
    added = add_activities(account, one_or_many(body, "activities"))
    made = [activity_json(one, number) for number, one in enumerate(added, first)]
    return json_reply({"activities": made} if "activities" in body else made[0], 201)


def _opt_in(account: Account, _: Request, parts: Parts) -> Reply:
    if not account.opt_in(parts["email"]):
        raise Refused(404, "NOT_FOUND", "no such opt-out")
    return json_reply({"deleted": 1})
