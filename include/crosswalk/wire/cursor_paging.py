"""Reading a list whose pages say how many records it has, which revision it is of, and where the next page begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from crosswalk.core.ports import ReadRestarted
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.json_reader import JsonObject, Shape, next_of
from crosswalk.wire.paging import PageGuard

Ask = Callable[[str, str], JsonObject]


@dataclass(frozen=True)
class ListPage:
    """One page. total: records in the whole list; revision: another one whenever the list changed."""

    records: list[JsonObject]
    total: int
    revision: int


def list_pages(ask: Ask, shape: Shape, collection: str, id_field: str, doing: str, *, check_revision: bool = True) -> Iterator[ListPage]:
    """Read a list page by page.

    Args:
        ask: gives the page that begins after a cursor ("" is the first page), told what is being done.
        shape: reads the page.
        collection: where the records stand in a page.
        id_field: what tells them apart.
        doing: what error messages say was being done.
        check_revision: whether the list must stay as it is meanwhile.

    Raises ReadRestarted when the revision changes in between, DataError when the pages do not add up.
    """
    guard, revision, after, number = PageGuard(doing), -1, "", 0
    while number == 0 or after:
        number += 1
        page_doing = f"{doing}, page {number}"
        answer = ask(after, page_doing)
        total, now = (shape.count(answer, name, page_doing) for name in ("total", "revision"))
        page = ListPage(shape.objects(answer, collection, page_doing), total, now)
        if check_revision and revision not in (-1, now):
            raise ReadRestarted(f"{doing}: the list changed")
        following = next_of(answer, page_doing)
        guard.check([record.get(id_field) for record in page.records], page.total, bool(following))
        if following and following == after:
            raise data_error("SRC_PAGE_REPEATED", page_doing, "the next page is the page before")
        yield page
        revision, after = now, following
