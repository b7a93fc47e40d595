"""Clients and spouses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crosswalk.sandbox.emoney.firm import Client, Firm
from crosswalk.sandbox.emoney.rules import CLIENT_FIELDS, SPOUSE_FIELDS, WITH_SPOUSE, checked, text_of
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.system import Parts


def client_json(client: Client) -> dict[str, Any]:
    """A client as it is read."""
    head = {"clientId": client.client_id, "externalId": client.external_id or None, "revision": client.revision}
    return {**head, **client.values, "spouse": None if client.spouse is None else dict(client.spouse)}


def create(firm: Firm, request: Request, _: Parts) -> Reply:
    """POST /clients."""
    return json_reply(client_json(added(firm, request.json())), 201)


def added(firm: Firm, body: Mapping[str, Any]) -> Client:
    """Add a client; `spouse` may be among its fields when the control API adds it. Raises Refused (409 EXTERNAL_ID_TAKEN, 422)."""
    given = dict(body)
    external_id = text_of(given, "externalId", 1, 100) if given.get("externalId") is not None else ""
    given.pop("externalId", None)
    taken = next((client for client in firm.clients.values() if external_id and client.external_id == external_id), None)
    values = checked(given, CLIENT_FIELDS)
    if taken:
        raise Refused(409, "EXTERNAL_ID_TAKEN", "a client has this externalId", clientId=taken.client_id)
    return firm.put_client(None, Client(firm.new_id(""), external_id, 1, values))


def update(firm: Firm, request: Request, parts: Parts) -> Reply:
    """PUT /clients/{id}: the fields that are given."""
    before = _guarded(firm, request, parts)
    after = replace(before, values=checked(request.json(), CLIENT_FIELDS, before.values))
    return json_reply(client_json(firm.put_client(before, after)))


def put_spouse(firm: Firm, request: Request, parts: Parts) -> Reply:
    """PUT /clients/{id}/spouse: exactly what is given."""
    before = _guarded(firm, request, parts)
    spouse = checked(request.json(), SPOUSE_FIELDS)
    if before.values["maritalStatus"] not in WITH_SPOUSE:
        raise Refused(409, "MARITAL_STATUS_MISSING", "set maritalStatus before a spouse is added")
    return json_reply(client_json(firm.put_client(before, replace(before, spouse=spouse))))


def drop_spouse(firm: Firm, request: Request, parts: Parts) -> Reply:
    """DELETE /clients/{id}/spouse."""
    before = _guarded(firm, request, parts)
    return json_reply(client_json(firm.put_client(before, replace(before, spouse=None))))


def _guarded(firm: Firm, request: Request, parts: Parts) -> Client:
    client = firm.client(parts["id"])
    asked = request.headers.get("if-match", "")
    if not asked:
        raise Refused(422, "INVALID", "If-Match names the revision to change")
    if asked != f'"{client.revision}"':
        raise Refused(412, "CHANGED", "the client has another revision")
    return client
