"""Connections, notices, links and their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crosswalk.sandbox.emoney.firm import Connection, Firm, Link, Notice, now_text
from crosswalk.sandbox.emoney.rules import ASSET_TYPES, OWNERSHIPS, VALUE_FIELDS, checked, one_of, text_of
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.system import Parts

INSTITUTIONS = frozenset(("SmartOffice (Ebix CRM)",))
KINDS = frozenset(VALUE_FIELDS)
MAX_ITEMS = 100


def connection_json(connection: Connection) -> dict[str, Any]:
    """A connection as it is read."""
    return {"connectionId": connection.connection_id, "clientId": connection.client_id, "institution": connection.institution}


def notice_json(notice: Notice) -> dict[str, Any]:
    """An available item as it is read."""
    head = {"itemId": notice.item_id, "kind": notice.kind, "name": notice.name, "detail": notice.detail}
    return {**head, "announcedAt": notice.announced_at}


def link_json(link: Link) -> dict[str, Any]:
    """A linked item as it is read."""
    return {
        "linkId": link.link_id,
        "connectionId": link.connection_id,
        "clientId": link.client_id,
        "itemId": link.item_id,
        "kind": link.kind,
        "assetType": link.asset_type,
        "ownership": link.ownership,
        "status": link.status,
        "revision": link.revision,
        "linkedAt": link.linked_at,
        "lastRefreshedAt": link.refreshed_at,
        "values": dict(link.values),
    }


def listed(firm: Firm, parts: Parts) -> dict[str, Any]:
    """GET /clients/{id}/connections."""
    client_id = firm.client(parts["id"]).client_id
    return {"connections": [connection_json(one) for one in firm.connections.values() if one.client_id == client_id]}


def connect(firm: Firm, request: Request, parts: Parts) -> Reply:
    """POST /clients/{id}/connections: one of each institution."""
    client_id = firm.client(parts["id"]).client_id
    institution = one_of(request.json(), "institution", INSTITUTIONS)
    known = next((one for one in firm.connections.values() if (one.client_id, one.institution) == (client_id, institution)), None)
    connection = known or Connection(firm.new_id("cn-"), client_id, institution)
    firm.connections[connection.connection_id] = connection
    return json_reply(connection_json(connection), 200 if known else 201)


def announce(firm: Firm, request: Request, parts: Parts) -> Reply:
    """POST /connections/{id}/notices: each item stands alone."""
    connection = firm.connection(parts["id"])
    accepted, rejected = [], []
    for item in _items(request, "itemId"):
        try:
            _announced(firm, connection, item)
            accepted.append(item["itemId"])
        except Refused as refused:
            rejected.append({"key": item["itemId"], "code": refused.code, **refused.more})
    return json_reply({"accepted": accepted, "rejected": rejected})


def _announced(firm: Firm, connection: Connection, item: Mapping[str, Any]) -> None:
    key = connection.connection_id, text_of(item, "itemId", 1, 100)
    kind, name, detail = one_of(item, "kind", KINDS), text_of(item, "name", 1, 300), text_of(item, "detail", 0, 100)
    if _link_of(firm, key) is None:
        known = firm.notices.get(key)
        told = Notice(*key, kind, name, detail, known.announced_at if known else now_text())
        firm.revision += told != known
        firm.notices[key] = told


def link(firm: Firm, request: Request, parts: Parts) -> Reply:
    """POST /connections/{id}/links."""
    connection, body = firm.connection(parts["id"]), request.json()
    key = connection.connection_id, text_of(body, "itemId", 1, 100)
    kind = one_of(body, "kind", KINDS)
    values = checked(body.get("values"), VALUE_FIELDS[kind])
    asset_type, ownership = one_of(body, "assetType", ASSET_TYPES[kind]), one_of(body, "ownership", OWNERSHIPS)
    known = _link_of(firm, key)
    if known:
        raise Refused(409, "ALREADY_LINKED", "the item is linked", linkId=known.link_id)
    now = now_text()
    made = Link(firm.new_id("l-"), key[0], connection.client_id, key[1], kind, asset_type, ownership, values, now, now)
    firm.notices.pop(key, None)
    return json_reply(link_json(firm.put_link(None, made)), 201)


def put_values(firm: Firm, request: Request, _: Parts) -> Reply:
    """PUT /connections/values: each item stands alone."""
    accepted, rejected = [], []
    for item in _items(request, "linkId"):
        try:
            _refreshed(firm, item)
            accepted.append(item["linkId"])
        except Refused as refused:
            rejected.append({"key": item["linkId"], "code": refused.code, **refused.more})
    return json_reply({"accepted": accepted, "rejected": rejected})


def _refreshed(firm: Firm, item: Mapping[str, Any]) -> None:
    before = firm.links.get(item["linkId"])
    if before is None:
        raise Refused(404, "NOT_FOUND", "no such link")
    if item.get("revision") != before.revision:
        raise Refused(412, "CHANGED", "the item has another revision")
    missing = item.get("missing", False)
    if not isinstance(missing, bool) or (missing and "values" in item):
        raise Refused(422, "INVALID", "missing is true or false, and stands without values")
    if missing:
        firm.put_link(before, replace(before, status="missing"))
        return
    values = checked(item.get("values", {}), VALUE_FIELDS[before.kind], before.values)
    firm.put_link(before, replace(before, values=values, status="current", refreshed_at=now_text()))


def _items(request: Request, key: str) -> list[dict[str, Any]]:
    items = request.json().get("items")
    if not isinstance(items, list) or len(items) > MAX_ITEMS or not all(isinstance(one, dict) for one in items):
        raise Refused(422, "INVALID", f"items is a list of at most {MAX_ITEMS} objects")
    keys = [one.get(key) for one in items]
    if not all(isinstance(one, str) and one for one in keys) or len(set(keys)) < len(keys):
        raise Refused(422, "INVALID", f"each item has a {key} of its own")
    return items


def _link_of(firm: Firm, key: tuple[str, str]) -> Link | None:
    return next((one for one in firm.links.values() if (one.connection_id, one.item_id) == key), None)
