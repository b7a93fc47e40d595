"""FMG as a feed: what people did, oldest first, read on from a cursor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from crosswalk.features.writeback.ports import Activity, ActivityPage
from crosswalk.systems.fmg.client import FmgClient
from crosswalk.systems.fmg.payloads import READER
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.json_reader import JsonObject
from crosswalk.wire.paging import FeedGuard, FeedPage

_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


class FmgActivities:
    """Implements features.writeback.ports.ActivityFeed."""

    def __init__(self, client: FmgClient) -> None:
        self._client = client

    def identity(self) -> str:
        return self._client.identity

    def pages(self, cursor: str, position: int | None) -> Iterator[ActivityPage]:
        """Read on page by page. Raises DataError when the pages do not follow each other."""
        guard, number, more = FeedGuard(cursor, position), 0, True
        while more:
            number += 1
            with self._client.operation("reading activities", number):
                page = _page(self._client.activities(cursor), guard)
            yield page
            cursor, more = page.cursor, page.more


def _page(response: JsonObject, guard: FeedGuard) -> ActivityPage:
    records = READER.objects(response, "activities")
    more, cursor = response.get("more"), response.get("next")
    if not isinstance(more, bool):
        raise READER.wrong("more")
    if not isinstance(cursor, str) or not cursor:
        raise data_error("SRC_NO_NEXT_LINK", "next is missing or unreadable")
    page = ActivityPage(tuple(_activity(record) for record in records), cursor, READER.count(response, "position"), more)
    numbers = [READER.count(record, "sequence") for record in records]
    guard.check(FeedPage([one.activity_id for one in page.activities], numbers, page.cursor, page.position, page.more))
    return page


def _activity(record: JsonObject) -> Activity:
    activity_id = record.get("activity_id")
    if not isinstance(activity_id, str) or not _ID.fullmatch(activity_id):
        raise data_error("SRC_ID_TYPE", "an activity has no id, or one that is not as agreed")
    return Activity(
        activity_id,
        READER.text(record, "type"),
        READER.text(record, "contact_id"),
        READER.text(record, "source_id"),
        READER.text(record, "email"),
        _instant(READER.text(record, "occurred_at")),
        READER.text(record, "title"),
    )


def _instant(written: str) -> datetime:
    if not _TIME.fullmatch(written):
        raise READER.wrong("occurred_at")
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except ValueError:
        raise READER.wrong("occurred_at") from None
