"""Seeing and changing organizations behind Mindmatrix' back: the part of the control API below /_sandbox/mindmatrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.mindmatrix.organization import DEFAULT_KEY, STATES, Contact, Organization
from crosswalk.sandbox.mindmatrix.rules import FIELDS
from crosswalk.sandbox.mindmatrix.system import Mindmatrix
from crosswalk.sandbox.routes import Routes

Parts = Mapping[str, str]
Handler = Callable[[Organization, Request, Parts], Reply]
BASE = "/_sandbox/mindmatrix/organizations"
LIST_LIMIT = 200_000
EMPTY = dict.fromkeys(FIELDS, "")


def add_routes(routes: Routes[Callable[[Request, Parts], Reply]], system: Callable[[], Mindmatrix]) -> None:
    """Add the routes of this system, as it stands when one is called, to those of the control API."""

    def add(method: str, path: str, handler: Handler) -> None:
        def locked(request: Request, parts: Parts) -> Reply:
            organization = system().organization(parts["organization"])
            with organization.lock:
                return handler(organization, request, parts)

        routes.add(method, f"{BASE}/{{organization}}{path}", locked)

    routes.add("GET", BASE, lambda _request, _parts: json_reply(overview(system())))
    routes.add("POST", BASE, lambda request, _parts: json_reply(open_organization(system(), request.json()).summary(), 201))
    routes.add("DELETE", f"{BASE}/{{organization}}", lambda _, parts: _drop(system(), parts["organization"]))
    add("GET", "", lambda one, _request, _parts: json_reply(_summary(one)))
    add("GET", "/contacts", _list)
    add("POST", "/contacts", _create)
    add("PATCH", "/contacts/{id}", _change)
    add("DELETE", "/contacts/{id}", _remove)
    add("PATCH", "/opt-in", _set_states)


def overview(system: Mindmatrix) -> dict[str, Any]:
    """Every organization with its counts and deliveries."""
    return {name: _summary(one) for name, one in system.organizations.items()}


def open_organization(system: Mindmatrix, body: Mapping[str, Any]) -> Organization:
    """Create an organization, or replace the one with that id. Raises Refused (422 INVALID)."""
    name, key = body.get("organization"), body.get("api_key", DEFAULT_KEY)
    title = body.get("name", name)
    if not all(isinstance(text, str) and text for text in (name, key, title)):
        raise Refused(422, "INVALID", "organization, name and api_key are texts")
    made = Organization(str(name), str(title), str(key))
    _add(made, body.get("contacts", []))
    system.organizations[made.organization_id] = made
    return made


def _summary(organization: Organization) -> dict[str, Any]:
    deliveries = {key: {"snapshot": one.snapshot, "status": one.status} for key, one in organization.deliveries.items()}
    return {**organization.summary(), "opt_in": len(organization.opt_in), "deliveries": deliveries}


def _drop(system: Mindmatrix, name: str) -> Reply:
    del system.organizations[system.organization(name).organization_id]
    return json_reply({"deleted": 1})


def _list(organization: Organization, request: Request, _: Parts) -> Reply:
    wanted = {name: text for name, text in request.query.items() if name not in ("limit", "offset")}
    rows = [organization.contact_json(organization.contacts[key]) for key in sorted(organization.contacts)]
    found = [row for row in rows if all((row.get(name) or "") == text for name, text in wanted.items())]
    offset, limit = request.whole_number("offset", 0, 0, LIST_LIMIT), request.whole_number("limit", 100, 0, LIST_LIMIT)
    return json_reply({"contacts": found[offset : offset + limit], "total": len(found)})


def _create(organization: Organization, request: Request, _: Parts) -> Reply:
    body = request.json()
    added = _add(organization, body.get("contacts", [body]))
    return json_reply({"contacts": [organization.contact_json(one) for one in added]}, 201)


def _add(organization: Organization, records: Any) -> list[Contact]:
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise Refused(422, "INVALID", "contacts is a list of records")
    added = [_edited(Contact(organization.new_id("m"), "", EMPTY), one) for one in records]
    organization.show({**organization.contacts, **{one.contact_id: one for one in added}})
    _state(organization, [(one.values["email"], record.get("opt_in")) for one, record in zip(added, records, strict=True)])
    return added


def _edited(before: Contact, changes: Mapping[str, Any]) -> Contact:
    unknown = set(changes) - {*FIELDS, "source_id", "opt_in"}
    if unknown or not all(isinstance(one, str) for one in changes.values()):
        raise Refused(422, "INVALID", f"fields are texts; unknown: {', '.join(sorted(unknown))}")
    values = {**before.values, **{name: changes[name] for name in FIELDS if name in changes}}
    return Contact(before.contact_id, changes.get("source_id", before.source_id), values)


def _change(organization: Organization, request: Request, parts: Parts) -> Reply:
    found = _found(organization, parts["id"])
    changed = _edited(found, request.json())
    organization.show({**organization.contacts, found.contact_id: changed})
    return json_reply(organization.contact_json(changed))


def _remove(organization: Organization, _: Request, parts: Parts) -> Reply:
    gone = _found(organization, parts["id"]).contact_id
    organization.show({key: one for key, one in organization.contacts.items() if key != gone})
    return json_reply({"deleted": 1})


def _found(organization: Organization, contact_id: str) -> Contact:
    """The contact with this id, or with this source id. Raises Refused (404 NOT_FOUND)."""
    by_source = (one for one in organization.contacts.values() if one.source_id == contact_id)
    found = organization.contacts.get(contact_id) or next(by_source, None)
    if found is None:
        raise Refused(404, "NOT_FOUND", "no such contact")
    return found


def _set_states(organization: Organization, request: Request, _: Parts) -> Reply:
    """{e-mail: state}: what the people themselves decided in Mindmatrix."""
    _state(organization, list(request.json().items()))
    return json_reply({"opt_in": len(organization.opt_in)})


def _state(organization: Organization, states: list[tuple[str, Any]]) -> None:
    given = {email.casefold(): state for email, state in states if email and state is not None}
    if not all(state in STATES for state in given.values()):
        raise Refused(422, "INVALID", f"a state is one of {', '.join(STATES)}")
    organization.opt_in = {**organization.opt_in, **given}
