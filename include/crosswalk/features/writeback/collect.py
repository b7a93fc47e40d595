"""Collect: the target's activities, page by page, into the outbox. A page is landed, then taken in with its cursor in one transaction."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from crosswalk.errors import DataError
from crosswalk.features.optouts.suppression_list import SuppressionList
from crosswalk.features.writeback.outbox import KEPT, WAITING, Entry
from crosswalk.features.writeback.ports import ACTIVITY_TYPE_UNKNOWN, HEADLINES, OPTED_OUT, Activity, ActivityPage, event_id
from crosswalk.features.writeback.work import Writeback

log = logging.getLogger(__name__)

_FILE = "activities.json"
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ID = re.compile(r"[A-Za-z0-9._:-]{0,100}")


def collect(work: Writeback, *, dry_run: bool = False) -> dict[str, Any]:
    """Read the feed on from where it was left, to its end as it is now.

    Returns counts for XCom: read, taken_in (new in the outbox), left_out (of a type not chosen), unknown_type, opted_out. In a dry run
    nothing is landed or moved. Raises Fenced ACCOUNT_BUSY or LEASE_LOST, DataError, ConfigurationError when the account is bound elsewhere.
    """
    counts: Counter[str] = Counter(dict.fromkeys(("read", "taken_in", "left_out", "unknown_type", "opted_out"), 0))
    if dry_run:
        for page in work.feed.pages(*work.cursors.watermark(work.integration, work.account)):
            _count(work, page, counts)
            counts["taken_in"] += sum(_wanted(work, one) for one in page.activities)
        return dict(counts)
    with work.leased() as beat:
        cursor, position = work.cursors.watermark(work.integration, work.account)
        for page in work.feed.pages(cursor, position):
            beat()
            _count(work, page, counts)
            if page.activities or page.cursor != cursor:
                counts["taken_in"] += work.outbox.collect(
                    beat.lease, page.cursor, page.position, _entries(work, page), list(_opt_outs(work, page))
                )
            cursor = page.cursor
    log.info("%s: activities collected, %s", work, dict(counts))
    return dict(counts)


def landed_title(work: Writeback, folder: str, activity_id: str) -> str:
    """Read the title of an activity from the landing zone; "" when its time there is over."""
    try:
        titles = json.loads(work.zone.activities(work.integration, work.account, folder).read_bytes(_FILE))
    except DataError as error:
        if error.code != "LANDING_MISSING":
            raise
        return ""
    return str(titles.get(activity_id, ""))


def _count(work: Writeback, page: ActivityPage, counts: Counter[str]) -> None:
    for one in page.activities:
        counts["read"] += 1
        counts["opted_out"] += one.type == OPTED_OUT
        counts["unknown_type"] += one.type not in HEADLINES
        counts["left_out"] += one.type in HEADLINES and one.type not in work.chosen


def _wanted(work: Writeback, activity: Activity) -> bool:
    """What the account did not choose leaves no trace; what nobody here knows is kept until somebody does."""
    return activity.type in work.chosen or activity.type not in HEADLINES


def _entries(work: Writeback, page: ActivityPage) -> list[Entry]:
    wanted = [one for one in page.activities if _wanted(work, one)]
    landed = _land(work, wanted) if wanted else ""
    identity = work.feed.identity()
    return [_entry(one, event_id(identity, one.activity_id), landed) for one in wanted]


def _land(work: Writeback, activities: list[Activity]) -> str:
    """Land the titles of a page under a name of their own content: the same page again is the same file."""
    content = json.dumps({one.activity_id: one.title for one in activities}).encode()
    name = f"activities-{hashlib.sha256(content).hexdigest()[:16]}"
    work.zone.activities(work.integration, work.account, name).write_bytes(_FILE, content)
    return name


def _entry(one: Activity, event: str, landed: str) -> Entry:
    known = one.type in HEADLINES
    return Entry(
        event,
        one.activity_id,
        one.type if _TYPE.fullmatch(one.type) else "",
        _safe(one.contact_id),
        _safe(one.source_id),
        one.occurred_at,
        landed,
        WAITING if known else KEPT,
        "" if known else ACTIVITY_TYPE_UNKNOWN.code,
    )


def _opt_outs(work: Writeback, page: ActivityPage) -> Iterator[tuple[str, datetime]]:
    """Whoever opts out is suppressed by person and by address, also where no note of it is wanted."""
    people = SuppressionList(work.integration, work.account)
    for one in page.activities:
        if one.type == OPTED_OUT:
            for key in people.keys_of(source_id=_safe(one.source_id), target_id=_safe(one.contact_id), email=one.email):
                yield key, one.occurred_at


def _safe(an_id: str) -> str:
    """An id as the store may keep it: what is none could be anything, also somebody's address."""
    return an_id if _ID.fullmatch(an_id) else ""
