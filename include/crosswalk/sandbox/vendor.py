"""What a vendor's folder declares in its `vendor.py`, as `VENDOR`: all that the server, the control API, the faults and the page need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from crosswalk.sandbox.messages import Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.system import Parts, System

C = TypeVar("C")
S = TypeVar("S", bound=System[Any])
Handler = Callable[[C, Request, Parts], Reply]
"""A call of the control API about one customer; runs under the customer's lock."""
Add = Callable[[str, str, Handler[C]], None]
"""Adds a handler for a method and a path below one customer."""
ControlRoutes = Routes[Callable[[Request, Parts], Reply]]


@dataclass(frozen=True)
class Start:
    """What the default office holds."""

    contacts: int = 200
    groups: int = 10
    seed: int = 7


@dataclass(frozen=True)
class Login:
    """How a client signs in as a customer, secret aside. path: where the vendor's API begins. extra: what else it has to name."""

    customer: str
    path: str
    user: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Access(Generic[C]):
    """How a caller that does not know the vendor opens a customer and signs in as it.

    body: for `Vendor.open`, from a short name and a secret. login: of a customer that is open.
    """

    body: Callable[[str, str], dict[str, Any]]
    login: Callable[[C], Login]


@dataclass(frozen=True, kw_only=True)
class Vendor(Generic[S, C]):
    """One vendor.

    title: as people write it. customers: plural of the system's `customer`; the control API lists them at /_sandbox/<name>/<customers>.
    open: creates a customer from a JSON body, or replaces the one of that id. show: one customer with its counts, without its records.
    change: PATCH of one customer. routes: further calls about one customer, given a way to the system in use at the time of a call.
    defaults: the customers a new sandbox begins with. columns: keys of `show` that the page lists. faults: kinds only this vendor knows.
    access: None where a secret alone does not sign anybody in (eMoney asks for a certificate).
    """

    title: str
    system: type[S]
    customers: str
    open: Callable[[S, Mapping[str, Any]], C]
    show: Callable[[S, C], dict[str, Any]]
    change: Callable[[C, Mapping[str, Any]], None] | None = None
    routes: Callable[[Add[C], Callable[[], S]], None] | None = None
    defaults: Callable[[Start], Sequence[Mapping[str, Any]]] = lambda _: ()
    columns: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    access: Access[C] | None = None

    @property
    def name(self) -> str:
        """Name of the folder, and first part of the vendor's paths."""
        return self.system.name

    def overview(self, system: S) -> dict[str, Any]:
        """Every customer with its counts."""
        return {name: self.show(system, customer) for name, customer in system.customers.items()}

    def add_control_routes(self, routes: ControlRoutes, system: Callable[[], S]) -> None:
        """Add this vendor's part of the control API. system: the one in use when a call comes in."""
        base = f"/_sandbox/{self.name}/{self.customers}"

        def add(method: str, path: str, handler: Handler[C]) -> None:
            def locked(request: Request, parts: Parts) -> Reply:
                customer = system().find(parts["customer"])
                with customer.lock:
                    return handler(customer, request, parts)

            routes.add(method, f"{base}/{{customer}}{path}", locked)

        def opened(request: Request, _: Parts) -> Reply:
            return json_reply(self.show(system(), self.open(system(), request.json())), 201)

        def changed(customer: C, request: Request, _: Parts) -> Reply:
            if self.change:
                self.change(customer, request.json())
            return json_reply(self.show(system(), customer))

        def removed(_: Request, parts: Parts) -> Reply:
            system().remove(parts["customer"])
            return json_reply({"deleted": 1})

        routes.add("GET", base, lambda _request, _parts: json_reply(self.overview(system())))
        routes.add("POST", base, opened)
        routes.add("DELETE", f"{base}/{{customer}}", removed)
        add("GET", "", lambda customer, _request, _parts: json_reply(self.show(system(), customer)))
        if self.change:
            add("PATCH", "", changed)
        if self.routes:
            self.routes(add, system)
