"""Local nights: which of an account's nights begins in a data interval. Pure; zones are IANA names, instants are aware datetimes.

Every local date has exactly one instant at which its night begins, and these instants rise with the dates, so intervals that follow
each other without a gap hold each night exactly once, also over a change of the clocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = {"daily": frozenset(range(7)), "weeknights": frozenset(range(5))}
"""Weekdays, Monday is 0, on which a night of each frequency begins. Other frequencies have no nights."""


def begins(night: date, at: time, zone: str) -> datetime:
    """Return the UTC instant at which a local clock first shows `at` on that date.

    A time the clocks skip is read by the offset before the change: as many hours after midnight as it says.
    """
    return datetime.combine(night, at, ZoneInfo(zone)).astimezone(UTC)


def nights(frequency: str, at: time, zone: str, start: datetime, end: datetime) -> Iterator[date]:
    """Yield the local dates whose night begins in [start, end), in order; none for a frequency without nights."""
    days = DAYS.get(frequency, frozenset())
    night = start.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    last = end.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    while night <= last:
        if night.weekday() in days and start <= begins(night, at, zone) < end:
            yield night
        night += timedelta(days=1)
