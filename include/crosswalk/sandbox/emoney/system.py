"""eMoney as one of the sandbox's vendors: its routes, sign-in with a token, the limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from crosswalk.sandbox.emoney import clients, connections, reading
from crosswalk.sandbox.emoney.firm import Firm, Limit
from crosswalk.sandbox.emoney.signin import issuer_of
from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.system import Action, Parts, WritingSystem

BASE = "/emoney/public/v1"
TOKEN_PATH = "/emoney/connect/token"  # noqa: S105 - a path


def _routes() -> Routes[Action[Firm]]:
    routes: Routes[Action[Firm]] = Routes()

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


class Emoney(WritingSystem[Firm]):
    """Every firm of the sandbox."""

    name = "emoney"
    customer = "firm"
    routes = _routes()
    authorized_first = True
    locked_reads = True
    settings: Limit

    def __init__(self) -> None:
        super().__init__()
        self.settings = Limit()

    def describe(self, request: Request) -> Call:
        """Find the route and, by the token, whose call it is."""
        if request.path == TOKEN_PATH:
            form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
            client_id = issuer_of(form.get("client_assertion", ""))
            firm = next((firm for firm in self.customers.values() if firm.sign_in.client_id == client_id), None)
            return Call(self.name, "sign in", firm.firm_id if firm else "", content=form)
        return super().describe(request)

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        return self._sign_in(request, call) if call.operation == "sign in" else super().answer(request, call, fault)

    def expire(self, request: Request) -> Reply:
        firm = self._of_token(request.bearer)
        if firm:
            firm.sign_in.tokens.pop(request.bearer, None)
        return self.refuse(Refused(401, "TOKEN_INVALID", "the token has expired"))

    def owner(self, request: Request) -> str:
        firm = self._of_token(request.bearer)
        return firm.firm_id if firm else ""

    def authorized(self, request: Request, call: Call) -> Firm:
        firm = self._of_token(request.bearer)
        if firm is None or not firm.sign_in.knows(request.bearer):
            raise Refused(401, "TOKEN_INVALID", "unknown or expired token")
        if request.headers.get("apikey") != firm.api_key:
            raise Refused(403, "APIKEY_INVALID", "the API key is missing or another firm's")
        return firm

    @contextmanager
    def admitted(self, customer: Firm, call: Call) -> Iterator[None]:
        wait = customer.window.wait(self.settings)
        if wait:
            announced = math.ceil(wait) if self.settings.retry_after else None
            raise Refused(429, "RATE_LIMITED", "too many requests", retry_after=announced)
        yield

    def _sign_in(self, request: Request, call: Call) -> Reply:
        try:
            if request.method != "POST" or "form-urlencoded" not in request.headers.get("content-type", ""):
                raise Refused(400, "invalid_request", "POST a form")
            if not call.content.get("client_assertion"):
                raise Refused(400, "invalid_request", "client_assertion is missing")
            if call.owner not in self.customers:
                raise Refused(400, "invalid_client", "unknown client")
            return json_reply(self.customers[call.owner].sign_in.token(call.content, request.headers.get("host", ""), TOKEN_PATH))
        except Refused as refused:
            return json_reply({"error": refused.code, "error_description": refused.message}, refused.status)

    def _of_token(self, token: str) -> Firm | None:
        return next((firm for firm in self.customers.values() if token and token in firm.sign_in.tokens), None)
