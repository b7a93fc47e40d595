"""Seeing and changing firms behind eMoney's back: the part of the control API below /_sandbox/emoney."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cryptography import x509

from crosswalk.sandbox.emoney import clients, connections
from crosswalk.sandbox.emoney.firm import DEFAULT_API_KEY, DEFAULT_CLIENT_ID, Firm
from crosswalk.sandbox.emoney.rules import CLIENT_FIELDS, SPOUSE_FIELDS, VALUE_FIELDS, checked
from crosswalk.sandbox.emoney.signin import new_pair, pem_of
from crosswalk.sandbox.emoney.system import Emoney
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes

Parts = Mapping[str, str]
Handler = Callable[[Firm, Request, Parts], Reply]
BASE = "/_sandbox/emoney/firms"


def add_routes(routes: Routes[Callable[[Request, Parts], Reply]], system: Callable[[], Emoney]) -> None:
    """Add the routes of this system, as it stands when one is called, to those of the control API."""

    def add(method: str, path: str, handler: Handler) -> None:
        routes.add(method, f"{BASE}/{{firm}}{path}", lambda request, parts: _locked(system(), handler, request, parts))

    routes.add("GET", BASE, lambda _request, _parts: json_reply(overview(system())))
    routes.add("POST", BASE, lambda request, _: json_reply(_firm_json(open_firm(system(), request.json())), 201))
    routes.add("DELETE", f"{BASE}/{{firm}}", lambda _, parts: _drop_firm(system(), parts))
    add("GET", "", lambda firm, _request, _parts: json_reply(_firm_json(firm)))
    add("PATCH", "", _patch_firm)
    add("POST", "/certificates", _add_certificate)
    add("DELETE", "/certificates/{kid}", _drop_certificate)
    add("DELETE", "/tokens", _end_tokens)
    add("GET", "/clients", lambda firm, _request, _parts: json_reply({"clients": _clients(firm), "total": len(firm.clients)}))
    add("POST", "/clients", _add_client)
    add("PATCH", "/clients/{id}", _patch_client)
    add("DELETE", "/clients/{id}", _drop_client)
    add("GET", "/notices", lambda firm, _request, _parts: json_reply({"notices": _notices(firm), "total": len(firm.notices)}))
    add("GET", "/links", lambda firm, _request, _parts: json_reply({"links": _links(firm), "total": len(firm.links)}))
    add("PATCH", "/links/{id}", _patch_link)
    add("DELETE", "/links/{id}", _drop_link)


def overview(system: Emoney) -> dict[str, Any]:
    """Every firm with its counts."""
    return {firm_id: _firm_json(firm) for firm_id, firm in system.firms.items()}


def open_firm(system: Emoney, body: Mapping[str, Any]) -> Firm:
    """Create a firm, or replace the one with that id. Raises Refused (422 INVALID)."""
    firm_id = body.get("firm")
    texts = [firm_id, body.get("name", firm_id), body.get("client_id", DEFAULT_CLIENT_ID), body.get("api_key", DEFAULT_API_KEY)]
    if not all(isinstance(text, str) and text for text in texts):
        raise Refused(422, "INVALID", "firm, name, client_id and api_key are texts")
    firm = Firm(*texts)
    if any(other.sign_in.client_id == firm.sign_in.client_id and other.firm_id != firm.firm_id for other in system.firms.values()):
        raise Refused(422, "INVALID", "another firm has this client_id")
    for client in body.get("clients", []):
        _added(firm, client)
    system.firms[firm.firm_id] = firm
    return firm


def _firm_json(firm: Firm) -> dict[str, Any]:
    signs_in = {"client_id": firm.sign_in.client_id, "certificates": list(firm.sign_in.certificates)}
    return {**firm.summary(), **signs_in, "notices": len(firm.notices), "connections": len(firm.connections)}


def _locked(system: Emoney, handler: Handler, request: Request, parts: Parts) -> Reply:
    firm = system.firm(parts["firm"])
    with firm.lock:
        return handler(firm, request, parts)


def _drop_firm(system: Emoney, parts: Parts) -> Reply:
    del system.firms[system.firm(parts["firm"]).firm_id]
    return json_reply({"deleted": 1})


def _patch_firm(firm: Firm, request: Request, _: Parts) -> Reply:
    seconds = request.json().get("token_seconds")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 1:
        raise Refused(422, "INVALID", "token_seconds is a whole number above 0")
    firm.sign_in.token_seconds = seconds
    return json_reply(_firm_json(firm))


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


def _clients(firm: Firm) -> list[dict[str, Any]]:
    return [clients.client_json(client) for client in firm.clients.values()]


def _notices(firm: Firm) -> list[dict[str, Any]]:
    return [{"connectionId": one.connection_id, **connections.notice_json(one)} for one in firm.notices.values()]


def _links(firm: Firm) -> list[dict[str, Any]]:
    return [connections.link_json(link) for link in firm.links.values()]


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
