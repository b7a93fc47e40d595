"""Seeing and changing businesses behind Agent CRM's back: the part of the control API below /_sandbox/agent_crm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswalk.sandbox.agent_crm.book import Book
from crosswalk.sandbox.agent_crm.business import Business, furnished
from crosswalk.sandbox.agent_crm.fields import OBJECTS
from crosswalk.sandbox.agent_crm.system import DEFAULT_KEY, FMO_BUSINESS, FMO_USER, AgentCrm
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes

Parts = Mapping[str, str]
Handler = Callable[[Business, Request, Parts], Reply]
BASE = "/_sandbox/agent_crm/businesses"
MAX_POLICIES, MAX_AGENTS = 1_000_000, 10_000


def add_routes(routes: Routes[Callable[[Request, Parts], Reply]], system: Callable[[], AgentCrm]) -> None:
    """Add the routes of this system, as it stands when one is called, to those of the control API."""

    def add(method: str, path: str, handler: Handler) -> None:
        def locked(request: Request, parts: Parts) -> Reply:
            business = system().businesses.get(parts["business"])
            if business is None:
                raise Refused(404, "NOT_FOUND", f"no business {parts['business']}")
            with business.lock:
                return handler(business, request, parts)

        routes.add(method, f"{BASE}/{{business}}{path}", locked)

    routes.add("GET", BASE, lambda _request, _parts: json_reply(overview(system())))
    routes.add("POST", BASE, lambda request, _: json_reply(open_fmo(system(), request.json()).json(), 201))
    add("GET", "", lambda business, _request, _parts: json_reply(_business_json(business)))
    add("GET", "/records/{object}", _list_records)
    add("POST", "/records/{object}", _add_record)
    add("PATCH", "/records/{object}/{id}", _change_record)


def overview(system: AgentCrm) -> dict[str, Any]:
    """Every business with the counts of its objects."""
    return {one: _business_json(business) for one, business in system.businesses.items()}


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
        gone = [one.business_id for one in system.businesses.values() if about["business"] in (one.business_id, one.parent)]
        for one in gone:
            del system.businesses[one]
        system.users[about["user"]] = about["api_key"]
        fmo = Business(about["business"], about["name"], "fmo", members={about["user"]})
        system.businesses[fmo.business_id] = furnished(fmo, Book(about["policies"], about["agents"], about["seed"]))
    return fmo


def _business_json(business: Business) -> dict[str, Any]:
    counts = {name: shelf.book.count(name) + len(shelf.made) for name, shelf in business.shelves.items()}
    return {**business.json(), "parent": business.parent, "counts": counts, "users": business.users}


def _list_records(business: Business, request: Request, parts: Parts) -> Reply:
    """?limit=100&offset=0 and any field as a filter, by its exact value."""
    shelf = business.shelf(parts["object"])
    wanted = {name: text for name, text in request.query.items() if name not in ("limit", "offset")}
    found = [one for one in shelf.ids() if all((shelf.values(one) or {}).get(name) == text for name, text in wanted.items())]
    offset, limit = request.whole_number("offset", 0, 0, 1_000_000), request.whole_number("limit", 100, 0, 100_000)
    rows = [{"id": one, **(shelf.values(one) or {})} for one in found[offset : offset + limit]]
    return json_reply({"records": rows, "total": len(found)})


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
