"""Pages have to add up (reliability.md 3.1, S26, S28, S33, S34, S35), and the next one is fetched meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import current_thread, main_thread

import pytest

from crosswalk.core.ports import ReadRestarted
from crosswalk.errors import CrosswalkError, DataError
from crosswalk.wire import paging
from crosswalk.wire.paging import KeysetGuard, PageGuard, counted, prefetched

Given = tuple[list[object], int, bool]


def code_of(*pages: Given, size: int | None = 2) -> str:
    guard = PageGuard(size)
    with pytest.raises(DataError) as caught:
        for keys, total, more in pages:
            guard.check(keys, total, more)
    return caught.value.code


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(
    ("pages", "code"),
    [
        ([(["a", "b"], 6, True), (["c", "d"], 6, True), (["c", "d"], 6, True)], "SRC_PAGE_REPEATED"),
        ([(["a", "b"], 6, True), (["a", "b"], 6, True)], "SRC_PAGE_REPEATED"),
        ([(["a", "b"], 4, True), (["b", "c"], 4, False)], "SRC_DUPLICATE_ID"),
        ([(["a", "a"], 2, False)], "SRC_DUPLICATE_ID"),
        ([(["a", "b"], 4, True), (["c"], 4, False)], "SRC_COUNT_MISMATCH"),
        ([(["a", "b"], 4, True), (["c", "d"], 5, False)], "SRC_COUNT_MISMATCH"),
        ([(["a", "b"], 6, True), (["c", "d"], 4, False)], "SRC_COUNT_MISMATCH"),
        ([(["a", "b"], 2, True)], "SRC_COUNT_MISMATCH"),
        ([(["a", "b", "c"], 3, False)], "SRC_COUNT_MISMATCH"),
        ([([], 1, False)], "SRC_COUNT_MISMATCH"),
        ([(["a"], 3, True)], "SRC_SHORT_PAGE"),
        ([(["a", "b"], 4, True), ([], 4, True)], "SRC_SHORT_PAGE"),
        ([(["a", "b"], 4, True), ([7, "c"], 4, False)], "SRC_ID_TYPE"),
        ([([None], 1, False)], "SRC_ID_TYPE"),
    ],
)
def test_pages_that_do_not_add_up_are_refused(pages: list[Given], code: str) -> None:
    assert code_of(*pages) == code


@pytest.mark.parametrize(
    "pages",
    [
        [([], 0, False)],
        [(["a", "b"], 2, False)],
        [(["a", "b"], 4, True), (["c", "d"], 4, False)],
        [(["a", "b"], 3, True), (["c"], 3, False)],
        [(["", "b"], 4, True), (["", ""], 4, False)],
    ],
)
def test_pages_that_add_up_pass(pages: list[Given]) -> None:
    guard = PageGuard(2)
    for keys, total, more in pages:
        guard.check(keys, total, more)


def test_pages_may_be_shorter_where_no_size_is_promised() -> None:
    guard = PageGuard()
    guard.check(["a"], 3, True)
    guard.check(["b", "c"], 3, False)
    assert code_of(([], 3, True), size=None) == "SRC_SHORT_PAGE"


def test_pages_without_end_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_PAGES", 3)
    assert code_of(*[([str(number)], 10**9, True) for number in range(9)], size=1) == "SRC_TOO_MANY_PAGES"


def test_the_next_page_is_fetched_while_this_one_is_worked_on() -> None:
    fetched: list[tuple[int, bool]] = []

    def fetch() -> Iterator[int]:
        for number in range(4):
            fetched.append((number, current_thread() is main_thread()))
            yield number

    pages = prefetched(fetch())
    assert next(pages) == 0
    deadline = time.monotonic() + 2
    while len(fetched) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert fetched == [(0, False), (1, False)]
    assert list(pages) == [1, 2, 3]


@pytest.mark.parametrize("error", [ReadRestarted("again"), DataError("SRC_ORDER", operation="a", problem="b", next_step="c")])
def test_an_error_surfaces_in_its_place(error: Exception) -> None:
    def fetch() -> Iterator[int]:
        yield 1
        yield 2
        raise error

    seen = []
    with pytest.raises((ReadRestarted, CrosswalkError)) as caught:
        for page in prefetched(fetch()):
            seen.append(page)
    assert (seen, caught.value) == ([1, 2], error)


def test_a_reader_may_stop_early() -> None:
    pages = prefetched(iter(range(1000)))
    assert next(pages) == 0
    pages.close()  # type: ignore[attr-defined]


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(
    ("pages", "code"),
    [
        ([[1, 2], [1, 2]], "SRC_PAGE_REPEATED"),
        ([[3, 4], [1]], "SRC_PAGE_REPEATED"),
        ([[1, 1]], "SRC_DUPLICATE_ID"),
        ([[2, 1]], "SRC_ORDER"),
        ([[1, 3], [3, 4]], "SRC_ORDER"),
        ([[0]], "SRC_PAGE_REPEATED"),
        ([["1"]], "SRC_ID_TYPE"),
        ([[None]], "SRC_ID_TYPE"),
        ([[True]], "SRC_ID_TYPE"),
    ],
)
def test_ids_only_rise(pages: list[list[object]], code: str) -> None:
    guard = KeysetGuard()
    with pytest.raises(DataError) as caught:
        for ids in pages:
            guard.check(ids)
    assert caught.value.code == code


def test_the_last_id_is_where_to_go_on() -> None:
    guard = KeysetGuard()
    for ids, last in (([3, 9], 9), ([], 9), ([10], 10)):
        guard.check(ids)
        assert guard.last == last


def test_a_walk_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_PAGES", 2)
    guard = KeysetGuard()
    with pytest.raises(DataError) as caught:
        for number in range(1, 5):
            guard.check([number])
    assert (caught.value.code, guard.last) == ("SRC_TOO_MANY_PAGES", 2)


@pytest.mark.requirement("SAFE-1")
def test_pages_have_to_add_up_to_what_was_counted() -> None:
    assert list(counted([[1, 2], [3]], lambda: 3)) == [([1, 2], 3), ([3], 3)]
    with pytest.raises(DataError) as caught:
        list(counted([[1, 2]], lambda: 3))
    assert caught.value.code == "SRC_COUNT_MISMATCH"
    counts = iter((3, 2))
    with pytest.raises(ReadRestarted):
        list(counted([[1, 2]], lambda: next(counts)))
