"""Seeing and changing a CRM's records behind its back: the control calls that CRMs share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from crosswalk.sandbox.bodies import listed, numbers, one_or_many, texts
from crosswalk.sandbox.crm.customer import CrmCustomer, uncollected
from crosswalk.sandbox.crm.table import Record, Table
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.system import Parts
from crosswalk.sandbox.vendor import Add

Stamp = Callable[[Record], Record]
"""Writes the present moment into a record, as the CRM does when one is edited."""
C = TypeVar("C", bound=CrmCustomer)


def opened(body: Mapping[str, Any], customer: str, populated: Callable[..., C], change: Callable[[C, Mapping[str, Any]], None]) -> C:
    """A customer full of invented people. customer: the member that names it; what else is in the body is a setting. Raises Refused."""
    name, sizes = texts(body, **{customer: None})[customer], numbers(body, contacts=0, companies=0, seed=7)
    with uncollected():
        made = populated(name, contact_count=sizes["contacts"], company_count=sizes["companies"], seed=sizes["seed"])
    change(made, {key: value for key, value in body.items() if key not in (customer, *sizes)})
    return made


def add_table_routes(add: Add[C], tables: Mapping[str, Stamp]) -> None:
    """Add see, create, change, delete and bulk for each table."""

    def about(table: str, handler: Callable[[C, str, Stamp, Request, Parts], Reply]) -> Callable[[C, Request, Parts], Reply]:
        return lambda found, request, parts: handler(found, table, tables[table], request, parts)

    for name in tables:
        add("GET", f"/{name}", about(name, _list))
        add("POST", f"/{name}", about(name, _create))
        add("POST", f"/{name}/bulk", about(name, _bulk))
        add("GET", f"/{name}/{{id}}", about(name, _get))
        add("PATCH", f"/{name}/{{id}}", about(name, _change))
        add("DELETE", f"/{name}/{{id}}", about(name, _drop))


def _list(customer: CrmCustomer, table: str, _: Stamp, request: Request, __: Parts) -> Reply:
    return listed(table, (customer.tables[table].records[one] for one in customer.tables[table].order), request)


def _get(customer: CrmCustomer, table: str, _: Stamp, __: Request, parts: Parts) -> Reply:
    return json_reply(customer.tables[table].record(_id(parts)))


def _create(customer: CrmCustomer, table: str, stamp: Stamp, request: Request, _: Parts) -> Reply:
    body = request.json()
    first = customer.tables[table].next_id
    made = [{**stamp({}), "id": first + place, **one} for place, one in enumerate(one_or_many(body, table))]
    _put(customer, table, made)
    return json_reply({table: made} if table in body else made[0], 201)


def _change(customer: CrmCustomer, table: str, stamp: Stamp, request: Request, parts: Parts) -> Reply:
    changed = _changed(customer.tables[table], [_id(parts)], request.json(), stamp)
    _put(customer, table, changed)
    return json_reply(changed[0])


def _drop(customer: CrmCustomer, table: str, _: Stamp, __: Request, parts: Parts) -> Reply:
    customer.tables[table] = customer.tables[table].without([_id(parts)])
    return json_reply({"deleted": 1})


def _bulk(customer: CrmCustomer, table: str, stamp: Stamp, request: Request, _: Parts) -> Reply:
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


def _put(customer: CrmCustomer, table: str, records: Sequence[Record]) -> None:
    """Put records in as they are: values are not checked, ids are."""
    if not all(type(record["id"]) is int and record["id"] > 0 for record in records):
        raise Refused(422, "INVALID", "id is a whole number above 0")
    customer.tables[table] = customer.tables[table].with_records(records)


def _id(parts: Parts) -> int:
    text = parts["id"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Refused(404, "NOT_FOUND", "no such record")
    return int(text)
