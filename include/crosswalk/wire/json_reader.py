"""Reading JSON documents of agreed shape: what is missing or of another type is an error of ours, named by field, never by value."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosswalk.errors import CrosswalkError, DataError
from crosswalk.wire import json
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.http import Response

JsonObject = Mapping[str, Any]
Objects = list[JsonObject]
Texts = list[str]

_FLAGS = {1: "true", 0: "false"}
_SHOWABLE_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


@dataclass(frozen=True)
class JsonReader:
    """Reads the documents of one vendor. code: SRC_SCHEMA or TGT_SCHEMA, the DataError each method raises (or SRC_… from the parser).

    types: what the vendor's types are, in messages.
    """

    vendor: str
    code: str
    types: str = "agreed"

    def object(self, response: Response) -> JsonObject:
        """Read a body that is one object."""
        value = json.parse(response.content, response.content_type)
        if not isinstance(value, dict):
            raise self.wrong("the whole")
        return value

    def list(self, response: Response) -> Objects:
        """Read a body that is a list of objects."""
        return self._objects(json.parse(response.content, response.content_type), "the whole")

    def objects(self, record: JsonObject, name: str) -> Objects:
        """Read a list of objects."""
        return self._objects(record.get(name), name)

    def objects_if_any(self, record: JsonObject, name: str) -> Objects:
        """Read a list of objects; null and absent are an empty one."""
        return [] if record.get(name) is None else self.objects(record, name)

    def member(self, record: JsonObject, name: str) -> JsonObject:
        """Read a member that is an object."""
        value = record.get(name)
        if not isinstance(value, dict):
            raise self.wrong(name)
        return value

    def text(self, record: JsonObject, name: str) -> str:
        """Read a text; null and absent are ""."""
        value = record.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(name)
        return value

    def name(self, record: JsonObject, name: str) -> str:
        """Read a text that is not blank, such as an id."""
        value = self.text(record, name)
        if not value:
            raise self.wrong(name)
        return value

    def texts(self, record: JsonObject, name: str) -> Texts:
        """Read a list of texts."""
        value = record.get(name)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(name)
        return value

    def count(self, record: JsonObject, name: str) -> int:
        """Read a whole number that is not negative."""
        value = record.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(name)
        return value

    def number(self, record: JsonObject, name: str) -> str:
        """Read a whole number as text; null and absent are ""."""
        value = record.get(name)
        if value is None:
            return ""
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(name)
        return str(value)

    def flag(self, record: JsonObject, name: str) -> str:
        """Read a yes or no, written as a boolean or as 1 and 0: "true", "false"; null and absent are ""."""
        value = record.get(name)
        if value is None:
            return ""
        if not isinstance(value, int) or value not in _FLAGS:
            raise self.wrong(name)
        return _FLAGS[value]  # True == 1, False == 0

    def wrong(self, name: str) -> DataError:
        """The answer lacks a field, or holds something of another type in it."""
        return data_error(self.code, f"{name} of {self.vendor}'s answer is missing or of another type than {self.types}")

    def refusal(self, response: Response) -> JsonObject:
        """Read `error` of an error answer, {} when it has none: a proxy in between may have written it."""
        try:
            error = self.object(response).get("error")
        except CrosswalkError:
            return {}
        return error if isinstance(error, dict) else {}

    def _objects(self, value: Any, name: str) -> Objects:
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(name)
        return value


def next_cursor(response: JsonObject) -> str:
    """Read where the next page begins, "" after the last. Raises DataError SRC_NO_NEXT_LINK: null is the end, absent is not."""
    value = response.get("next", "")
    if value is None:
        return ""
    if not isinstance(value, str) or not value:
        raise data_error("SRC_NO_NEXT_LINK", "next is missing or unreadable")
    return value


def showable(code: Any, instead: str) -> str:
    """Give an error code that is fit to be shown; a text that is none may echo data."""
    return code if isinstance(code, str) and _SHOWABLE_CODE.fullmatch(code) else instead


def idempotency_key(*parts: str | int | bytes) -> str:
    """Derive the key of one write: the same parts always give the same key, other parts another one."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode()
        digest.update(f"{len(raw)}:".encode() + raw)
    return digest.hexdigest()
