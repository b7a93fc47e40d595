"""Seeing and changing companies behind ConnectWise's back: the part of the control API below /_sandbox/connectwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswalk.sandbox.connectwise.company import TABLES, ConnectWiseCompany, populated, stamp
from crosswalk.sandbox.connectwise.system import ConnectWise
from crosswalk.sandbox.crm.control import add_table_routes
from crosswalk.sandbox.crm.customer import uncollected
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes

Parts = Mapping[str, str]
BASE = "/_sandbox/connectwise/companies"
_NUMBERS = {"contacts": 0, "companies": 0, "seed": 7}
_TEXTS = ("public_key", "private_key", "client_id", "codebase")


def add_routes(routes: Routes[Callable[[Request, Parts], Reply]], system: Callable[[], ConnectWise]) -> None:
    """Add the routes of this system, as it stands when one is called, to those of the control API."""
    routes.add("GET", BASE, lambda _request, _parts: json_reply(overview(system())))
    routes.add("POST", BASE, lambda request, _parts: json_reply(_summary(open_company(system(), request.json())), 201))
    routes.add("PATCH", f"{BASE}/{{customer}}", lambda request, parts: _settings(system().company(parts["customer"]), request))
    routes.add("DELETE", f"{BASE}/{{customer}}", lambda _, parts: _drop(system(), parts["customer"]))
    add_table_routes(routes, BASE, lambda name: system().company(name), dict.fromkeys(TABLES, stamp))


def overview(system: ConnectWise) -> dict[str, Any]:
    """Every company with its counts."""
    return {name: _summary(company) for name, company in system.companies.items()}


def open_company(system: ConnectWise, body: Mapping[str, Any]) -> ConnectWiseCompany:
    """Create a company full of invented people, or replace the one of that name. Raises Refused (422 INVALID)."""
    numbers = {name: body.get(name, default) for name, default in _NUMBERS.items()}
    name = body.get("company")
    if not isinstance(name, str) or not name or not all(type(one) is int and one >= 0 for one in numbers.values()):
        raise Refused(422, "INVALID", "company is a text; contacts, companies and seed are whole numbers")
    with uncollected():
        made = populated(name, contact_count=numbers["contacts"], company_count=numbers["companies"], seed=numbers["seed"])
    _set(made, {key: value for key, value in body.items() if key not in ("company", *_NUMBERS)})
    system.companies[name] = made
    return made


def _summary(company: ConnectWiseCompany) -> dict[str, Any]:
    counts = {name: len(table.records) for name, table in company.tables.items()}
    return {**counts, "public_key": company.public_key, "codebase": company.codebase, "hidden": sorted(company.hidden)}


def _settings(company: ConnectWiseCompany, request: Request) -> Reply:
    with company.lock:
        _set(company, request.json())
    return json_reply(_summary(company))


def _set(company: ConnectWiseCompany, body: Mapping[str, Any]) -> None:
    """public_key, private_key, client_id, codebase; hidden (tables, or fields as contacts.company)."""
    texts = all(isinstance(body[name], str) and body[name] for name in _TEXTS if name in body)
    if not set(body) <= {*_TEXTS, "hidden"} or not texts or not isinstance(body.get("hidden", []), list):
        raise Refused(422, "INVALID", f"settings are {', '.join(_TEXTS)} and hidden")
    for name in _TEXTS:
        setattr(company, name, body.get(name, getattr(company, name)))
    company.hidden = frozenset(body.get("hidden", company.hidden))


def _drop(system: ConnectWise, name: str) -> Reply:
    del system.companies[system.company(name).name]
    return json_reply({"deleted": 1})
