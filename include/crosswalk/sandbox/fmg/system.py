"""FMG as one of the sandbox's systems: its routes, who may call, idempotency."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.fmg import editing, reading
from crosswalk.sandbox.fmg.account import Account
from crosswalk.sandbox.fmg.activities import activities_page
from crosswalk.sandbox.fmg.jobs import commit_import, open_import, put_part
from crosswalk.sandbox.limits import Limits
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply, refusal
from crosswalk.sandbox.routes import Routes

BASE = "/fmg/v1/accounts/{account}"
Parts = Mapping[str, str]


@dataclass(frozen=True)
class Action:
    """What a route does. `read` is given the fault that bends its page, `write` runs under the account's lock.

    keyed: the call is refused without an idempotency key.
    """

    operation: str
    read: Callable[[Account, Request, Fault | None], Any] | None = None
    write: Callable[[Account, Request, Parts], Reply] | None = None
    paged: bool = False
    keyed: bool = False


class Fmg:
    """Every FMG account of the sandbox."""

    name = "fmg"

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.limits = Limits()
        self._routes = _routes()

    def copy(self, later: float) -> Fmg:
        """The same accounts, for themselves, under the same limits; times moved by `later` seconds."""
        other = Fmg()
        other.limits = self.limits
        other.accounts = {account_id: account.copy(later) for account_id, account in self.accounts.copy().items()}
        return other

    def describe(self, request: Request) -> Call:
        """Find the route; a path that is none becomes an operation of its own."""
        write = request.method not in ("GET", "HEAD")
        try:
            action, parts = self._routes.find(request.method, request.path)
        except Refused as refused:
            return Call(self.name, "unknown path", write=write, content=refused)
        return Call(self.name, action.operation, parts["account"], write=write, paged=action.paged, content=(action, parts))

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        """Carry the request out; `fault` is one of faults.PAGE_KINDS, or None."""
        try:
            if isinstance(call.content, Refused):
                raise call.content
            action, parts = call.content
            account = self._authorised(request, call.owner)
            with account.gate.passing(self.limits) as wait:
                return _too_many(wait) if wait else _carried_out(account, request, action, parts, fault)
        except Refused as refused:
            return refusal(refused)

    def expire(self, request: Request) -> Reply:  # noqa: ARG002 - FMG keeps no session to end
        """Refuse the key this once."""
        return refusal(Refused(401, "AUTH_FAILED", "the key has expired"))

    def error(self, code: str, status: int) -> Reply:
        """An error of the system's own, as the control API asked for."""
        return refusal(Refused(status or 500, code or "INTERNAL", "asked for by a fault"))

    def account(self, account_id: str) -> Account:
        """The account with this id. Raises Refused (404 NOT_FOUND)."""
        if account_id not in self.accounts:
            raise Refused(404, "NOT_FOUND", f"no account {account_id}")
        return self.accounts[account_id]

    def _authorised(self, request: Request, account_id: str) -> Account:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer" or not any(account.api_key == key for account in self.accounts.values()):
            raise Refused(401, "AUTH_FAILED", "unknown API key")
        account = self.account(account_id)
        if account.api_key != key:
            raise Refused(403, "FORBIDDEN", "the key is for another account")
        return account


def _carried_out(account: Account, request: Request, action: Action, parts: Parts, fault: Fault | None) -> Reply:
    if action.read:
        return json_reply(action.read(account, request, fault))
    key = request.headers.get("idempotency-key", "")
    if action.keyed and not key:
        raise Refused(422, "INVALID", "every write of an import carries an Idempotency-Key")
    with account.lock:
        reply = account.answers.earlier(key, request)
        if reply is None:
            reply = _written(account, request, action, parts)
            account.answers.keep(key, request, reply)
        return reply


def _written(account: Account, request: Request, action: Action, parts: Parts) -> Reply:
    try:
        return action.write(account, request, parts) if action.write else refusal(Refused(404, "NOT_FOUND", "no such call"))
    except Refused as refused:
        return refusal(refused)


def _too_many(wait: float) -> Reply:
    reply = refusal(Refused(429, "RATE_LIMITED", "too many requests"))
    reply.headers["Retry-After"] = str(math.ceil(wait))
    return reply


def _routes() -> Routes[Action]:
    routes: Routes[Action] = Routes()
    routes.add("GET", BASE, Action("read account", read=lambda account, _request, _fault: account.summary()))
    routes.add("GET", f"{BASE}/contacts", Action("read contacts", read=reading.contacts_page, paged=True))
    routes.add("GET", f"{BASE}/groups", Action("read groups", read=reading.groups_page, paged=True))
    routes.add("GET", f"{BASE}/opt-outs", Action("read opt-outs", read=reading.opt_outs_page, paged=True))
    routes.add("GET", f"{BASE}/activities", Action("read activities", read=activities_page, paged=True))
    routes.add("POST", f"{BASE}/imports", Action("open import", write=_open, keyed=True))
    routes.add("PUT", f"{BASE}/imports/{{job}}/parts/{{number}}", Action("put part", write=_put_part, keyed=True))
    routes.add("POST", f"{BASE}/imports/{{job}}/commit", Action("commit import", write=_commit, keyed=True))
    for name, by_hand in (("contacts", _edit_contact), ("groups", _edit_group)):
        routes.add("POST", f"{BASE}/{name}", Action(f"edit {name}", write=by_hand))
        routes.add("PATCH", f"{BASE}/{name}/{{id}}", Action(f"edit {name}", write=by_hand))
        routes.add("DELETE", f"{BASE}/{name}/{{id}}", Action(f"edit {name}", write=by_hand))
    return routes


def _open(account: Account, request: Request, _: Parts) -> Reply:
    return open_import(account, request)


def _put_part(account: Account, request: Request, parts: Parts) -> Reply:
    return put_part(account, request, parts["job"], parts["number"])


def _commit(account: Account, request: Request, parts: Parts) -> Reply:
    return commit_import(account, request, parts["job"])


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
