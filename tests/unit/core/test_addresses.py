"""Which e-mail addresses are valid: one table, one verdict each."""

from __future__ import annotations

import pandas as pd
import pytest
from email_validator import validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crosswalk.core.email_syntax import are_valid, is_valid

VALID = [
    "quinn@example.com",
    "quinn@example.test",
    "quinn@mail.example",
    "quinn@nowhere.invalid",
    "QUINN.QUILL@EXAMPLE.COM",
    "quinn+newsletter@example.com",
    "quinn_quill@example.co.uk",
    "o'brien@example.com",
    "1961@example.com",
    "q@e.io",
    "quinn@123.example.com",
    "quinn@xn--bcher-kva.example",
    "quinn@bücher.example",
    "jörg@example.com",
    "佐藤@例え.テスト",
    "a/b=c?d@example.com",
    "  quinn@example.com\t",
    "quinn@sub-domain.example.com",
    f"{'a' * 64}@example.com",
    f"quinn@{'a' * 63}.com",
]
INVALID = [
    "quinn",
    "@example.com",
    "quinn@",
    "quinn@@example.com",
    "quinn@example@com",
    "quinn@example.com.",
    ".quinn@example.com",
    "quinn.@example.com",
    "quinn..quill@example.com",
    "quinn@.example.com",
    "quinn@example..com",
    "quinn@-example.com",
    "quinn@example-.com",
    "quinn@exa_mple.com",
    "quinn quill@example.com",
    "quinn@exam ple.com",
    "quinn@exam\nple.com",
    "quinn\n@example.com",
    "quinn\x00@example.com",
    '"quinn quill"@example.com',
    '"quinn"@example.com',
    "Quinn Quill <quinn@example.com>",
    "<quinn@example.com>",
    "mailto:quinn@example.com",
    "quinn@example.com, ann@example.com",
    "quinn@example.com;ann@example.com",
    f"{'a' * 65}@example.com",
    f"quinn@{'a' * 64}.com",
    f"quinn@{'a.' * 124}com",
    "none@none",
    "none@test",
    "none@localhost",
    "none@none.local",
    "quinn@[127.0.0.1]",
    "quinn@127.0.0.1",
    "quinn@example.c0m1",
    "n/a",
    "",
    "   ",
    "＠example.com",
    "quinn@hidden.onion",
]


@pytest.mark.parametrize("address", VALID, ids=ascii)
def test_valid(address: str) -> None:
    assert is_valid(address)


@pytest.mark.parametrize("address", INVALID, ids=ascii)
def test_invalid(address: str) -> None:
    assert not is_valid(address)


def test_a_column_gets_the_same_verdicts_one_by_one() -> None:
    every = pd.Series([*VALID, *INVALID], index=range(100, 100 + len(VALID) + len(INVALID)))
    assert are_valid(every).tolist() == [True] * len(VALID) + [False] * len(INVALID)
    assert are_valid(every).index.equals(every.index)


def test_an_empty_column_is_fine() -> None:
    assert are_valid(pd.Series([], dtype="str")).tolist() == []


LOCAL = st.text("abcXYZ019_+-.", min_size=1, max_size=70)
DOMAIN = st.lists(st.text("abcZ09-", min_size=1, max_size=12), min_size=1, max_size=4).map(".".join)
ENDING = st.sampled_from(["com", "test", "invalid", "local", "localhost", "onion", "arpa", "LOCAL", "x", "c0m", "xn--p1ai", "example"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.builds("{}@{}.{}".format, LOCAL, DOMAIN, ENDING), min_size=1, max_size=20))
@example(["quinn@ab--cd.com", "quinn@xn--zz.com", "q@in-addr.arpa", "q@a.invalid"])
def test_the_everyday_match_never_accepts_what_the_library_refuses(addresses: list[str]) -> None:
    assert are_valid(pd.Series(addresses)).tolist() == [is_valid(address) for address in addresses]


def test_no_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: pytest.fail("a name was looked up"))
    assert is_valid("quinn@surely-not-there.com")


def test_the_library_alone_would_refuse_what_the_sandbox_uses() -> None:
    """Why `.invalid` is treated apart: should the library change its mind, this can go."""
    with pytest.raises(ValueError, match="special-use"):
        validate_email("quinn@nowhere.invalid", check_deliverability=False, test_environment=True)
