"""The condition language of a list: fields with slashes, comparisons, and, or, not, brackets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from crosswalk.sandbox.crm.table import Keep, Record
from crosswalk.sandbox.messages import Refused

_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"[^\"]*\")|(?P<moment>\[[^\]]*\])|(?P<number>-?\d+)|(?P<mark><=|>=|!=|=|<|>|\(|\)|,)|(?P<word>[A-Za-z_][\w/]*))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda have, want: have == want,
    "!=": lambda have, want: have != want,
    "<": lambda have, want: have is not None and have < want,
    "<=": lambda have, want: have is not None and have <= want,
    ">": lambda have, want: have is not None and have > want,
    ">=": lambda have, want: have is not None and have >= want,
    "contains": lambda have, want: str(want).casefold() in str(have or "").casefold(),
    "like": lambda have, want: _like(str(want)).fullmatch(str(have or "")) is not None,
}
_WORDS = {"true": True, "false": False, "null": None}
Token = tuple[str, Any]


def _like(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace("%", ".*"), re.IGNORECASE | re.DOTALL)


def condition(text: str) -> Keep:
    """Read conditions; "" keeps everything. Raises Refused (400 InvalidObject)."""
    if not text.strip():
        return lambda _: True
    tokens = list(_tokens(text))
    keep, rest = _either(tokens)
    if rest:
        raise _refused("the condition goes on where it should end")
    return keep


def _tokens(text: str) -> Iterator[Token]:
    place, text = 0, text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _refused("the condition cannot be read")
        place, kind = match.end(), str(match.lastgroup)
        found = match[kind]
        if kind == "text":
            yield "value", found[1:-1]
        elif kind == "number":
            yield "value", int(found)
        elif kind == "moment":
            yield "value", _moment(found[1:-1])
        elif kind == "word" and found.casefold() in _WORDS:
            yield "value", _WORDS[found.casefold()]
        else:
            yield (kind, found.casefold() if found.casefold() in ("and", "or", "not", "in", "contains", "like") else found)


def _either(tokens: list[Token]) -> tuple[Keep, list[Token]]:
    keep, tokens = _both(tokens)
    while tokens and tokens[0] == ("word", "or"):
        other, tokens = _both(tokens[1:])
        keep = _joined(keep, other, any)
    return keep, tokens


def _both(tokens: list[Token]) -> tuple[Keep, list[Token]]:
    keep, tokens = _one(tokens)
    while tokens and tokens[0] == ("word", "and"):
        other, tokens = _one(tokens[1:])
        keep = _joined(keep, other, all)
    return keep, tokens


def _joined(one: Keep, other: Keep, every: Callable[[Iterator[bool]], bool]) -> Keep:
    return lambda record: every(keep(record) for keep in (one, other))


def _one(tokens: list[Token]) -> tuple[Keep, list[Token]]:
    if tokens[:1] == [("mark", "(")]:
        keep, rest = _either(tokens[1:])
        if rest[:1] != [("mark", ")")]:
            raise _refused("a bracket is not closed")
        return keep, rest[1:]
    if tokens[:1] == [("word", "not")]:
        keep, rest = _one(tokens[1:])
        return (lambda record: not keep(record)), rest
    if len(tokens) < 3 or tokens[0][0] != "word":
        raise _refused("a comparison names a field, an operator and a value")
    (_, field), (_, operator), *rest = tokens
    if operator == "in":
        values, rest = _values(rest)
        return (lambda record: any(have in values for have in reached(record, field))), rest
    if operator not in _COMPARE or rest[0][0] != "value":
        raise _refused("unknown operator, or no value behind it")
    compare, want = _COMPARE[operator], rest[0][1]
    return (lambda record: any(compare(_same(have, want), want) for have in reached(record, field))), rest[1:]


def _values(tokens: list[Token]) -> tuple[frozenset[Any], list[Token]]:
    if tokens[:1] != [("mark", "(")] or ("mark", ")") not in tokens:
        raise _refused("in takes values in brackets")
    end = tokens.index(("mark", ")"))
    inside = tokens[1:end]
    if any(kind != ("value" if place % 2 == 0 else "mark") for place, (kind, _) in enumerate(inside)):
        raise _refused("in takes values in brackets")
    return frozenset(value for kind, value in inside if kind == "value"), tokens[end + 1 :]


def reached(record: Record, field: str) -> list[Any]:
    """What a field with slashes leads to: several values through a list, [None] where it leads nowhere."""
    level: list[Any] = [record]
    for name in field.split("/"):
        level = [child for one in level for child in _children(one, name)]
    return level or [None]


def _children(value: Any, name: str) -> list[Any]:
    if isinstance(value, list):
        return [child for one in value for child in _children(one, name)]
    if not isinstance(value, dict):
        return [None]
    if name == "lastUpdated" and name not in value:
        return _children(value.get("_info"), name)
    child = value.get(name)
    return child if isinstance(child, list) and not any(isinstance(one, dict) for one in child) else [child]


def _same(have: Any, want: Any) -> Any:
    return _moment(have) if isinstance(want, datetime) and isinstance(have, str) else have


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise _refused("a time is ISO 8601 in square brackets") from error


def _refused(message: str) -> Refused:
    return Refused(400, "InvalidObject", message)
