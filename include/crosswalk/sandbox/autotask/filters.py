"""A query's filter, read into a condition on records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from crosswalk.sandbox.crm.table import Keep, Record
from crosswalk.sandbox.messages import Refused

MAX_VALUES = 500
NOT_QUERYABLE = frozenset({"isOptedOutFromBulkEmail", "solicitationOptOut", "surveyOptOut", "userDefinedFields"})
Compare = Callable[[Any, Any], bool]

_OPERATORS: dict[str, Compare] = {
    "eq": lambda have, want: have == want,
    "noteq": lambda have, want: have != want,
    "gt": lambda have, want: have is not None and have > want,
    "gte": lambda have, want: have is not None and have >= want,
    "lt": lambda have, want: have is not None and have < want,
    "lte": lambda have, want: have is not None and have <= want,
    "beginswith": lambda have, want: str(have or "").startswith(want),
    "endswith": lambda have, want: str(have or "").endswith(want),
    "contains": lambda have, want: str(want) in str(have or ""),
    "exist": lambda have, _: have is not None,
    "notexist": lambda have, _: have is None,
    "in": lambda have, want: have in want,
    "notin": lambda have, want: have not in want,
}


def condition(filters: Any, fields: Mapping[str, Any]) -> tuple[Keep, int]:
    """Read a filter: a condition on records, and an id up to which nothing fits. Raises Refused (500), as Autotask does."""
    if not isinstance(filters, list) or not filters:
        raise _refused("a query has a filter")
    bounds = [
        one for one in filters if isinstance(one, dict) and (one.get("op"), one.get("field"), type(one.get("value"))) == ("gt", "id", int)
    ]
    parts = [_part(one, fields) for one in filters if one not in bounds]
    return (lambda record: all(keep(record) for keep in parts)), max((one["value"] for one in bounds), default=0)


def _part(one: Any, fields: Mapping[str, Any]) -> Keep:
    if not isinstance(one, dict):
        raise _refused("a filter is an object")
    operator = str(one.get("op", "")).casefold()
    if operator in ("and", "or"):
        items = one.get("items")
        if not isinstance(items, list) or not items or len(items) > MAX_VALUES:
            raise _refused("a group has 1 to 500 items")
        parts, every = [_part(item, fields) for item in items], all if operator == "and" else any
        return lambda record: every(keep(record) for keep in parts)
    return _comparison(one, operator, fields)


def _comparison(one: Mapping[str, Any], operator: str, fields: Mapping[str, Any]) -> Keep:
    name, value = str(one.get("field", "")), one.get("value")
    if operator not in _OPERATORS:
        raise _refused(f"unknown operator {operator}")
    if one.get("udf"):
        return lambda record: _OPERATORS[operator](_user_defined(record, name), value)
    if name not in fields or name in NOT_QUERYABLE:
        raise _refused(f"unable to find or query {name}")
    if operator in ("in", "notin"):
        if not isinstance(value, list) or len(value) > MAX_VALUES:
            raise _refused("in takes a list of at most 500 values")
        value = frozenset(value)
    if name.endswith(("Date", "DateTime")):
        wanted = _moment(value)
        return lambda record: _OPERATORS[operator](_moment(record.get(name)), wanted)
    if isinstance(value, str) and operator in ("gt", "gte", "lt", "lte") and name == "id":
        raise _refused("id is a number")
    return lambda record: _OPERATORS[operator](record.get(name, fields[name]), value)


def _user_defined(record: Record, name: str) -> Any:
    return next((field["value"] for field in record.get("userDefinedFields", []) if field.get("name") == name), None)


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError as error:
        raise _refused("a time is ISO 8601, UTC") from error


def _refused(message: str) -> Refused:
    return Refused(500, "QUERY", message)
