"""FMG as a feed: what people did, oldest first, read on from a cursor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from crosswalk.features.writeback.ports import Activity, ActivityPage
from crosswalk.systems.fmg.client import FmgClient
from crosswalk.systems.fmg.payloads import SHAPE
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
        doing = self._client.doing("reading activities")
        guard, more = FeedGuard(doing, cursor, position), True
        while more:
            answer = self._client.activities(cursor, doing)
            records = SHAPE.objects(answer, "activities", doing)
            page = _page(answer, records, doing)
            numbers = [SHAPE.count(record, "sequence", doing) for record in records]
            guard.check(FeedPage([one.activity_id for one in page.activities], numbers, page.cursor, page.position, page.more))
            yield page
            cursor, more = page.cursor, page.more


def _page(answer: JsonObject, records: list[JsonObject], doing: str) -> ActivityPage:
    more, cursor = answer.get("more"), answer.get("next")
    if not isinstance(more, bool):
        raise SHAPE.wrong(doing, "more")
    if not isinstance(cursor, str) or not cursor:
        raise data_error("SRC_NO_NEXT_LINK", doing, "next is missing or unreadable")
    return ActivityPage(tuple(_activity(record, doing) for record in records), cursor, SHAPE.count(answer, "position", doing), more)


def _activity(record: JsonObject, doing: str) -> Activity:
    activity_id = record.get("activity_id")
    if not isinstance(activity_id, str) or not _ID.fullmatch(activity_id):
        raise data_error("SRC_ID_TYPE", doing, "an activity has no id, or one that is not as agreed")
    return Activity(
        activity_id,
        SHAPE.text(record, "type", doing),
        SHAPE.text(record, "contact_id", doing),
        SHAPE.text(record, "source_id", doing),
        SHAPE.text(record, "email", doing),
        _instant(SHAPE.text(record, "occurred_at", doing), doing),
        SHAPE.text(record, "title", doing),
    )


def _instant(written: str, doing: str) -> datetime:
    if not _TIME.fullmatch(written):
        raise SHAPE.wrong(doing, "occurred_at")
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except ValueError:
        raise SHAPE.wrong(doing, "occurred_at") from None
