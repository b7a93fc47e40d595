"""Seeing and changing companies behind ConnectWise's back: its part of the control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswalk.sandbox.connectwise.company import TABLES, ConnectWiseCompany, populated, stamp
from crosswalk.sandbox.connectwise.system import ConnectWise
from crosswalk.sandbox.crm.control import add_table_routes, opened
from crosswalk.sandbox.messages import Refused
from crosswalk.sandbox.vendor import Add

_TEXTS = ("public_key", "private_key", "client_id", "codebase")


def add_routes(add: Add[ConnectWiseCompany], _: Callable[[], ConnectWise]) -> None:
    """Add the calls about one company to the control API."""
    add_table_routes(add, dict.fromkeys(TABLES, stamp))


def open_company(system: ConnectWise, body: Mapping[str, Any]) -> ConnectWiseCompany:
    """Create a company full of invented people, or replace the one of that name. Raises Refused (422 INVALID)."""
    made = opened(body, "company", populated, change_company)
    system.customers[made.name] = made
    return made


def shown(_: ConnectWise, company: ConnectWiseCompany) -> dict[str, Any]:
    """A company with its counts and settings."""
    counts = {name: len(table.records) for name, table in company.tables.items()}
    return {**counts, "public_key": company.public_key, "codebase": company.codebase, "hidden": sorted(company.hidden)}


def change_company(company: ConnectWiseCompany, body: Mapping[str, Any]) -> None:
    """public_key, private_key, client_id, codebase; hidden (tables, or fields as contacts.company). Raises Refused (422 INVALID)."""
    texts = all(isinstance(body[name], str) and body[name] for name in _TEXTS if name in body)
    if not set(body) <= {*_TEXTS, "hidden"} or not texts or not isinstance(body.get("hidden", []), list):
        raise Refused(422, "INVALID", f"settings are {', '.join(_TEXTS)} and hidden")
    for name in _TEXTS:
        setattr(company, name, body.get(name, getattr(company, name)))
    company.hidden = frozenset(body.get("hidden", company.hidden))
