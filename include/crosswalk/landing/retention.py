"""Personal data leaves the landing zone after its time; reports, which hold none, stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from crosswalk.landing.folder import MANIFEST
from crosswalk.landing.zone import DATA, LandingZone

_WRITING = timedelta(days=1)
"""Longer than any write takes: what is still half written after it belongs to a writer that was killed."""


def purge(zone: LandingZone, keep_days: int, now: datetime) -> list[str]:
    """Remove data folders whose newest file is older than keep_days; return what was removed ("data/…/12"), sorted.

    The manifest goes first: a purge that is cut short leaves no snapshot that looks complete.
    """
    limit = now - timedelta(days=keep_days)
    old = sorted(folder for folder, written in zone.storage.ages(DATA).items() if written < limit)
    for folder in old:
        zone.storage.remove((*folder, MANIFEST))
        zone.storage.remove_folder(folder)
    zone.storage.sweep(now - _WRITING)
    return ["/".join(folder) for folder in old]
