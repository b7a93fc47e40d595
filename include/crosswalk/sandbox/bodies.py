"""Reading the JSON bodies of the control API, and answering its lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply

LIST_LIMIT = 1_000_000


def texts(body: Mapping[str, Any], **defaults: str | None) -> dict[str, str]:
    """The members named, each a text that is not empty; a default of None means required. Raises Refused (422 INVALID)."""
    found = {name: body.get(name, default) for name, default in defaults.items()}
    if not all(isinstance(text, str) and text for text in found.values()):
        raise Refused(422, "INVALID", f"{', '.join(defaults)}: texts")
    return {name: str(text) for name, text in found.items()}


def numbers(body: Mapping[str, Any], **defaults: int) -> dict[str, int]:
    """The members named, each a whole number from 0. Raises Refused (422 INVALID)."""
    found = {name: body.get(name, default) for name, default in defaults.items()}
    if not all(type(number) is int and number >= 0 for number in found.values()):  # a bool is an int, and no number here
        raise Refused(422, "INVALID", f"{', '.join(defaults)}: whole numbers")
    return found


def records(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The list of objects under a name; [] when it is absent. Raises Refused (422 INVALID)."""
    listed = body.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(record, dict) for record in listed):
        raise Refused(422, "INVALID", f"{name} is a list of records")
    return listed


def one_or_many(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The records of `{name: [...]}`, or the body as the only one. Raises Refused (422 INVALID)."""
    return records(body, name) if name in body else [body]


def listed(name: str, rows: Iterable[Mapping[str, Any]], request: Request, *, ignore: Iterable[str] = ()) -> Reply:
    """`{name: [...], "total": n}`: the rows that match the query's fields (a list matches what it holds), `limit` from `offset` on."""
    wanted = {field: text for field, text in request.query.items() if field not in ("limit", "offset", *ignore)}
    found = [row for row in rows if all(_matches(row.get(field), text) for field, text in wanted.items())]
    offset, limit = request.whole_number("offset", 0, 0, LIST_LIMIT), request.whole_number("limit", 100, 0, LIST_LIMIT)
    return json_reply({name: found[offset : offset + limit], "total": len(found)})


def _matches(value: object, text: str) -> bool:
    return text in value if isinstance(value, list) else text == ("" if value is None else str(value))
