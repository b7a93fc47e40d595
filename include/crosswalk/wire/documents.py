"""Reading JSON documents of agreed shape: what is missing or of another type is an error of ours, named by field, never by value."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosswalk.errors import CrosswalkError, DataError
from crosswalk.wire import json
from crosswalk.wire.content import data_error
from crosswalk.wire.session import Answer

JsonObject = Mapping[str, Any]

_SHOWABLE_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


@dataclass(frozen=True)
class Shape:
    """Reads the documents of one vendor. Each method raises DataError TGT_SCHEMA (or SRC_… from the parser)."""

    vendor: str

    def object(self, answer: Answer, doing: str) -> JsonObject:
        """Read a body that is one object."""
        value = json.parse(answer.content, answer.content_type, doing)
        if not isinstance(value, dict):
            raise self.wrong(doing, "the whole")
        return value

    def objects(self, record: JsonObject, name: str, doing: str) -> list[JsonObject]:
        """Read a list of objects."""
        value = record.get(name)
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(doing, name)
        return value

    def text(self, record: JsonObject, name: str, doing: str) -> str:
        """Read a text; null and absent are ""."""
        value = record.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(doing, name)
        return value

    def name(self, record: JsonObject, name: str, doing: str) -> str:
        """Read a text that is not blank, such as an id."""
        value = self.text(record, name, doing)
        if not value:
            raise self.wrong(doing, name)
        return value

    def count(self, record: JsonObject, name: str, doing: str) -> int:
        """Read a whole number that is not negative."""
        value = record.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(doing, name)
        return value

    def wrong(self, doing: str, name: str) -> DataError:
        """The answer lacks a field, or holds something of another type in it."""
        return data_error("TGT_SCHEMA", doing, f"{name} of {self.vendor}'s answer is missing or of another type than agreed")

    def refusal(self, answer: Answer, doing: str) -> JsonObject:
        """Read `error` of an error answer, {} when it has none: a proxy in between may have written it."""
        try:
            error = self.object(answer, doing).get("error")
        except CrosswalkError:
            return {}
        return error if isinstance(error, dict) else {}


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
