"""Pages of a feed follow each other and leave nothing out, or they are refused before anything moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.errors import DataError
from crosswalk.wire import paging
from crosswalk.wire.paging import FeedGuard, FeedPage


def page(first: int, last: int, *, cursor: str = "", more: bool = False, position: int | None = None) -> FeedPage:
    numbers = list(range(first, last + 1))
    return FeedPage([f"a-{number}" for number in numbers], numbers, cursor or f"t{last}", last if position is None else position, more)


@given(st.lists(st.integers(0, 4), max_size=6), st.integers(0, 50))
def test_what_follows_is_taken(sizes: list[int], start: int) -> None:
    guard, place = FeedGuard(f"t{start}", start), start
    for size in filter(None, sizes):
        guard.check(page(place + 1, place + size, more=True))
        place += size
    guard.check(page(place + 1, place, cursor=f"t{place}"))


def test_a_first_read_may_begin_anywhere() -> None:
    guard = FeedGuard("", None)
    guard.check(page(501, 600, more=True))
    guard.check(page(601, 601))


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (page(9, 10), "SRC_PAGE_REPEATED"),
        (page(11, 12, cursor="t10"), "SRC_PAGE_REPEATED"),
        (page(12, 13), "SRC_COUNT_MISMATCH"),
        (page(11, 12, position=13), "SRC_COUNT_MISMATCH"),
        (page(11, 12, position=11), "SRC_COUNT_MISMATCH"),
        (page(11, 10, position=12, cursor="t12"), "SRC_COUNT_MISMATCH"),
        (page(11, 10, more=True), "SRC_SHORT_PAGE"),
        (FeedPage(["a-11", "a-11"], [11, 12], "t12", 12, False), "SRC_DUPLICATE_ID"),
        (FeedPage(["a-12", "a-11"], [12, 11], "t12", 12, False), "SRC_COUNT_MISMATCH"),
    ],
)
def test_what_does_not_follow_is_refused(wrong: FeedPage, code: str) -> None:
    with pytest.raises(DataError) as caught:
        FeedGuard("t10", 10).check(wrong)
    assert caught.value.code == code


def test_a_feed_without_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_PAGES", 3)
    guard = FeedGuard("", None)
    with pytest.raises(DataError, match="SRC_TOO_MANY_PAGES"):
        for number in range(1, 9):
            guard.check(page(number, number, more=True))
