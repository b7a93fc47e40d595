"""Seeing and changing businesses behind Agent CRM's back: its part of the control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswalk.sandbox.agent_crm.book import Book
from crosswalk.sandbox.agent_crm.business import Business, furnished
from crosswalk.sandbox.agent_crm.fields import OBJECTS
from crosswalk.sandbox.agent_crm.system import DEFAULT_KEY, FMO_BUSINESS, FMO_USER, AgentCrm
from crosswalk.sandbox.bodies import listed
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.system import Parts
from crosswalk.sandbox.vendor import Add

MAX_POLICIES, MAX_AGENTS = 1_000_000, 10_000


def add_routes(add: Add[Business], _: Callable[[], AgentCrm]) -> None:
    """Add the calls about one business to the control API."""
    add("GET", "/records/{object}", _list_records)
    add("POST", "/records/{object}", _add_record)
    add("PATCH", "/records/{object}/{id}", _change_record)


def open_fmo(system: AgentCrm, body: Mapping[str, Any]) -> Business:
    """Create an FMO with a book of any size, or replace the one with that id; its businesses go too. Raises Refused (422 INVALID).

    body: business, user, api_key, name, policies, agents, seed; all optional.
    """
    texts = {"business": FMO_BUSINESS, "user": FMO_USER, "api_key": DEFAULT_KEY, "name": "Summit FMO"}
    numbers = {"policies": (0, MAX_POLICIES), "agents": (0, MAX_AGENTS), "seed": (7, 10_000)}
    for name, value in body.items():
        whole = isinstance(value, int) and not isinstance(value, bool) and name in numbers and 0 <= value <= numbers[name][1]
        if not whole and not (name in texts and isinstance(value, str) and value):
            raise Refused(422, "INVALID", f"{name} is unknown or wrong")
    about = {**texts, **{name: default for name, (default, _) in numbers.items()}, **body}
    if about["policies"] and not about["agents"]:
        raise Refused(422, "INVALID", "somebody has to have written the policies: name agents")
    with system.lock:
        gone = [one.business_id for one in system.customers.values() if about["business"] in (one.business_id, one.parent)]
        for one in gone:
            del system.customers[one]
        system.users[about["user"]] = about["api_key"]
        fmo = Business(about["business"], about["name"], "fmo", members={about["user"]})
        system.customers[fmo.business_id] = furnished(fmo, Book(about["policies"], about["agents"], about["seed"]))
    return fmo


def shown(_: AgentCrm, business: Business) -> dict[str, Any]:
    """A business with the counts of its objects, and its users."""
    counts = {name: shelf.book.count(name) + len(shelf.made) for name, shelf in business.shelves.items()}
    return {**business.json(), "parent": business.parent, "counts": counts, "users": business.users}


def _list_records(business: Business, request: Request, parts: Parts) -> Reply:
    shelf = business.shelf(parts["object"])
    return listed("records", ({"id": one, **(shelf.values(one) or {})} for one in shelf.ids()), request)


def _add_record(business: Business, request: Request, parts: Parts) -> Reply:
    shelf = business.shelf(parts["object"])
    one = shelf.keep(None, dict.fromkeys(OBJECTS[parts["object"]], "") | _values(request, parts))
    return json_reply({"id": one, **(shelf.values(one) or {})}, 201)


def _change_record(business: Business, request: Request, parts: Parts) -> Reply:
    shelf, body = business.shelf(parts["object"]), request.json()
    archived = body.pop("archived", None)
    before = shelf.values(parts["id"])
    if before is None:
        raise Refused(404, "NOT_FOUND", "no such record")
    values = _checked(body, parts["object"])
    if values:
        shelf.keep(parts["id"], {**before, **values})
    if isinstance(archived, bool):
        (shelf.archived.add if archived else shelf.archived.discard)(parts["id"])
    return json_reply({"id": parts["id"], **(shelf.values(parts["id"]) or {})})


def _values(request: Request, parts: Parts) -> dict[str, str]:
    return _checked(request.json(), parts["object"])


def _checked(body: Mapping[str, Any], name: str) -> dict[str, str]:
    if not set(body) <= set(OBJECTS[name]) or not all(isinstance(value, str) for value in body.values()):
        raise Refused(422, "INVALID", f"texts may be given for {', '.join(OBJECTS[name])}")
    return dict(body)
