"""Cursor paging: each page gives the list's total, its revision, and the cursor of the next page."""

from __future__ import annotations

from dataclasses import dataclass

from crosswalk.core.ports import ReadRestarted
from crosswalk.errors import current_operation
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.json_reader import JsonObject, JsonReader, next_cursor
from crosswalk.wire.paging import PageGuard


@dataclass(frozen=True)
class ListPage:
    """One page. total: records in the whole list; revision: changes whenever the list does."""

    records: list[JsonObject]
    total: int
    revision: int


class CursorPages:
    """Reads the pages of one list in order; `after` and `number` are those of the next page, while there are `more`.

    Args:
        reader: reads the JSON of a page.
        collection: the member that holds the records.
        id_field: the field that identifies a record.
        check_revision: whether the list must not change during the read.
    """

    def __init__(self, reader: JsonReader, collection: str, id_field: str, *, check_revision: bool = True) -> None:
        self._reader = reader
        self._collection = collection
        self._id_field = id_field
        self._check_revision = check_revision
        self._guard = PageGuard()
        self._revision: int | None = None
        self.after = ""
        self.number = 1
        self.more = True

    def read(self, response: JsonObject) -> ListPage:
        """Read the next page. Raises ReadRestarted when the revision changed, DataError when the pages do not add up."""
        total, revision = (self._reader.count(response, name) for name in ("total", "revision"))
        page = ListPage(self._reader.objects(response, self._collection), total, revision)
        if self._check_revision and self._revision not in (None, revision):
            raise ReadRestarted(f"{current_operation()}: the list changed")
        following = next_cursor(response)
        self._guard.check([record.get(self._id_field) for record in page.records], page.total, bool(following))
        if following and following == self.after:
            raise data_error("SRC_PAGE_REPEATED", "the next page is the page before")
        self._revision, self.after, self.more = revision, following, bool(following)
        self.number += 1
        return page
