"""A write-back of one account in one process, without a scheduler: for the command line, the drills and the tests."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from crosswalk.errors import ConfigurationError
from crosswalk.features.writeback.collect import collect
from crosswalk.features.writeback.outbox import KEPT
from crosswalk.features.writeback.work import Writeback
from crosswalk.features.writeback.write import write


def write_back(work: Writeback, *, dry_run: bool = False) -> dict[str, Any]:
    """Collect, then write; the counts of both."""
    return collect(work, dry_run=dry_run) | write(work, dry_run=dry_run)


def retry(work: Writeback, activity_ids: Collection[str] = ()) -> dict[str, Any]:
    """Try kept activities again, those named or all, and whatever else waits. Raises ConfigurationError ACTIVITY_NOT_KEPT."""
    with work.leased() as beat:
        kept = {row.activity_id: row.event_id for row in work.outbox.unwritten(work.integration, work.account) if row.status == KEPT}
        if unknown := sorted(set(activity_ids) - kept.keys()):
            raise ConfigurationError(
                "ACTIVITY_NOT_KEPT",
                operation=f"choosing the activities of {work} to try again",
                problem=f"{len(unknown)} of them are not kept",
            )
        work.outbox.try_again(beat.lease, [kept[one] for one in activity_ids or kept])
    return write(work)
