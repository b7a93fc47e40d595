"""The control API at /_sandbox/: see, reset, change, break."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, Template, select_autoescape

from crosswalk.sandbox.app import Sandbox
from crosswalk.sandbox.discovery import found_vendors
from crosswalk.sandbox.faults import Fault, parse_fault
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply, refusal
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.system import System
from crosswalk.sandbox.vendor import Access, Start, Vendor

Parts = Mapping[str, str]
Handler = Callable[[Request, Parts], Reply]


class Control:
    """Answers the control API of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._routes: Routes[Handler] = Routes()
        add = self._routes.add
        add("GET", "/_sandbox/?", self._see)
        add("POST", "/_sandbox/reset", self._reset)
        add("POST", "/_sandbox/checkpoints", self._take_checkpoint)
        add("DELETE", "/_sandbox/checkpoints", self._forget_checkpoints)
        add("POST", "/_sandbox/checkpoints/{number}/restore", self._restore)
        add("GET", "/_sandbox/requests", self._requests)
        add("DELETE", "/_sandbox/requests", self._forget_requests)
        add("GET", "/_sandbox/faults", lambda _request, _parts: json_reply({"faults": sandbox.faults.pending()}))
        add("POST", "/_sandbox/faults", self._add_faults)
        add("DELETE", "/_sandbox/faults", self._clear_faults)
        add("GET", "/_sandbox/settings", lambda _request, _parts: json_reply(self._settings()))
        add("PATCH", "/_sandbox/settings", self._change_settings)
        add("POST", "/_sandbox/customers", self._open_customer)
        add("GET", "/_sandbox/customers/{system}/{customer}", self._customer)
        for name, vendor in found_vendors().items():
            vendor.add_control_routes(self._routes, partial(self._system, name))

    def answer(self, request: Request) -> Reply:
        """Answer one request; errors have FMG's shape."""
        try:
            handler, parts = self._routes.find(request.method, request.path)
            return handler(request, parts)
        except Refused as refused:
            return refusal(refused)

    def state(self) -> dict[str, Any]:
        """Everything there is to see, without records."""
        return {
            "start": asdict(self.sandbox.start),
            **{name: {vendor.customers: vendor.overview(self._system(name))} for name, vendor in found_vendors().items()},
            "requests": self.sandbox.log.counters(found_vendors()),
            "faults": self.sandbox.faults.pending(),
            "settings": self._settings(),
        }

    def _see(self, request: Request, _: Parts) -> Reply:
        if "text/html" not in request.headers.get("accept", ""):
            return json_reply(self.state())
        page = _page().render(vendors=found_vendors().values(), state=self.state(), entries=self.sandbox.log.entries(None)[-20:])
        security = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return Reply(200, page.encode(), "text/html; charset=utf-8", security)

    def _reset(self, request: Request, _: Parts) -> Reply:
        body = request.json()
        _require_whole(body, set(asdict(self.sandbox.start)))
        self.sandbox.reset(Start(**{**asdict(self.sandbox.start), **body}))
        return json_reply(self.state())

    def _take_checkpoint(self, _: Request, __: Parts) -> Reply:
        return json_reply({"checkpoint": self.sandbox.checkpoints.take(self.sandbox.vendors)}, 201)

    def _restore(self, _: Request, parts: Parts) -> Reply:
        number = parts["number"]
        self.sandbox.restore(int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0)
        return json_reply(self.state())

    def _forget_checkpoints(self, _: Request, __: Parts) -> Reply:
        return json_reply({"deleted": self.sandbox.checkpoints.forget()})

    def _requests(self, request: Request, _: Parts) -> Reply:
        system = request.query.get("system")
        if system not in (None, *found_vendors()):
            raise Refused(422, "INVALID", f"system is one of {', '.join(found_vendors())}")
        return json_reply({"counters": self.sandbox.log.counters(found_vendors()), "requests": self.sandbox.log.entries(system)})

    def _forget_requests(self, _: Request, __: Parts) -> Reply:
        self.sandbox.log.clear()
        return json_reply({"counters": self.sandbox.log.counters(found_vendors())})

    def _add_faults(self, request: Request, _: Parts) -> Reply:
        body = request.json()
        listed = body.get("faults")
        if isinstance(listed, list):
            if set(body) != {"faults"} or not all(isinstance(item, dict) for item in listed):
                raise Refused(422, "INVALID", "faults is a list of faults, and stands alone")
            faults = [_fault(item) for item in listed]
        else:
            faults = [_fault(body)]
        for fault in faults:
            self.sandbox.faults.add(fault)
        return json_reply({"faults": self.sandbox.faults.pending()}, 201)

    def _clear_faults(self, _: Request, __: Parts) -> Reply:
        self.sandbox.faults.clear()
        return json_reply({"faults": []})

    def _settings(self) -> dict[str, Any]:
        systems = self.sandbox.vendors.systems
        of_systems = {f"{name}_{field}": value for name, one in systems.items() for field, value in asdict(one.settings).items()}
        return {"compress": self.sandbox.settings.compress, **of_systems}

    def _change_settings(self, request: Request, _: Parts) -> Reply:
        body, now = request.json(), self._settings()
        flags = {name for name, value in now.items() if isinstance(value, bool)}
        for name in flags & set(body):
            if not isinstance(body[name], bool):
                raise Refused(422, "INVALID", f"{name} is true or false")
        _require_whole({name: value for name, value in body.items() if name not in flags}, set(now) - flags)
        self.sandbox.settings.compress = body.get("compress", now["compress"])
        for name, system in self.sandbox.vendors.systems.items():
            for field in asdict(system.settings):
                setattr(system.settings, field, body.get(f"{name}_{field}", now[f"{name}_{field}"]))
        return json_reply(self._settings())

    def _system(self, name: str) -> System[Any]:
        """The system in use now: a reset or a restored checkpoint puts another in its place."""
        return self.sandbox.vendors.systems[name]

    def _open_customer(self, request: Request, _: Parts) -> Reply:
        """{system, customer, secret} and what else the vendor's own call takes."""
        body = request.json()
        given = {field: body.pop(field, None) for field in ("system", "customer", "secret")}
        if not all(isinstance(text, str) and text for text in given.values()):
            raise Refused(422, "INVALID", "system, customer and secret are texts")
        vendor, access = _accessible(given["system"])
        customer = vendor.open(self._system(vendor.name), {**access.body(given["customer"], given["secret"]), **body})
        return json_reply(asdict(access.login(customer)), 201)

    def _customer(self, _: Request, parts: Parts) -> Reply:
        vendor, access = _accessible(parts["system"])
        customer = access.body(parts["customer"], "")[vendor.system.customer]
        return json_reply(asdict(access.login(self._system(vendor.name).find(customer))))


@cache
def _page() -> Template:
    environment = Environment(autoescape=select_autoescape(default=True))
    return environment.from_string(files("crosswalk.sandbox").joinpath("page.html.j2").read_text(encoding="utf-8"))


def _require_whole(body: Mapping[str, Any], known: set[str]) -> None:
    for name, value in body.items():
        if name not in known or not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise Refused(422, "INVALID", f"whole numbers may be given for {', '.join(sorted(known))}")


def _fault(body: Mapping[str, Any]) -> Fault:
    vendors = found_vendors()
    return parse_fault(body, {name: one.faults for name, one in vendors.items()}, {one.system.customer for one in vendors.values()})


def _accessible(name: str) -> tuple[Vendor[Any, Any], Access[Any]]:
    vendor = found_vendors().get(name)
    if vendor is None or vendor.access is None:
        known = [other for other, one in found_vendors().items() if one.access]
        raise Refused(422, "INVALID", f"system is one of {', '.join(known)}")
    return vendor, vendor.access
