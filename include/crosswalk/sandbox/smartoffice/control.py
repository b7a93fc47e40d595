"""Seeing and changing offices behind the XML Engine: the part of the control API below /_sandbox/smartoffice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.smartoffice.catalogue import FIELDS
from crosswalk.sandbox.smartoffice.flat import KINDS, edited, find, link_names, record_json
from crosswalk.sandbox.smartoffice.office import CONTACT, DEFAULT_PASSWORD, DEFAULT_USER, EVERY_RIGHT, Office, Record, User
from crosswalk.sandbox.smartoffice.population import populated
from crosswalk.sandbox.smartoffice.system import SmartOffice

Parts = Mapping[str, str]
Handler = Callable[[SmartOffice, Request, Parts], Reply]
LIST_LIMIT = 100_000
BASE = "/_sandbox/smartoffice/offices"


def add_routes(routes: Routes[Callable[[Request, Parts], Reply]], system: Callable[[], SmartOffice]) -> None:
    """Add the routes of this system, as it stands when one is called, to those of the control API."""

    def add(method: str, path: str, handler: Handler) -> None:
        routes.add(method, BASE + path, lambda request, parts: handler(system(), request, parts))

    add("GET", "", lambda system, _request, _parts: json_reply(overview(system)))
    add("POST", "", _create_office)
    add("DELETE", "/{office}", _drop_office)
    add("DELETE", "/{office}/sessions", _end_sessions)
    add("POST", "/{office}/contacts/bulk", _bulk)
    add("GET", "/{office}/users", _list_users)
    add("POST", "/{office}/users", _set_user)
    add("PATCH", "/{office}/users/{user}", _set_user)
    add("DELETE", "/{office}/users/{user}", _drop_user)
    for name in KINDS:
        add("GET", f"/{{office}}/{name}", _for_kind(name, _list))
        add("GET", f"/{{office}}/{name}/{{id}}", _for_kind(name, _get))
        add("DELETE", f"/{{office}}/{name}/{{id}}", _for_kind(name, _drop))
    for name in (name for name in KINDS if name != "notes"):
        add("POST", f"/{{office}}/{name}", _for_kind(name, _create))
        add("PATCH", f"/{{office}}/{name}/{{id}}", _for_kind(name, _patch))


def overview(system: SmartOffice) -> dict[str, Any]:
    """Every office with its counts."""
    return {name: _office_json(system, office) for name, office in system.offices.items()}


def open_office(system: SmartOffice, body: Mapping[str, Any]) -> Office:
    """Create an office, or replace the one of that name. Raises Refused (422 INVALID)."""
    name = _text(body, "office", None)
    user = User(
        _text(body, "user", DEFAULT_USER), _text(body, "password", DEFAULT_PASSWORD), _rights(body.get("rights", list(EVERY_RIGHT)))
    )
    defaults = {"contacts": 0, "groups": 0, "seed": 7, "site": 7, "families": 0}
    numbers = {field: _count(body, field, default) for field, default in defaults.items()}
    system.sessions.close_all(name)
    system.offices[name] = populated(name, user=user, **numbers)
    return system.offices[name]


def _office_json(system: SmartOffice, office: Office) -> dict[str, Any]:
    return {
        "site": office.site,
        **{name: office.count(kind) for name, kind in KINDS.items()},
        "users": [_user_json(user) for user in office.users.values()],
        "sessions": system.sessions.count(office.name),
    }


def _user_json(user: User) -> dict[str, Any]:
    return {"user": user.name, "rights": list(user.rights)}


def _create_office(system: SmartOffice, request: Request, _: Parts) -> Reply:
    office = open_office(system, request.json())
    return json_reply({"office": office.name, **_office_json(system, office)}, 201)


def _drop_office(system: SmartOffice, _: Request, parts: Parts) -> Reply:
    system.sessions.close_all(system.office(parts["office"]).name)
    del system.offices[parts["office"]]
    return json_reply({"deleted": 1})


def _end_sessions(system: SmartOffice, _: Request, parts: Parts) -> Reply:
    return json_reply({"ended": system.sessions.close_all(system.office(parts["office"]).name)})


def _list_users(system: SmartOffice, _: Request, parts: Parts) -> Reply:
    return json_reply({"users": [_user_json(user) for user in system.office(parts["office"]).users.values()]})


def _set_user(system: SmartOffice, request: Request, parts: Parts) -> Reply:
    office, body = system.office(parts["office"]), request.json()
    before = office.users.get(parts.get("user", "").casefold())
    if "user" in parts and before is None:
        raise Refused(404, "NOT_FOUND", "no such user")
    base = before or User(_text(body, "user", None), DEFAULT_PASSWORD)
    user = replace(base, password=_text(body, "password", base.password), rights=_rights(body.get("rights", list(base.rights))))
    office.set_user(user)
    return json_reply(_user_json(user), 200 if before else 201)


def _drop_user(system: SmartOffice, _: Request, parts: Parts) -> Reply:
    if system.office(parts["office"]).users.pop(parts["user"].casefold(), None) is None:
        raise Refused(404, "NOT_FOUND", "no such user")
    return json_reply({"deleted": 1})


def _for_kind(name: str, handler: Callable[[Office, str, Request, Parts], Reply]) -> Handler:
    def handle(system: SmartOffice, request: Request, parts: Parts) -> Reply:
        office = system.office(parts["office"])
        with office.lock:
            return handler(office, name, request, parts)

    return handle


def _list(office: Office, name: str, request: Request, _: Parts) -> Reply:
    wanted = {field: text for field, text in request.query.items() if field not in ("limit", "offset")}
    unknown = set(wanted) - {*FIELDS[KINDS[name]], "id", *link_names(KINDS[name])}
    if unknown:
        raise Refused(422, "INVALID", f"unknown: {min(unknown)}")
    rows = [row for row in map(record_json, office.all(KINDS[name])) if _has(row, wanted)]
    offset, limit = request.whole_number("offset", 0, 0, LIST_LIMIT), request.whole_number("limit", 100, 0, LIST_LIMIT)
    return json_reply({name: rows[offset : offset + limit], "total": len(rows)})


def _has(row: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(text in row[name] if isinstance(row.get(name), list) else text == row.get(name, "") for name, text in wanted.items())


def _get(office: Office, name: str, _: Request, parts: Parts) -> Reply:
    return json_reply(record_json(_record(office, name, parts["id"])))


def _drop(office: Office, name: str, _: Request, parts: Parts) -> Reply:
    return json_reply({"deleted": office.remove(KINDS[name], [_record(office, name, parts["id"]).id])})


def _create(office: Office, name: str, request: Request, _: Parts) -> Reply:
    body = request.json()
    rows = body.get(name) if isinstance(body.get(name), list) else [body]
    records = [_new_record(office, name, row) for row in rows or []]
    created = [office.insert(record.kind, record.values, record.links, record.number or None) for record in records]
    shown = [record_json(record) for record in created]
    return json_reply({name: shown} if isinstance(body.get(name), list) else shown[0], 201)


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


def _bulk(system: SmartOffice, request: Request, parts: Parts) -> Reply:
    """{"set": {…}} or {"delete": true}, of {"ids": […]}, {"all": true}, {"first": n} or {"group": id}."""
    office, body = system.office(parts["office"]), request.json()
    with office.lock:
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


def _text(body: Mapping[str, Any], name: str, default: str | None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str) or not value:
        raise Refused(422, "INVALID", f"{name} is a text")
    return value


def _count(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Refused(422, "INVALID", f"{name} is a whole number")
    return value


def _rights(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(right, str) for right in value):
        raise Refused(422, "INVALID", "rights is a list of texts")
    return tuple(value)
