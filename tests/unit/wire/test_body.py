"""The bounds of a body, whatever the library below notices by itself."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from crosswalk.errors import TransientError
from crosswalk.wire import response_body as body
from crosswalk.wire.response_body import BodyLimits, read_body


def response(chunks: list[bytes], **headers: str) -> Any:
    waiting = iter(chunks)
    raw = SimpleNamespace(read1=lambda *_, **__: next(waiting, b""))
    return SimpleNamespace(raw=raw, headers=headers, request=SimpleNamespace(method="GET"))


def code_of(answer: Any) -> str:
    with pytest.raises(TransientError) as caught:
        read_body(answer, BodyLimits(1000, deadline=5.0))
    return caught.value.code


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock takes a second."""
    seconds = itertools.count()
    monkeypatch.setattr(body, "time", SimpleNamespace(monotonic=lambda: float(next(seconds))))


@pytest.mark.requirement("SAFE-1")
def test_a_body_shorter_than_announced_is_noticed() -> None:
    headers = {"Content-Length": "5"}
    assert read_body(response([b"he", b"llo"], **headers), BodyLimits(1000, deadline=5.0)) == b"hello"
    assert code_of(response([b"he", b"ll"], **headers)) == "SRC_SHORT_BODY"


def test_a_body_that_does_not_end_in_time_is_given_up() -> None:
    assert code_of(response([b"x"] * 20)) == "CONN_TIMEOUT"
