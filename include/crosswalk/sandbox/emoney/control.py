"""Seeing and changing firms behind eMoney's back: its part of the control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cryptography import x509

from crosswalk.sandbox.bodies import listed, texts
from crosswalk.sandbox.emoney import clients, connections
from crosswalk.sandbox.emoney.firm import DEFAULT_API_KEY, DEFAULT_CLIENT_ID, Firm
from crosswalk.sandbox.emoney.rules import CLIENT_FIELDS, SPOUSE_FIELDS, VALUE_FIELDS, checked
from crosswalk.sandbox.emoney.signin import new_pair, pem_of
from crosswalk.sandbox.emoney.system import Emoney
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.system import Parts
from crosswalk.sandbox.vendor import Add


def add_routes(add: Add[Firm], _: Callable[[], Emoney]) -> None:
    """Add the calls about one firm to the control API."""
    add("POST", "/certificates", _add_certificate)
    add("DELETE", "/certificates/{kid}", _drop_certificate)
    add("DELETE", "/tokens", _end_tokens)
    add("GET", "/clients", lambda firm, request, _: listed("clients", map(clients.client_json, firm.clients.values()), request))
    add("POST", "/clients", _add_client)
    add("PATCH", "/clients/{id}", _patch_client)
    add("DELETE", "/clients/{id}", _drop_client)
    add("GET", "/notices", lambda firm, request, _: listed("notices", _notices(firm), request))
    add("GET", "/links", lambda firm, request, _: listed("links", map(connections.link_json, firm.links.values()), request))
    add("PATCH", "/links/{id}", _patch_link)
    add("DELETE", "/links/{id}", _drop_link)


def open_firm(system: Emoney, body: Mapping[str, Any]) -> Firm:
    """Create a firm, or replace the one with that id. Raises Refused (422 INVALID)."""
    defaults = {"client_id": DEFAULT_CLIENT_ID, "api_key": DEFAULT_API_KEY}
    given = texts({"name": body.get("firm"), **body}, firm=None, name=None, **defaults)
    firm = Firm(given["firm"], given["name"], given["client_id"], given["api_key"])
    if any(other.sign_in.client_id == firm.sign_in.client_id and other.firm_id != firm.firm_id for other in system.customers.values()):
        raise Refused(422, "INVALID", "another firm has this client_id")
    for client in body.get("clients", []):
        _added(firm, client)
    system.customers[firm.firm_id] = firm
    return firm


def shown(_: Emoney, firm: Firm) -> dict[str, Any]:
    """A firm with its counts and its certificates."""
    signs_in = {"client_id": firm.sign_in.client_id, "certificates": list(firm.sign_in.certificates)}
    return {**firm.summary(), **signs_in, "notices": len(firm.notices), "connections": len(firm.connections)}


def change_firm(firm: Firm, body: Mapping[str, Any]) -> None:
    """{token_seconds}: how long a token lives. Raises Refused (422 INVALID)."""
    seconds = body.get("token_seconds")
    if type(seconds) is not int or seconds < 1:
        raise Refused(422, "INVALID", "token_seconds is a whole number above 0")
    firm.sign_in.token_seconds = seconds


def _add_certificate(firm: Firm, request: Request, _: Parts) -> Reply:
    """Register the certificate that is given, or make one with its private key: {certificate?, key_id?, kind?: "rsa" or "ec"}."""
    body = request.json()
    given, key_id, kind = body.get("certificate"), body.get("key_id", ""), body.get("kind", "rsa")
    if kind not in ("rsa", "ec") or not isinstance(key_id, str):
        raise Refused(422, "INVALID", "kind is rsa or ec, key_id a text")
    if given is None:
        private_key, certificate = new_pair(kind)
        made = {"private_key": private_key}
    else:
        certificate, made = _certificate(given), {}
    return json_reply({"key_id": firm.sign_in.register(certificate, key_id), "certificate": pem_of(certificate), **made}, 201)


def _certificate(given: object) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(str(given).encode())
    except ValueError as error:
        raise Refused(422, "INVALID", "certificate is no PEM of a certificate") from error


def _drop_certificate(firm: Firm, _: Request, parts: Parts) -> Reply:
    if firm.sign_in.certificates.pop(parts["kid"], None) is None:
        raise Refused(404, "NOT_FOUND", "no such certificate")
    return json_reply({"deleted": 1})


def _end_tokens(firm: Firm, _: Request, __: Parts) -> Reply:
    ended = len(firm.sign_in.tokens)
    firm.sign_in.tokens.clear()
    return json_reply({"ended": ended})


def _notices(firm: Firm) -> list[dict[str, Any]]:
    return [{"connectionId": one.connection_id, **connections.notice_json(one)} for one in firm.notices.values()]


def _add_client(firm: Firm, request: Request, _: Parts) -> Reply:
    return json_reply(_added(firm, request.json()), 201)


def _added(firm: Firm, body: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(body)
    spouse = given.pop("spouse", None)
    client = clients.added(firm, given)
    if spouse is not None:
        client = firm.put_client(client, replace(client, spouse=checked(spouse, SPOUSE_FIELDS)))
    return clients.client_json(client)


def _patch_client(firm: Firm, request: Request, parts: Parts) -> Reply:
    before, body = firm.client(parts["id"]), request.json()
    spouse = before.spouse
    if "spouse" in body:
        given = body.pop("spouse")
        spouse = None if given is None else checked(given, SPOUSE_FIELDS, before.spouse)
    after = replace(before, values=checked(body, CLIENT_FIELDS, before.values), spouse=spouse)
    return json_reply(clients.client_json(firm.put_client(before, after)))


def _drop_client(firm: Firm, _: Request, parts: Parts) -> Reply:
    gone = firm.client(parts["id"]).client_id
    connected = {key for key, one in firm.connections.items() if one.client_id == gone}
    firm.clients = {key: one for key, one in firm.clients.items() if key != gone}
    firm.connections = {key: one for key, one in firm.connections.items() if key not in connected}
    firm.notices = {key: one for key, one in firm.notices.items() if key[0] not in connected}
    firm.links = {key: one for key, one in firm.links.items() if one.client_id != gone}
    firm.revision += 1
    return json_reply({"deleted": 1})


def _patch_link(firm: Firm, request: Request, parts: Parts) -> Reply:
    before, body = firm.links.get(parts["id"]), request.json()
    if before is None:
        raise Refused(404, "NOT_FOUND", "no such link")
    changed = replace(before, values=checked(body, VALUE_FIELDS[before.kind], before.values))
    return json_reply(connections.link_json(firm.put_link(before, changed)))


def _drop_link(firm: Firm, _: Request, parts: Parts) -> Reply:
    if firm.links.pop(parts["id"], None) is None:
        raise Refused(404, "NOT_FOUND", "no such link")
    firm.revision += 1
    return json_reply({"deleted": 1})
