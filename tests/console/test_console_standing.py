"""How accounts stand: when the next delivery is due on the wall clock, what needs a person first, how a list is cut into pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.rooms import INTEGRATION
from crosswalk.console.account_overview import ORDERS, Standing, chosen, standings, tally
from crosswalk.console.freshness import GRACE, due
from crosswalk.console.page_links import Paging
from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.model import RunStatus
from crosswalk.core.schedule_windows import DAYS
from crosswalk.store.account_status import Newest

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("last", "frequency", "zone", "expected"),
    [
        ("2026-11-23T10:05:00+00:00", "daily", "America/New_York", "2026-11-24T08:05:00-05:00"),
        ("2026-03-07T10:05:00+00:00", "daily", "America/New_York", "2026-03-08T08:05:00-04:00"),
        ("2026-10-31T09:05:00+00:00", "daily", "America/New_York", "2026-11-01T08:05:00-05:00"),
        ("2026-11-21T03:30:00+00:00", "weeknights", "America/Chicago", "2026-11-24T00:30:00-06:00"),
        ("2026-11-23T10:05:00+00:00", "daily", "Asia/Tokyo", "2026-11-24T22:05:00+09:00"),
    ],
    ids=["the next day", "the night the clock goes forward", "the night it goes back", "Friday to Monday", "another zone"],
)
def test_a_delivery_is_due_at_the_same_local_hour(last: str, frequency: str, zone: str, expected: str) -> None:
    assert due(at(last), frequency, zone) == at(expected)


def test_a_frequency_without_a_time_is_never_late() -> None:
    assert due(at("2020-01-01T00:00:00+00:00"), "manual", "America/New_York") is None


@given(
    last=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - given their zone by hypothesis
    frequency=st.sampled_from(sorted(DAYS)),
    zone=st.sampled_from(["America/New_York", "Pacific/Auckland", "America/St_Johns", "UTC"]),
)
def test_the_next_one_is_due_after_a_day_and_before_a_long_weekend(last: datetime, frequency: str, zone: str) -> None:
    until = due(last, frequency, zone)
    assert until is not None
    assert timedelta(hours=23) <= until.astimezone(UTC) - last - GRACE <= timedelta(days=3, hours=1)
    assert (until - GRACE).weekday() in DAYS[frequency]


def settings(name: str, frequency: str = "daily") -> AccountSettings:
    return AccountSettings(name, INTEGRATION, f"s_{name}", f"t_{name}", None, frequency)


def newest(name: str, status: RunStatus | None, delivered_hours_ago: float | None = 7) -> Newest:
    delivered = None if delivered_hours_ago is None else NOW - timedelta(hours=delivered_hours_ago)
    return Newest(INTEGRATION, name, 3 if status else None, status, NOW - timedelta(hours=7) if status else None, "", delivered)


def some() -> list[Standing]:
    runs = [
        newest("fine", RunStatus.SUCCESS),
        newest("held", RunStatus.HELD, 31),
        newest("failed", RunStatus.FAILED, 40),
        newest("declined", RunStatus.REJECTED),
        newest("late", RunStatus.SUCCESS, 60),
        newest("by-hand", RunStatus.SUCCESS, 900),
        newest("partial", RunStatus.PARTIAL),
        newest("gone", RunStatus.FAILED),
        newest("dry-only", None, None),
    ]
    names = ["new", *(run.account for run in runs if run.account != "gone")]
    accounts = {name: settings(name, "manual" if name == "by-hand" else "daily") for name in names}
    return list(standings(INTEGRATION, accounts, runs, NOW))


@pytest.mark.requirement("CARD-7")
def test_what_needs_a_person_comes_first() -> None:
    in_order = [one.account for one in sorted(some(), key=ORDERS["attention"])]
    assert in_order == ["held", "failed", "declined", "late", "partial", "by-hand", "fine", "dry-only", "new", "gone"]
    assert {one.account for one in some() if one.waits} == {"held", "failed", "declined", "late"}


def test_standings_are_narrowed_and_counted() -> None:
    assert [one.account for one in chosen(some(), status="late")] == ["held", "failed", "late"]
    assert {one.account for one in chosen(some(), status="none")} == {"new", "dry-only"}
    assert [one.account for one in chosen(some(), text="-HAND")] == ["by-hand"]
    assert chosen(some(), integration="another") == []
    counted = tally(some())
    assert (counted["all"], counted["waits"], counted["late"], counted["held"], counted["none"]) == (10, 4, 3, 1, 2)


@given(asked=st.integers(1, 10_000), size=st.integers(1, 200), total=st.integers(0, 5000))
def test_pages_cover_a_list_once(asked: int, size: int, total: int) -> None:
    paging = Paging(asked, size, total)
    assert 1 <= paging.number <= paging.pages
    assert 0 <= paging.first <= paging.last <= total
    covered = [
        one for number in range(1, paging.pages + 1) for one in range(Paging(number, size, total).first, Paging(number, size, total).last)
    ]
    assert covered == list(range(total))
