"""Seeing and changing offices behind SmartOffice's back: its part of the control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from crosswalk.sandbox.bodies import listed, numbers, one_or_many, texts
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.smartoffice.catalogue import FIELDS
from crosswalk.sandbox.smartoffice.flat import KINDS, edited, find, link_names, record_json
from crosswalk.sandbox.smartoffice.office import CONTACT, DEFAULT_PASSWORD, DEFAULT_USER, EVERY_RIGHT, Office, Record, User
from crosswalk.sandbox.smartoffice.population import populated
from crosswalk.sandbox.smartoffice.system import SmartOffice
from crosswalk.sandbox.system import Parts
from crosswalk.sandbox.vendor import Add, Handler


def add_routes(add: Add[Office], system: Callable[[], SmartOffice]) -> None:
    """Add the calls about one office to the control API."""
    add("DELETE", "/sessions", lambda office, _request, _parts: json_reply({"ended": system().sessions.close_all(office.name)}))
    add("POST", "/contacts/bulk", _bulk)
    add("GET", "/users", lambda office, _request, _parts: json_reply({"users": [_user_json(user) for user in office.users.values()]}))
    add("POST", "/users", _set_user)
    add("PATCH", "/users/{user}", _set_user)
    add("DELETE", "/users/{user}", _drop_user)
    for name in KINDS:
        add("GET", f"/{name}", _for_kind(name, _list))
        add("GET", f"/{name}/{{id}}", _for_kind(name, _get))
        add("DELETE", f"/{name}/{{id}}", _for_kind(name, _drop))
        if name != "notes":
            add("POST", f"/{name}", _for_kind(name, _create))
            add("PATCH", f"/{name}/{{id}}", _for_kind(name, _patch))


def open_office(system: SmartOffice, body: Mapping[str, Any]) -> Office:
    """Create an office, or replace the one of that name. Raises Refused (422 INVALID)."""
    given = texts(body, office=None, user=DEFAULT_USER, password=DEFAULT_PASSWORD)
    user = User(given["user"], given["password"], _rights(body.get("rights", list(EVERY_RIGHT))))
    sizes = numbers(body, contacts=0, groups=0, seed=7, site=7, families=0)
    system.sessions.close_all(given["office"])
    system.customers[given["office"]] = populated(given["office"], user=user, **sizes)
    return system.customers[given["office"]]


def shown(system: SmartOffice, office: Office) -> dict[str, Any]:
    """An office with its counts, users and sessions."""
    return {
        "office": office.name,
        "site": office.site,
        **{name: office.count(kind) for name, kind in KINDS.items()},
        "users": [_user_json(user) for user in office.users.values()],
        "sessions": system.sessions.count(office.name),
    }


def _user_json(user: User) -> dict[str, Any]:
    return {"user": user.name, "rights": list(user.rights)}


def _set_user(office: Office, request: Request, parts: Parts) -> Reply:
    body = request.json()
    before = office.users.get(parts.get("user", "").casefold())
    if "user" in parts and before is None:
        raise Refused(404, "NOT_FOUND", "no such user")
    base = before or User(texts(body, user=None)["user"], DEFAULT_PASSWORD)
    password, rights = texts(body, password=base.password)["password"], _rights(body.get("rights", list(base.rights)))
    user = replace(base, password=password, rights=rights)
    office.set_user(user)
    return json_reply(_user_json(user), 200 if before else 201)


def _drop_user(office: Office, _: Request, parts: Parts) -> Reply:
    if office.users.pop(parts["user"].casefold(), None) is None:
        raise Refused(404, "NOT_FOUND", "no such user")
    return json_reply({"deleted": 1})


def _for_kind(name: str, handler: Callable[[Office, str, Request, Parts], Reply]) -> Handler[Office]:
    return lambda office, request, parts: handler(office, name, request, parts)


def _list(office: Office, name: str, request: Request, _: Parts) -> Reply:
    unknown = set(request.query) - {"limit", "offset", "id", *FIELDS[KINDS[name]], *link_names(KINDS[name])}
    if unknown:
        raise Refused(422, "INVALID", f"unknown: {min(unknown)}")
    return listed(name, map(record_json, office.all(KINDS[name])), request)


def _get(office: Office, name: str, _: Request, parts: Parts) -> Reply:
    return json_reply(record_json(_record(office, name, parts["id"])))


def _drop(office: Office, name: str, _: Request, parts: Parts) -> Reply:
    return json_reply({"deleted": office.remove(KINDS[name], [_record(office, name, parts["id"]).id])})


def _create(office: Office, name: str, request: Request, _: Parts) -> Reply:
    body = request.json()
    records = [_new_record(office, name, row) for row in one_or_many(body, name)]
    created = [office.insert(record.kind, record.values, record.links, record.number or None) for record in records]
    made = [record_json(record) for record in created]
    return json_reply({name: made} if name in body else made[0], 201)


def _new_record(office: Office, name: str, row: Mapping[str, Any]) -> Record:
    kind, given = KINDS[name], dict(row)
    record_id = str(given.pop("id", f"{kind}.{office.site}.0"))
    prefix, _, number = record_id.rpartition(".")
    if prefix != f"{kind}.{office.site}" or not number.isdigit() or int(number) in office.records[kind]:
        raise Refused(422, "INVALID", f"an id is {kind}.{office.site}.number, and new")
    return edited(office, Record(kind, office.site, int(number), dict.fromkeys(FIELDS[kind], "")), given)


def _patch(office: Office, name: str, request: Request, parts: Parts) -> Reply:
    changed = edited(office, _record(office, name, parts["id"]), request.json())
    office.change([changed], lambda record: record)
    return json_reply(record_json(changed))


def _bulk(office: Office, request: Request, _: Parts) -> Reply:
    """{"set": {…}} or {"delete": true}, of {"ids": […]}, {"all": true}, {"first": n} or {"group": id}."""
    body = request.json()
    records = _bulk_records(office, body)
    if body.get("delete") is True:
        return json_reply({"deleted": office.remove(CONTACT, [record.id for record in records])})
    changes = body.get("set")
    if not isinstance(changes, dict):
        raise Refused(422, "INVALID", "set holds the fields to change")
    return json_reply({"changed": office.change(records, lambda record: edited(office, record, changes))})


def _bulk_records(office: Office, body: Mapping[str, Any]) -> list[Record]:
    if body.get("all") is True:
        return office.all(CONTACT)
    if isinstance(body.get("group"), str):
        return [record for record in office.all(CONTACT) if body["group"] in record.links]
    if isinstance(body.get("first"), int):
        return office.all(CONTACT)[: body["first"]]
    if isinstance(body.get("ids"), list):
        return [_record(office, "contacts", str(record_id)) for record_id in body["ids"]]
    raise Refused(422, "INVALID", "name the contacts: ids, all, first or group")


def _record(office: Office, name: str, record_id: str) -> Record:
    return find(office, KINDS[name], record_id)


def _rights(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(right, str) for right in value):
        raise Refused(422, "INVALID", "rights is a list of texts")
    return tuple(value)
