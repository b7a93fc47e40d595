"""Seeing and changing organizations behind Mindmatrix's back: its part of the control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswalk.sandbox.bodies import listed, one_or_many, records, texts
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.mindmatrix.organization import DEFAULT_KEY, STATES, Contact, Organization
from crosswalk.sandbox.mindmatrix.rules import FIELDS
from crosswalk.sandbox.mindmatrix.system import Mindmatrix
from crosswalk.sandbox.system import Parts
from crosswalk.sandbox.vendor import Add

EMPTY = dict.fromkeys(FIELDS, "")


def add_routes(add: Add[Organization], _: Callable[[], Mindmatrix]) -> None:
    """Add the calls about one organization to the control API."""
    add("GET", "/contacts", _list)
    add("POST", "/contacts", _create)
    add("PATCH", "/contacts/{id}", _change)
    add("DELETE", "/contacts/{id}", _remove)
    add("PATCH", "/opt-in", _set_states)


def open_organization(system: Mindmatrix, body: Mapping[str, Any]) -> Organization:
    """Create an organization, or replace the one with that id. Raises Refused (422 INVALID)."""
    given = texts({"name": body.get("organization"), **body}, organization=None, name=None, api_key=DEFAULT_KEY)
    made = Organization(given["organization"], given["name"], given["api_key"])
    _add(made, records(body, "contacts"))
    system.customers[made.organization_id] = made
    return made


def shown(_: Mindmatrix, organization: Organization) -> dict[str, Any]:
    """An organization with its counts and its deliveries."""
    deliveries = {key: {"snapshot": one.snapshot, "status": one.status} for key, one in organization.deliveries.items()}
    return {**organization.summary(), "opt_in": len(organization.opt_in), "deliveries": deliveries}


def _list(organization: Organization, request: Request, _: Parts) -> Reply:
    contacts = organization.contacts
    return listed("contacts", (organization.contact_json(contacts[key]) for key in sorted(contacts)), request)


def _create(organization: Organization, request: Request, _: Parts) -> Reply:
    added = _add(organization, one_or_many(request.json(), "contacts"))
    return json_reply({"contacts": [organization.contact_json(one) for one in added]}, 201)


def _add(organization: Organization, given: list[Mapping[str, Any]]) -> list[Contact]:
    added = [_edited(Contact(organization.new_id("m"), "", EMPTY), one) for one in given]
    organization.show({**organization.contacts, **{one.contact_id: one for one in added}})
    _state(organization, [(one.values["email"], record.get("opt_in")) for one, record in zip(added, given, strict=True)])
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
