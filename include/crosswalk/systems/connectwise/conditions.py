"""Conditions of ConnectWise's lists, with every value written so that it cannot become part of the grammar. Contract: README.md."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from crosswalk.errors import ConfigurationError

Value = str | int | bool | datetime

_FIELD = re.compile(r"[A-Za-z_]+(/[A-Za-z_]+)*")
_OPERATORS = frozenset({"=", "!=", "<", "<=", ">", ">="})


def compared(field: str, operator: str, value: Value) -> str:
    """Write `field operator value`. Raises ConfigurationError CONDITION_TEXT for a text that cannot be quoted safely."""
    if not _FIELD.fullmatch(field) or operator not in _OPERATORS:
        raise ValueError(f"no condition: {field!r} {operator!r}")
    return f"{field}{operator}{_written(value)}"


def one_of(field: str, values: Sequence[int]) -> str:
    """Write `field in (1,2,3)`."""
    if not _FIELD.fullmatch(field) or not values:
        raise ValueError(f"no condition: {field!r}")
    return f"{field} in ({','.join(_written(value) for value in values)})"


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"[{value.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}]"
    if '"' in value or "\\" in value or any(unicodedata.category(character).startswith("C") for character in value):
        raise ConfigurationError(
            "CONDITION_TEXT",
            operation="writing a condition for ConnectWise",
            problem="a text holds a double quote, a backslash or a control character",
        )
    return f'"{value}"'
