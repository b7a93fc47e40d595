"""The one place where JSON is parsed: strictly, so that no value is silently lost or changed."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from crosswalk.errors import DataError
from crosswalk.wire.body_checks import MAX_DEPTH, checked_text, data_error

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_MAX_DIGITS = 18  # fits 64 bits; ids are text, counts are smaller
_MAX_EXPONENT = 300


def parse(content: bytes, content_type: str) -> Any:
    """Parse a body. Numbers with a fraction come as Decimal.

    Raises DataError: SRC_EMPTY_BODY, SRC_AUTH_PAGE, SRC_ENCODING, SRC_TOO_LARGE, SRC_TOO_DEEP, SRC_TRUNCATED, SRC_MALFORMED,
    SRC_DUPLICATE_KEY, SRC_BAD_NUMBER, SRC_BAD_CHARACTER.
    """
    text = checked_text(content, content_type)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        problem = _refusal(error, text.rstrip())
    except RecursionError:
        problem = _deep()
    else:
        _check_depth(value)
        if _SURROGATE.search(text):
            _check_surrogates(value)
        return value
    raise problem  # outside of "except": the parser's error holds the whole answer


def write(value: Any) -> bytes:
    """Write a value in one way only: equal values give equal bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(found)
    if len(value) != len(found):  # the standard parser keeps the last and silently drops the others
        raise data_error("SRC_DUPLICATE_KEY", "an object of the answer names the same key twice")
    return value


def _integer(text: str) -> int:
    return int(text) if len(text) <= _MAX_DIGITS else _refuse_number(text)


def _decimal(text: str) -> Decimal:
    value = Decimal(text) if len(text) <= 400 else Decimal("NaN")
    if not value.is_finite() or abs(value.adjusted()) > _MAX_EXPONENT:
        _refuse_number(text)
    return value


def _refuse_number(_: str) -> int:
    raise data_error("SRC_BAD_NUMBER", "the answer holds a number that is none, or too large to keep exactly")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_integer, parse_float=_decimal, parse_constant=_refuse_number)


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return
    raise _deep()


def _check_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
        return
    except UnicodeEncodeError:
        problem = data_error("SRC_BAD_CHARACTER", "the answer holds half a character (a lone surrogate)")
    raise problem


def _refusal(error: json.JSONDecodeError, text: str) -> DataError:
    if error.msg.startswith("Invalid control character"):
        return data_error("SRC_BAD_CHARACTER", f"line {error.lineno} holds a control character")
    if error.msg.startswith("Unterminated string") or error.pos >= len(text) or _is_open(error, text):
        return data_error("SRC_TRUNCATED", "the answer is cut off")
    return data_error("SRC_MALFORMED", f"line {error.lineno} is not JSON")


def _is_open(error: json.JSONDecodeError, text: str) -> bool:
    """Whether the text stops inside an object or array."""
    return text.startswith(("{", "[")) and not text.endswith(("}", "]")) and not error.msg.startswith("Extra data")


def _deep() -> DataError:
    return data_error("SRC_TOO_DEEP", f"the answer is nested more than {MAX_DEPTH} levels deep")
