"""The control API at /_sandbox/: see, reset, change, break."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, Template, select_autoescape

from crosswalk.sandbox.agent_crm import control as agent_crm_control
from crosswalk.sandbox.app import Sandbox, Start
from crosswalk.sandbox.autotask import control as autotask_control
from crosswalk.sandbox.connectwise import control as connectwise_control
from crosswalk.sandbox.emoney import control as emoney_control
from crosswalk.sandbox.faults import SYSTEMS, parse_fault
from crosswalk.sandbox.flex import control as flex_control
from crosswalk.sandbox.fmg import control as fmg_control
from crosswalk.sandbox.hubspot import control as hubspot_control
from crosswalk.sandbox.limits import Limits
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply, refusal
from crosswalk.sandbox.mindmatrix import control as mindmatrix_control
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.smartoffice import control as smartoffice_control

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
        smartoffice_control.add_routes(self._routes, lambda: sandbox.smartoffice)
        fmg_control.add_routes(self._routes, lambda: sandbox.fmg)
        emoney_control.add_routes(self._routes, lambda: sandbox.emoney)
        autotask_control.add_routes(self._routes, lambda: sandbox.vendors.autotask)
        connectwise_control.add_routes(self._routes, lambda: sandbox.vendors.connectwise)
        mindmatrix_control.add_routes(self._routes, lambda: sandbox.vendors.mindmatrix)
        agent_crm_control.add_routes(self._routes, lambda: sandbox.agent_crm)
        hubspot_control.add_routes(self._routes, lambda: sandbox.hubspot)
        flex_control.add_routes(self._routes, lambda: sandbox.flex)

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
            "smartoffice": {"offices": smartoffice_control.overview(self.sandbox.smartoffice)},
            "fmg": {"accounts": fmg_control.overview(self.sandbox.fmg)},
            "emoney": {"firms": emoney_control.overview(self.sandbox.emoney)},
            "autotask": {"databases": autotask_control.overview(self.sandbox.vendors.autotask)},
            "connectwise": {"companies": connectwise_control.overview(self.sandbox.vendors.connectwise)},
            "mindmatrix": {"organizations": mindmatrix_control.overview(self.sandbox.vendors.mindmatrix)},
            "agent_crm": {"businesses": agent_crm_control.overview(self.sandbox.agent_crm)},
            "hubspot": {"portals": hubspot_control.overview(self.sandbox.hubspot)},
            "flex": {"sites": flex_control.overview(self.sandbox.flex)},
            "requests": self.sandbox.log.counters(SYSTEMS),
            "faults": self.sandbox.faults.pending(),
            "settings": self._settings(),
        }

    def _see(self, request: Request, _: Parts) -> Reply:
        if "text/html" not in request.headers.get("accept", ""):
            return json_reply(self.state())
        page = _page().render(state=self.state(), entries=self.sandbox.log.entries(None)[-20:])
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
        if system not in (None, *SYSTEMS):
            raise Refused(422, "INVALID", f"system is one of {', '.join(SYSTEMS)}")
        return json_reply({"counters": self.sandbox.log.counters(SYSTEMS), "requests": self.sandbox.log.entries(system)})

    def _forget_requests(self, _: Request, __: Parts) -> Reply:
        self.sandbox.log.clear()
        return json_reply({"counters": self.sandbox.log.counters(SYSTEMS)})

    def _add_faults(self, request: Request, _: Parts) -> Reply:
        body = request.json()
        listed = body.get("faults")
        if isinstance(listed, list):
            if set(body) != {"faults"} or not all(isinstance(item, dict) for item in listed):
                raise Refused(422, "INVALID", "faults is a list of faults, and stands alone")
            faults = [parse_fault(item) for item in listed]
        else:
            faults = [parse_fault(body)]
        for fault in faults:
            self.sandbox.faults.add(fault)
        return json_reply({"faults": self.sandbox.faults.pending()}, 201)

    def _clear_faults(self, _: Request, __: Parts) -> Reply:
        self.sandbox.faults.clear()
        return json_reply({"faults": []})

    def _limits(self) -> dict[str, Limits]:
        return {"fmg": self.sandbox.fmg.limits, "mindmatrix": self.sandbox.vendors.mindmatrix.limits}

    def _settings(self) -> dict[str, Any]:
        limits = {f"{system}_{name}": value for system, one in self._limits().items() for name, value in asdict(one).items()}
        minute = self.sandbox.emoney.limit
        return {
            "compress": self.sandbox.settings.compress,
            **limits,
            "emoney_requests": minute.requests,
            "emoney_window_seconds": minute.seconds,
            "emoney_retry_after": minute.announce_wait,
        }

    def _change_settings(self, request: Request, _: Parts) -> Reply:
        body, now = request.json(), self._settings()
        for name in ("compress", "emoney_retry_after"):
            if not isinstance(body.get(name, False), bool):
                raise Refused(422, "INVALID", f"{name} is true or false")
        _require_whole({name: value for name, value in body.items() if not isinstance(now.get(name), bool)}, set(now))
        new, minute = {**now, **body}, self.sandbox.emoney.limit
        for system, limits in self._limits().items():
            limits.requests_per_second, limits.parallel = new[f"{system}_requests_per_second"], new[f"{system}_parallel"]
        minute.requests, minute.seconds, minute.announce_wait = (
            new["emoney_requests"],
            new["emoney_window_seconds"],
            new["emoney_retry_after"],
        )
        self.sandbox.settings.compress = new["compress"]
        return json_reply(self._settings())


@cache
def _page() -> Template:
    environment = Environment(autoescape=select_autoescape(default=True))
    return environment.from_string(files("crosswalk.sandbox").joinpath("page.html.j2").read_text(encoding="utf-8"))


def _require_whole(body: Mapping[str, Any], known: set[str]) -> None:
    for name, value in body.items():
        if name not in known or not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise Refused(422, "INVALID", f"whole numbers may be given for {', '.join(sorted(known))}")
