"""Reads typed values out of parsed JSON. An absent key and null are alike; another type than agreed is an error that quotes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosswalk.errors import DataError
from crosswalk.wire.content import data_error

JsonObject = Mapping[str, Any]
_FLAGS = {1: "true", 0: "false"}


@dataclass(frozen=True)
class Shape:
    """What is read, and how a wrong type is reported. code: SRC_SCHEMA or TGT_SCHEMA; vendor: whose answer it is."""

    code: str
    vendor: str
    doing: str

    def wrong(self, name: str) -> DataError:
        """The answer lacks `name`, or holds something of another type in it."""
        return data_error(self.code, self.doing, f"{name} of {self.vendor}'s answer is missing or of another type than agreed")

    def whole(self, value: Any, name: str) -> JsonObject:
        """A value that has to be an object."""
        if not isinstance(value, dict):
            raise self.wrong(name)
        return value

    def objects(self, value: Any, name: str) -> list[JsonObject]:
        """A value that has to be a list of objects; none is an empty list."""
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(name)
        return value

    def text(self, record: JsonObject, name: str) -> str:
        """A text, "" when absent."""
        value = record.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(name)
        return value

    def number(self, record: JsonObject, name: str) -> str:
        """A whole number as text, "" when absent."""
        value = record.get(name)
        if value is None:
            return ""
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(name)
        return str(value)

    def count(self, record: JsonObject, name: str) -> int:
        """A whole number that is there and not negative."""
        value = record.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(name)
        return value

    def flag(self, record: JsonObject, name: str) -> str:
        """A yes or no, written as a boolean or as 1 and 0: "true", "false", "" when absent."""
        value = record.get(name)
        if value is None:
            return ""
        if not isinstance(value, int) or value not in _FLAGS:
            raise self.wrong(name)
        return _FLAGS[value]  # True == 1, False == 0
