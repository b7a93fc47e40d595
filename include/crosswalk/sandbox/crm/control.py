"""Seeing and changing a CRM's records behind its back: the routes of the control API that its tables share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from crosswalk.sandbox.crm.customer import Customer
from crosswalk.sandbox.crm.table import Record, Table
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes

Parts = Mapping[str, str]
Stamp = Callable[[Record], Record]
"""Writes the present moment into a record, as the CRM does when one is edited."""
C = TypeVar("C", bound=Customer)
LIST_LIMIT = 200_000


def add_table_routes(
    routes: Routes[Callable[[Request, Parts], Reply]], base: str, customer: Callable[[str], C], tables: Mapping[str, Stamp]
) -> None:
    """Add see, create, change, delete and bulk for each table. customer: finds one by name, or raises Refused."""

    def add(method: str, path: str, table: str, handler: Callable[[C, str, Stamp, Request, Parts], Reply]) -> None:
        def locked(request: Request, parts: Parts) -> Reply:
            found = customer(parts["customer"])
            with found.lock:
                return handler(found, table, tables[table], request, parts)

        routes.add(method, f"{base}/{{customer}}/{table}{path}", locked)

    for name in tables:
        add("GET", "", name, _list)
        add("POST", "", name, _create)
        add("POST", "/bulk", name, _bulk)
        add("GET", "/{id}", name, lambda found, table, _stamp, _request, parts: json_reply(found.tables[table].record(_id(parts))))
        add("PATCH", "/{id}", name, _change)
        add("DELETE", "/{id}", name, _drop)


def _list(customer: Customer, table: str, _: Stamp, request: Request, __: Parts) -> Reply:
    wanted = {name: text for name, text in request.query.items() if name not in ("limit", "offset")}
    found = customer.tables[table].found(lambda record: all(str(record.get(name, "")) == text for name, text in wanted.items()))
    offset, limit = request.whole_number("offset", 0, 0, LIST_LIMIT), request.whole_number("limit", 100, 0, LIST_LIMIT)
    return json_reply({table: found[offset : offset + limit], "total": len(found)})


def _create(customer: Customer, table: str, stamp: Stamp, request: Request, _: Parts) -> Reply:
    body = request.json()
    listed = body.get(table, [body])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Refused(422, "INVALID", f"{table} is a list of records")
    first = customer.tables[table].next_id
    made = [{**stamp({}), "id": first + place, **one} for place, one in enumerate(listed)]
    _put(customer, table, made)
    return json_reply({table: made} if table in body else made[0], 201)


def _change(customer: Customer, table: str, stamp: Stamp, request: Request, parts: Parts) -> Reply:
    changed = _changed(customer.tables[table], [_id(parts)], request.json(), stamp)
    _put(customer, table, changed)
    return json_reply(changed[0])


def _drop(customer: Customer, table: str, _: Stamp, __: Request, parts: Parts) -> Reply:
    customer.tables[table] = customer.tables[table].without([_id(parts)])
    return json_reply({"deleted": 1})


def _bulk(customer: Customer, table: str, stamp: Stamp, request: Request, _: Parts) -> Reply:
    """{"set": {…}} or {"delete": true}, of {"ids": […]}, {"all": true} or {"first": n}."""
    body = request.json()
    ids = _bulk_ids(customer.tables[table], body)
    if body.get("delete") is True:
        customer.tables[table] = customer.tables[table].without(ids)
        return json_reply({"deleted": len(ids)})
    if not isinstance(body.get("set"), dict):
        raise Refused(422, "INVALID", "set holds the fields to change")
    _put(customer, table, _changed(customer.tables[table], ids, body["set"], stamp))
    return json_reply({"changed": len(ids)})


def _bulk_ids(table: Table, body: Mapping[str, Any]) -> list[int]:
    if body.get("all") is True:
        return table.order
    if isinstance(body.get("first"), int):
        return table.order[: body["first"]]
    if isinstance(body.get("ids"), list):
        return [one for one in body["ids"] if isinstance(one, int)]
    raise Refused(422, "INVALID", "name the records: ids, all or first")


def _changed(table: Table, ids: list[int], changes: Record, stamp: Stamp) -> list[Record]:
    return [{**stamp(table.record(one)), **changes, "id": one} for one in ids]


def _put(customer: Customer, table: str, records: Sequence[Record]) -> None:
    """Put records in as they are: values are not checked, ids are."""
    if not all(type(record["id"]) is int and record["id"] > 0 for record in records):
        raise Refused(422, "INVALID", "id is a whole number above 0")
    customer.tables[table] = customer.tables[table].with_records(records)


def _id(parts: Parts) -> int:
    text = parts["id"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Refused(404, "NOT_FOUND", "no such record")
    return int(text)
