"""What the sandbox's vendors have in common: customers, routes, and the way from a request to its reply.

A vendor is a subclass of the class that fits it: `System` alone (it reads requests its own way), `RoutedSystem` (REST), `WritingSystem`
(REST, with idempotency keys) or `KeyedSystem` (the same behind one API key per customer). Error shapes and rules stay with the vendor.
"""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.idempotency import Answers
from crosswalk.sandbox.limits import Gate, Limits
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply, refusal
from crosswalk.sandbox.routes import Routes

Parts = Mapping[str, str]
"""The named parts of a path."""


class Customer(Protocol):
    """One customer's data. Writers hold `lock`."""

    @property
    def lock(self) -> threading.RLock: ...

    def copy(self, later: float) -> Self:
        """The same data, independent of this one; times moved by `later` seconds."""


class WritableCustomer(Customer, Protocol):
    """A customer whose vendor takes idempotency keys."""

    @property
    def answers(self) -> Answers: ...


class KeyedCustomer(WritableCustomer, Protocol):
    """A customer with one API key, behind a rate limit."""

    api_key: str

    @property
    def gate(self) -> Gate: ...


C = TypeVar("C", bound=Customer)
W = TypeVar("W", bound=WritableCustomer)
K = TypeVar("K", bound=KeyedCustomer)


@dataclass
class NoSettings:
    """Settings of a vendor that has none."""


class System(ABC, Generic[C]):
    """A vendor: its customers by id, and its answers.

    name: of the vendor's folder, and the first part of its paths. customer: what the vendor calls a customer ("account").
    content_type: of its answers. settings: a dataclass of numbers and booleans the control API may change as `<name>_<field>`.
    """

    name: ClassVar[str]
    customer: ClassVar[str]
    content_type: ClassVar[str] = "application/json"
    settings: Any

    def __init__(self) -> None:
        self.customers: dict[str, C] = {}
        self.settings = NoSettings()

    def copy(self, later: float) -> Self:
        """The same customers, independent of these, under the same settings; times moved by `later` seconds."""
        other = type(self)()
        other.settings = self.settings
        other.customers = {name: customer.copy(later) for name, customer in self.customers.copy().items()}
        return other

    def find(self, name: str) -> C:
        """The customer with this id. Raises Refused (404 NOT_FOUND)."""
        if name not in self.customers:
            raise Refused(404, "NOT_FOUND", f"no {self.customer} {name}")
        return self.customers[name]

    def remove(self, name: str) -> None:
        """Delete a customer. Raises Refused (404 NOT_FOUND)."""
        self.find(name)
        del self.customers[name]

    @abstractmethod
    def describe(self, request: Request) -> Call:
        """Say what a request asks for and which customer it is about, without carrying it out."""

    @abstractmethod
    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        """Carry the request out; `fault` is one of faults.PAGE_KINDS, or None."""

    @abstractmethod
    def expire(self, request: Request) -> Reply:
        """End the request's session or token where there is one, and refuse the request."""

    @abstractmethod
    def error(self, code: str, status: int) -> Reply:
        """An error in the vendor's shape, as a fault asked for it; "" and 0 stand for the vendor's usual one."""


class RouteAction(Protocol):
    """What the log and the faults need to know of a route."""

    @property
    def operation(self) -> str: ...

    @property
    def paged(self) -> bool: ...

    @property
    def writes(self) -> bool: ...


class RoutedSystem(System[C]):
    """A vendor with a table of routes.

    authorized_first: whether an unknown caller gets 401 even for a path that does not exist. expired: status, code and message of `expire`.
    """

    routes: ClassVar[Routes[Any]]
    authorized_first: ClassVar[bool] = False
    expired: ClassVar[tuple[int, str, str]] = (401, "AUTH_FAILED", "the key has expired")
    internal_error: ClassVar[str] = "INTERNAL"

    def describe(self, request: Request) -> Call:
        """Find the route. A path that does not exist is logged as an operation, so that a fault can match it."""
        owner = self.owner(request)
        try:
            action, parts = self.routes.find(request.method, request.path)
        except Refused as refused:
            return Call(self.name, "unknown path", owner, write=request.method not in ("GET", "HEAD"), content=refused)
        owner = owner or parts.get(self.customer, "")
        return Call(self.name, action.operation, owner, write=action.writes, paged=action.paged, content=(action, parts))

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        try:
            if isinstance(call.content, Refused) and not self.authorized_first:
                raise call.content
            customer = self.authorized(request, call)
            with self.admitted(customer, call):
                if isinstance(call.content, Refused):
                    raise call.content
                action, parts = call.content
                return self.carry_out(customer, request, action, parts, fault)
        except Refused as refused:
            return self.refuse(refused)

    def expire(self, request: Request) -> Reply:
        return self.refuse(Refused(*self.expired))

    def error(self, code: str, status: int) -> Reply:
        return self.refuse(Refused(status or 500, code or self.internal_error, "asked for by a fault"))

    def owner(self, request: Request) -> str:
        """The customer a request is about by its headers; "" leaves it to the path."""
        return ""

    def refuse(self, refused: Refused) -> Reply:
        """An error in the vendor's shape."""
        return refusal(refused)

    def admitted(self, customer: C, call: Call) -> AbstractContextManager[None]:
        """Hold the request to the vendor's limits for as long as it runs. Raises Refused (429)."""
        return nullcontext()

    @abstractmethod
    def authorized(self, request: Request, call: Call) -> C:
        """The customer whose credentials the request carries. Raises Refused."""

    @abstractmethod
    def carry_out(self, customer: C, request: Request, action: Any, parts: Parts, fault: Fault | None) -> Reply:
        """Do what the route says. Raises Refused."""


@dataclass(frozen=True)
class Action(Generic[C]):
    """What a route does. `read` is given the fault that bends its page; `write` runs under the customer's lock.

    keyed: a write is refused without an idempotency key.
    """

    operation: str
    read: Callable[[C, Request, Parts, Fault | None], Any] | None = None
    write: Callable[[C, Request, Parts], Reply] | None = None
    paged: bool = False
    keyed: bool = True

    @property
    def writes(self) -> bool:
        """Whether the route changes anything."""
        return self.write is not None


class WritingSystem(RoutedSystem[W]):
    """A vendor whose routes are `Action`s and whose writes carry an idempotency key.

    locked_reads: whether a read waits for a write under way, for a vendor whose data is changed in place.
    """

    locked_reads: ClassVar[bool] = False

    def carry_out(self, customer: W, request: Request, action: Action[W], parts: Parts, fault: Fault | None) -> Reply:
        if action.read:
            with customer.lock if self.locked_reads else nullcontext():
                return json_reply(action.read(customer, request, parts, fault))
        key = request.headers.get("idempotency-key", "")
        if action.keyed and not key:
            raise Refused(422, "INVALID", "this write carries an Idempotency-Key")
        # A repetition that arrives while the first is still running waits for the lock, then gets the first one's answer.
        with customer.lock:
            reply = customer.answers.earlier(key, request)
            if reply is None:
                reply = self._written(customer, request, action, parts)
                customer.answers.keep(key, request, reply)
            return reply

    def _written(self, customer: W, request: Request, action: Action[W], parts: Parts) -> Reply:
        try:
            if action.write is None:
                raise Refused(404, "NOT_FOUND", "no such call")
            return action.write(customer, request, parts)
        except Refused as refused:  # kept as well: a repetition is refused in the same words
            return self.refuse(refused)


class KeyedSystem(WritingSystem[K]):
    """A vendor that names the customer in the path, takes its API key as a bearer token and limits its rate and parallelism."""

    settings: Limits

    def __init__(self) -> None:
        super().__init__()
        self.settings = Limits()

    def authorized(self, request: Request, call: Call) -> K:
        if not any(customer.api_key == request.bearer for customer in self.customers.values()):
            raise Refused(401, "AUTH_FAILED", "unknown API key")
        customer = self.find(call.owner)
        if customer.api_key != request.bearer:
            raise Refused(403, "FORBIDDEN", f"the key is for another {self.customer}")
        return customer

    @contextmanager
    def admitted(self, customer: K, call: Call) -> Iterator[None]:
        with customer.gate.passing(self.settings) as wait:
            if wait:
                raise Refused(429, "RATE_LIMITED", "too many requests", retry_after=math.ceil(wait))
            yield
