"""eMoney as one of the sandbox's systems: its routes, who may call, the limit, idempotency."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from crosswalk.sandbox.emoney import clients, connections, reading
from crosswalk.sandbox.emoney.firm import Firm, Limit
from crosswalk.sandbox.emoney.signin import issuer_of
from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply, refusal
from crosswalk.sandbox.routes import Routes

BASE = "/emoney/public/v1"
TOKEN_PATH = "/emoney/connect/token"  # noqa: S105 - a path
Parts = Mapping[str, str]


@dataclass(frozen=True)
class Action:
    """What a route does, under the firm's lock. `read` is given the fault that bends its page."""

    operation: str
    read: Callable[[Firm, Request, Parts, Fault | None], Any] | None = None
    write: Callable[[Firm, Request, Parts], Reply] | None = None
    paged: bool = False


class Emoney:
    """Every firm of the sandbox."""

    name = "emoney"

    def __init__(self) -> None:
        self.firms: dict[str, Firm] = {}
        self.limit = Limit()
        self._routes = _routes()

    def copy(self, later: float) -> Emoney:
        """The same firms, for themselves, under the same limit; times moved by `later` seconds."""
        other = Emoney()
        other.limit = self.limit
        other.firms = {firm_id: firm.copy(later) for firm_id, firm in self.firms.copy().items()}
        return other

    def describe(self, request: Request) -> Call:
        """Find the route and whose call it is; a path that is none becomes an operation of its own."""
        if request.path == TOKEN_PATH:
            form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
            firm = self._of_client_id(issuer_of(form.get("client_assertion", "")))
            return Call(self.name, "sign in", firm.firm_id if firm else "", content=form)
        write = request.method not in ("GET", "HEAD")
        firm = self._of_token(_bearer(request))
        owner = firm.firm_id if firm else ""
        try:
            action, parts = self._routes.find(request.method, request.path)
        except Refused as refused:
            return Call(self.name, "unknown path", owner, write=write, content=refused)
        return Call(self.name, action.operation, owner, write=write, paged=action.paged, content=(action, parts))

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        """Carry the request out; `fault` is one of faults.PAGE_KINDS, or None."""
        if call.operation == "sign in":
            return self._sign_in(request, call)
        try:
            firm = self._authorised(request)
            wait = firm.window.wait(self.limit)
            if wait:
                return self._too_many(wait)
            if isinstance(call.content, Refused):
                raise call.content
            action, parts = call.content
            return _carried_out(firm, request, action, parts, fault)
        except Refused as refused:
            return refusal(refused)

    def expire(self, request: Request) -> Reply:
        """End the request's token and say so."""
        firm = self._of_token(_bearer(request))
        if firm:
            firm.sign_in.tokens.pop(_bearer(request), None)
        return refusal(Refused(401, "TOKEN_INVALID", "the token has expired"))

    def error(self, code: str, status: int) -> Reply:
        """An error of the system's own, as the control API asked for."""
        return refusal(Refused(status or 500, code or "INTERNAL", "asked for by a fault"))

    def firm(self, firm_id: str) -> Firm:
        """The firm with this id. Raises Refused (404 NOT_FOUND)."""
        if firm_id not in self.firms:
            raise Refused(404, "NOT_FOUND", f"no firm {firm_id}")
        return self.firms[firm_id]

    def _sign_in(self, request: Request, call: Call) -> Reply:
        try:
            if request.method != "POST" or "form-urlencoded" not in request.headers.get("content-type", ""):
                raise Refused(400, "invalid_request", "POST a form")
            if not call.content.get("client_assertion"):
                raise Refused(400, "invalid_request", "client_assertion is missing")
            if call.owner not in self.firms:
                raise Refused(400, "invalid_client", "unknown client")
            return json_reply(self.firms[call.owner].sign_in.token(call.content, request.headers.get("host", ""), TOKEN_PATH))
        except Refused as refused:
            return json_reply({"error": refused.code, "error_description": refused.message}, refused.status)

    def _authorised(self, request: Request) -> Firm:
        firm = self._of_token(_bearer(request))
        if firm is None or not firm.sign_in.knows(_bearer(request)):
            raise Refused(401, "TOKEN_INVALID", "unknown or expired token")
        if request.headers.get("apikey") != firm.api_key:
            raise Refused(403, "APIKEY_INVALID", "the API key is missing or another firm's")
        return firm

    def _of_client_id(self, client_id: str) -> Firm | None:
        return next((firm for firm in self.firms.values() if firm.sign_in.client_id == client_id), None)

    def _of_token(self, token: str) -> Firm | None:
        return next((firm for firm in self.firms.values() if token and token in firm.sign_in.tokens), None)

    def _too_many(self, wait: float) -> Reply:
        reply = refusal(Refused(429, "RATE_LIMITED", "too many requests"))
        if self.limit.announce_wait:
            reply.headers["Retry-After"] = str(math.ceil(wait))
        return reply


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.casefold() == "bearer" else ""


def _carried_out(firm: Firm, request: Request, action: Action, parts: Parts, fault: Fault | None) -> Reply:
    with firm.lock:
        if action.read:
            return json_reply(action.read(firm, request, parts, fault))
        key = request.headers.get("idempotency-key", "")
        if not key:
            raise Refused(422, "INVALID", "every write carries an Idempotency-Key")
        reply = firm.answers.earlier(key, request)
        if reply is None:
            reply = _written(firm, request, action, parts)
            firm.answers.keep(key, request, reply)
        return reply


def _written(firm: Firm, request: Request, action: Action, parts: Parts) -> Reply:
    try:
        return action.write(firm, request, parts) if action.write else refusal(Refused(404, "NOT_FOUND", "no such call"))
    except Refused as refused:
        return refusal(refused)


def _routes() -> Routes[Action]:
    routes: Routes[Action] = Routes()

    def read(path: str, operation: str, handler: Callable[[Firm, Request, Parts, Fault | None], Any], *, paged: bool = False) -> None:
        routes.add("GET", BASE + path, Action(operation, read=handler, paged=paged))

    def write(method: str, path: str, operation: str, handler: Callable[[Firm, Request, Parts], Reply]) -> None:
        routes.add(method, BASE + path, Action(operation, write=handler))

    read("/firm", "read firm", lambda firm, _request, _parts, _fault: firm.summary())
    read("/clients", "read clients", lambda firm, request, _, fault: reading.clients_page(firm, request, fault), paged=True)
    read("/clients/{id}", "read client", lambda firm, _request, parts, _fault: clients.client_json(firm.client(parts["id"])))
    read("/clients/{id}/connections", "read connections", lambda firm, _request, parts, _fault: connections.listed(firm, parts))
    read(
        "/connections/{id}/available",
        "read available",
        lambda firm, request, parts, fault: reading.available_page(firm, request, fault, parts["id"]),
        paged=True,
    )
    read("/connections/accounts", "read accounts", lambda firm, request, _, fault: reading.accounts_page(firm, request, fault), paged=True)
    write("POST", "/clients", "create client", clients.create)
    write("PUT", "/clients/{id}", "update client", clients.update)
    write("PUT", "/clients/{id}/spouse", "put spouse", clients.put_spouse)
    write("DELETE", "/clients/{id}/spouse", "drop spouse", clients.drop_spouse)
    write("POST", "/clients/{id}/connections", "connect client", connections.connect)
    write("POST", "/connections/{id}/notices", "announce items", connections.announce)
    write("POST", "/connections/{id}/links", "link item", connections.link)
    write("PUT", "/connections/values", "put values", connections.put_values)
    return routes
