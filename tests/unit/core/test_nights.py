"""Local nights against an oracle that knows nothing of ours: it walks through all minutes of UTC and looks at the local clock."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.core.schedule_windows import nights

ZONES = [
    "America/New_York",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
]
YEARS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC))
HOUR = timedelta(hours=1)


def oracle(zone: str, at: time, start: datetime, end: datetime) -> list[date]:
    """Local weekdays on which the clock shows `at`, the first time it does. Looks at every quarter of an hour."""
    local, found, now = ZoneInfo(zone), [], start
    while now < end:
        shown = now.astimezone(local)
        if (shown.hour, shown.minute) == (at.hour, at.minute) and shown.isoweekday() <= 5 and (not found or found[-1] != shown.date()):
            found.append(shown.date())
        now += timedelta(minutes=15)
    return found


@pytest.mark.requirement("EMON-07")
@pytest.mark.parametrize("zone", ZONES)
def test_every_weeknight_of_ten_years_begins_in_exactly_one_hour(zone: str) -> None:
    at, (start, end) = time(22, 0), YEARS
    hours = (start + HOUR * number for number in range(int((end - start) / HOUR)))
    found = [night for hour in hours for night in nights("weeknights", at, zone, hour, hour + HOUR)]

    assert found == oracle(zone, at, start, end)
    assert 2600 <= len(found) <= 2612


@pytest.mark.parametrize(
    ("zone", "at", "night"),
    [
        ("America/New_York", time(2, 30), date(2026, 3, 9)),
        ("America/New_York", time(1, 30), date(2026, 11, 2)),
        ("America/Santiago", time(0, 15), date(2026, 9, 7)),
        ("Africa/Cairo", time(0, 30), date(2026, 4, 24)),
    ],
)
def test_a_night_is_one_also_when_the_clocks_change(zone: str, at: time, night: date) -> None:
    start = datetime(night.year, night.month, night.day, tzinfo=UTC) - timedelta(days=3)
    found = Counter(
        one for number in range(24 * 8) for one in nights("daily", at, zone, start + HOUR * number, start + HOUR * (number + 1))
    )

    assert set(found.values()) == {1}
    assert {night - timedelta(days=1), night, night + timedelta(days=1)} <= found.keys()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.times(),
    st.integers(0, 1_000_000).map(lambda minutes: YEARS[0] + timedelta(minutes=minutes)),
    st.lists(st.integers(1, 4000), min_size=1, max_size=8),
)
def test_how_time_is_cut_into_intervals_does_not_matter(zone: str, at: time, start: datetime, minutes: list[int]) -> None:
    edges = [start]
    for one in minutes:
        edges.append(edges[-1] + timedelta(minutes=one))
    pieces = [night for first, last in pairwise(edges) for night in nights("daily", at, zone, first, last)]

    assert pieces == list(nights("daily", at, zone, edges[0], edges[-1]))


@pytest.mark.requirement("FMG-04")
def test_a_manual_account_has_no_nights() -> None:
    assert list(nights("manual", time(5), "America/New_York", *YEARS)) == []


def test_friday_night_in_the_west_is_saturday_in_utc_and_still_a_weeknight() -> None:
    friday = datetime(2026, 11, 28, 6, 30, tzinfo=UTC)  # 22:30 on Friday in Los Angeles

    assert list(nights("weeknights", time(22, 30), "America/Los_Angeles", friday, friday + HOUR)) == [date(2026, 11, 27)]
