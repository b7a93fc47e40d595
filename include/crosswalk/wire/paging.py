"""Paging: guards against what a paging server can get wrong, and prefetching."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from crosswalk.core.ports import ReadRestarted
from crosswalk.errors import DataError, current_operation
from crosswalk.wire.body_checks import data_error

Item = TypeVar("Item")

MAX_PAGES = 10_000


class PageGuard:
    """Checks that the pages of one read belong together and add up to the total the server announced.

    Args:
        page_size: records on every page but the last; None where pages may be shorter.
    """

    def __init__(self, page_size: int | None = None) -> None:
        self._page_size = page_size
        self._total: int | None = None
        self._pages = 0
        self._received = 0
        self._seen: set[str] = set()

    def check(self, keys: Sequence[Any], total: int | None, more: bool) -> None:
        """Check the next page.

        keys: its records' keys in order, "" where one has none; total: None where the server names none; more: whether it has another.

        Raises DataError: SRC_COUNT_MISMATCH, SRC_ID_TYPE, SRC_PAGE_REPEATED, SRC_DUPLICATE_ID, SRC_SHORT_PAGE, SRC_TOO_MANY_PAGES.
        """
        self._pages += 1
        if self._pages > 1 and self._total != total:
            raise self._mismatch(f"the total changed from {self._total} to {total}")
        self._total = total
        self._check_keys(keys)
        self._received += len(keys)
        if total is not None:
            self._check_sum(total, more)
        self._check_size(len(keys), more)

    def _check_keys(self, keys: Sequence[Any]) -> None:
        if not all(isinstance(key, str) for key in keys):
            raise self._wrong("SRC_ID_TYPE", "a record's id is not text")
        present = [key for key in keys if key]
        fresh = set(present) - self._seen
        if present and not fresh:
            raise self._wrong("SRC_PAGE_REPEATED", "it holds the records of a page before")
        if len(fresh) != len(present):
            raise self._wrong("SRC_DUPLICATE_ID", "a record's id came before")
        self._seen |= fresh

    def _check_size(self, size: int, more: bool) -> None:
        if self._pages > MAX_PAGES:
            raise self._wrong("SRC_TOO_MANY_PAGES", f"there are more than {MAX_PAGES} pages")
        if more and (size == 0 or (self._page_size is not None and size != self._page_size)):
            raise self._wrong("SRC_SHORT_PAGE", f"it holds {size} records, and more are announced")
        if self._page_size is not None and size > self._page_size:
            raise self._mismatch(f"it holds {size} records, more than were asked for")

    def _check_sum(self, total: int, more: bool) -> None:
        if more and self._received >= total:
            raise self._mismatch(f"all {total} records came, and more are announced")
        if not more and self._received != total:
            raise self._mismatch(f"{total} records were announced, {self._received} came")

    def _mismatch(self, found: str) -> DataError:
        return self._wrong("SRC_COUNT_MISMATCH", found)

    def _wrong(self, code: str, found: str) -> DataError:
        return data_error(code, found)


@dataclass(frozen=True)
class FeedPage:
    """Position of one page in a feed. numbers: of its records; position: number of the last record before `cursor`."""

    keys: Sequence[str]
    numbers: Sequence[int]
    cursor: str
    position: int
    more: bool


class FeedGuard:
    """Checks that the pages of a feed are contiguous: its records are numbered without gaps.

    Args:
        cursor, position: where the read starts; "" and None at the beginning of the feed, whose first number is unknown.
    """

    def __init__(self, cursor: str, position: int | None) -> None:
        self._cursor = cursor
        self._position = position
        self._pages = 0
        self._seen: set[str] = set()

    def check(self, page: FeedPage) -> None:
        """Check the next page.

        Raises DataError: SRC_PAGE_REPEATED, SRC_DUPLICATE_ID, SRC_COUNT_MISMATCH, SRC_SHORT_PAGE, SRC_TOO_MANY_PAGES.
        """
        self._pages += 1
        if page.keys and (page.cursor == self._cursor or page.numbers[0] <= (self._position or 0)):
            raise self._wrong("SRC_PAGE_REPEATED", "it holds the records of a page before, or leads nowhere else")
        if len(self._seen | set(page.keys)) != len(self._seen) + len(page.keys):
            raise self._wrong("SRC_DUPLICATE_ID", "a record's id came before")
        self._check_numbers(page)
        if page.more and not page.keys:
            raise self._wrong("SRC_SHORT_PAGE", "it holds no record, and more are announced")
        if self._pages > MAX_PAGES:
            raise self._wrong("SRC_TOO_MANY_PAGES", f"there are more than {MAX_PAGES} pages")
        self._seen |= set(page.keys)
        self._cursor, self._position = page.cursor, page.position

    def _check_numbers(self, page: FeedPage) -> None:
        begin = page.position - len(page.numbers) if self._position is None else self._position
        if list(page.numbers) != list(range(begin + 1, page.position + 1)):
            raise self._wrong("SRC_COUNT_MISMATCH", f"it leads from record {begin} to {page.position}, {len(page.numbers)} came, or others")

    def _wrong(self, code: str, found: str) -> DataError:
        return data_error(code, found)


def prefetched(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items, fetching one ahead in a thread; an error is raised in its place, after the items before it."""
    source, end = iter(items), object()
    with ThreadPoolExecutor(1, thread_name_prefix="crosswalk-page") as pool:

        def ahead() -> Future[Item | object]:
            # a fresh copy for each item: a context cannot be entered twice, and the consumer's operation may have changed
            return pool.submit(copy_context().run, lambda: next(source, end))

        upcoming = ahead()
        while (item := upcoming.result()) is not end:
            upcoming = ahead()
            yield item  # type: ignore[misc]  # the end mark is excluded above


class KeysetGuard:
    """Checks keyset paging ("id greater than the last one"): ids are whole numbers and strictly ascending."""

    def __init__(self) -> None:
        self._pages = 0
        self.last = 0

    def check(self, ids: Sequence[Any]) -> None:
        """Check the next page and move `last` on.

        Raises DataError: SRC_ID_TYPE, SRC_PAGE_REPEATED, SRC_DUPLICATE_ID, SRC_ORDER, SRC_TOO_MANY_PAGES.
        """
        self._pages += 1
        if self._pages > MAX_PAGES:
            raise data_error("SRC_TOO_MANY_PAGES", f"there are more than {MAX_PAGES} pages")
        if not all(type(one) is int for one in ids):
            raise data_error("SRC_ID_TYPE", "a record's id is not a whole number")
        if ids and max(ids) <= self.last:
            raise data_error("SRC_PAGE_REPEATED", "it holds records of a page before")
        if len(set(ids)) != len(ids):
            raise data_error("SRC_DUPLICATE_ID", "a record's id came before")
        if list(ids) != sorted(ids) or (ids and ids[0] <= self.last):
            raise data_error("SRC_ORDER", "the records are not in ascending order of id")
        self.last = ids[-1] if ids else self.last


def counted(pages: Iterable[list[Item]], count: Callable[[], int]) -> Iterator[tuple[list[Item], int]]:
    """Yield each page with the total counted beforehand, and check at the end that all records came.

    Raises ReadRestarted when the count changed meanwhile, DataError SRC_COUNT_MISMATCH when it did not: the list is capped or truncated.
    """
    total, received = count(), 0
    for page in pages:
        received += len(page)
        yield page, total
    if received != total:
        if count() != total:
            raise ReadRestarted(f"{current_operation()}: the list changed")
        raise data_error("SRC_COUNT_MISMATCH", f"{total} records were counted, {received} came")
