"""When an account's frequency asks for the next delivery, by the clock on the wall of its zone. No Airflow, no database."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crosswalk.core.schedule_windows import DAYS

GRACE = timedelta(hours=3)
"""How long after the hour of the last delivery the next one may come: retries end well before."""


def due(last: datetime, frequency: str, zone: str) -> datetime | None:
    """Say by when the next delivery is due after the last one: on the next day that asks for one, at the same local hour, and then some.

    last: an instant with a zone. None for a frequency that promises no time.
    """
    days = DAYS.get(frequency)
    if days is None:
        return None
    local = last.astimezone(ZoneInfo(zone))
    wanted = local + timedelta(days=1)
    while wanted.weekday() not in days:
        wanted += timedelta(days=1)
    return wanted + GRACE
