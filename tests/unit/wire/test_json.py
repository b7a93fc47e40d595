"""JSON is parsed strictly (reliability.md 3.1, S1, S2, S4, S8, S19, S21 to S25)."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.errors import DataError, operation
from crosswalk.wire import json

WHOLE = '{"contacts": [{"first_name": "Zoë\\u00e9 }", "n": 12.50, "flags": [1, true, null]}, {"x": -3}], "next": null}'.encode()


def code_of(content: bytes, content_type: str = "application/json") -> str:
    with pytest.raises(DataError) as caught, operation("reading contacts of fmg_summit"):
        json.parse(content, content_type)
    assert "fmg_summit" in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "SRC_EMPTY_BODY"),
        (b"  \n", "SRC_EMPTY_BODY"),
        (b"<!doctype html><html></html>", "SRC_AUTH_PAGE"),
        (b'[{"id": 1},', "SRC_TRUNCATED"),
        (b'{"a": "Zo\xc3', "SRC_TRUNCATED"),
        (b'{"id": 1, "id": 2}', "SRC_DUPLICATE_KEY"),
        (b'[{"a": {"id": "x", "b": 1, "id": "x"}}]', "SRC_DUPLICATE_KEY"),
        (b"[NaN]", "SRC_BAD_NUMBER"),
        (b"[Infinity]", "SRC_BAD_NUMBER"),
        (b"[-Infinity]", "SRC_BAD_NUMBER"),
        (b"[1e400]", "SRC_BAD_NUMBER"),
        (b"[1e-999999]", "SRC_BAD_NUMBER"),
        (b"[" + b"9" * 5000 + b"]", "SRC_BAD_NUMBER"),
        (b"[0." + b"9" * 5000 + b"]", "SRC_BAD_NUMBER"),
        (b'["\\ud800"]', "SRC_BAD_CHARACTER"),
        (b'{"\\udfff": 1}', "SRC_BAD_CHARACTER"),
        (b'["a\x00b"]', "SRC_BAD_CHARACTER"),
        (b'["a\nb"]', "SRC_BAD_CHARACTER"),
        ('["Zoë"]'.encode("cp1252"), "SRC_ENCODING"),
        ('["Zoë"]'.encode("utf-16"), "SRC_ENCODING"),
        (b"[" * 61 + b"]" * 61, "SRC_TOO_DEEP"),
        (b'{"a": 1} x', "SRC_MALFORMED"),
        (b'{"a" 1}', "SRC_MALFORMED"),
        (b"{'a': 1}", "SRC_MALFORMED"),
    ],
)
def test_a_bad_body_is_refused(content: bytes, code: str) -> None:
    assert code_of(content) == code


def test_a_good_body_is_parsed() -> None:
    value = json.parse(b"\xef\xbb\xbf" + WHOLE, "application/json; charset=utf-8")
    assert value["contacts"][0] == {"first_name": "Zoëé }", "n": Decimal("12.50"), "flags": [1, True, None]}
    assert json.parse(b'["\\ud83d\\ude00"]', "") == ["😀"]
    assert json.parse(b"[" * 60 + b"]" * 60, "")


def test_money_is_exact() -> None:
    assert sum(json.parse(b"[0.1, 0.2]", "")) == Decimal("0.3")


@pytest.mark.requirement("SAFE-1")
def test_cut_anywhere_it_is_truncated() -> None:
    for end in range(1, len(WHOLE)):
        assert code_of(WHOLE[:end]) == "SRC_TRUNCATED", WHOLE[:end]


@pytest.mark.parametrize("content", [b"[" * 100_000 + b"]" * 100_000, b"[" * 100_000, b'{"a":' * 100_000])
def test_a_deep_body_is_refused_quickly(content: bytes) -> None:
    started = time.perf_counter()
    assert code_of(content) == "SRC_TOO_DEEP"
    assert time.perf_counter() - started < 1


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=3), values, max_size=4))
def test_what_is_written_is_read_back(value: Any) -> None:
    try:
        assert json.parse(json.write(value), "application/json") == value
    except UnicodeEncodeError:
        assert any(0xD800 <= ord(character) < 0xE000 for key in value for character in key)


def test_equal_values_give_equal_bytes() -> None:
    assert json.write({"b": [1], "a": "ë"}) == json.write({"a": "ë", "b": [1]}) == '{"a":"ë","b":[1]}'.encode()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40), st.integers(0, len(WHOLE)))
def test_whatever_comes_nothing_foreign_leaves(garbage: bytes, place: int) -> None:
    for content in (garbage, WHOLE[:place] + garbage + WHOLE[place:]):
        try:
            json.parse(content, "")
        except DataError as error:
            assert error.code.startswith("SRC_")
