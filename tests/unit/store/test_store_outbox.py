"""The outbox, its watermark and the feed's lease, on every database: one transaction, one worker, one note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from crosswalk.errors import Fenced
from crosswalk.features.optouts.suppression_list import SuppressionList
from crosswalk.features.optouts.suppressions import Suppressions
from crosswalk.features.writeback.cursors import Cursors, FeedLease
from crosswalk.features.writeback.outbox import INTENDED, KEPT, WAITING, Entry, Outbox
from crosswalk.integrations.releasing import release_account
from crosswalk.store.store import Store

NAME = ("smartoffice_to_fmg", "summit")
AT = datetime(2026, 1, 4, 17, tzinfo=UTC)
LONG = timedelta(seconds=360)
ONE = Entry("fmg-1", "a-1", "email_sent", "c-1", "Contact.7.1", AT, "activities-1")


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Repositories:
    """The tables a write-back touches."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.store = Store(engine, clock)
        self.cursors = Cursors(engine, clock)
        self.outbox = Outbox(engine, clock)
        self.suppressions = Suppressions(engine)


@pytest.fixture
def at(engine: Engine, clock: Clock) -> Repositories:
    return Repositories(engine, clock)


@pytest.fixture
def lease(at: Repositories) -> FeedLease:
    return at.cursors.acquire(*NAME, "run 1", 900)


def status(at: Repositories) -> list[tuple[str, str]]:
    return [(row.event_id, row.status) for row in at.outbox.unwritten(*NAME)]


@pytest.mark.requirement("FMG-05")
def test_a_page_its_opt_outs_and_the_watermark_are_taken_in_together_or_not_at_all(at: Repositories, lease: FeedLease) -> None:
    assert at.cursors.watermark(*NAME) == ("", None)
    assert at.outbox.collect(lease, "t2", 2, [ONE, replace(ONE, event_id="fmg-2", activity_id="a-2")], [("source:Contact.7.1", AT)]) == 2
    assert (at.cursors.watermark(*NAME), len(status(at))) == (("t2", 2), 2)
    assert at.suppressions.read(*NAME).holds(source_id="Contact.7.1")
    later = at.cursors.acquire(*NAME, "run 1", 900)
    with pytest.raises(Fenced, match="LEASE_LOST"):
        at.outbox.collect(lease, "t3", 3, [replace(ONE, event_id="fmg-3")], [("source:Contact.7.3", AT)])
    assert (at.cursors.watermark(*NAME), len(status(at))) == (("t2", 2), 2)
    assert not at.suppressions.read(*NAME).holds(source_id="Contact.7.3")
    assert at.outbox.collect(later, "t2", 2, [ONE], []) == 0, "what is there stays as it is"


@pytest.mark.requirement("SAFE-4")
def test_a_feed_has_one_worker(at: Repositories, lease: FeedLease, clock: Clock) -> None:
    with pytest.raises(Fenced, match="run 1 works on it"):
        at.cursors.acquire(*NAME, "run 2", 900)
    assert at.cursors.acquire("smartoffice_to_fmg", "harbor", "run 2", 900)
    clock.now += 901
    second = at.cursors.acquire(*NAME, "run 2", 900)
    for late in (lambda: at.cursors.renew(lease, 900), lambda: at.outbox.put_back(lease, "fmg-1"), lambda: at.outbox.try_again(lease, [])):
        with pytest.raises(Fenced, match="LEASE_LOST"):
            late()
    at.cursors.release(lease)
    at.cursors.renew(second, 900)
    at.cursors.release(second)
    at.cursors.acquire(*NAME, "run 3", 900)


@pytest.mark.requirement("SAFE-4")
def test_of_many_at_once_one_gets_the_feed(at: Repositories, at_once: Callable[..., list[Any]], engine: Engine) -> None:
    engine.dispose()
    told = at_once(4, lambda number: bool(at.cursors.acquire(*NAME, f"run {number}", 900)))
    assert told.count(True) == 1
    assert sum("ACCOUNT_BUSY" in str(one) for one in told) == 3


@pytest.mark.requirement("FMG-05", "SAFE-5")
def test_a_note_that_may_be_on_its_way_is_nobody_s_to_send(at: Repositories, lease: FeedLease, clock: Clock) -> None:
    at.outbox.collect(lease, "t1", 1, [ONE], [])
    assert at.outbox.intend(lease, "fmg-1", "Contact.7.1", LONG)
    assert at.outbox.intend(lease, "fmg-1", "Contact.7.1", LONG) is None
    other = at.cursors.acquire(*NAME, "run 1", 900)
    assert at.outbox.intend(other, "fmg-1", "Contact.7.1", LONG) is None
    with pytest.raises(Fenced, match="LEASE_LOST"):
        at.outbox.intend(lease, "fmg-1", "Contact.7.1", LONG)
    clock.now += 359
    assert at.outbox.intend(other, "fmg-1", "Contact.7.1", LONG) is None
    clock.now += 2
    assert at.outbox.intend(other, "fmg-1", "Contact.7.2", LONG)
    (row,) = at.outbox.unwritten(*NAME)
    assert (row.status, row.attempts, row.noted_on) == (INTENDED, 2, "Contact.7.2")


@pytest.mark.requirement("FMG-05")
def test_what_is_written_stays_written(at: Repositories, lease: FeedLease) -> None:
    at.outbox.collect(lease, "t1", 1, [ONE], [])
    at.outbox.intend(lease, "fmg-1", "Contact.7.1", LONG)
    newer = at.cursors.acquire(*NAME, "run 1", 900)
    at.outbox.written(lease, [("fmg-1", "SmartPadNote.7.1")])
    at.outbox.written(newer, [("fmg-1", "SmartPadNote.7.2")])
    at.outbox.keep(newer, [("fmg-1", "CONTACT_GONE", "Contact.7.1")])
    at.outbox.put_back(newer, "fmg-1")
    assert at.outbox.intend(newer, "fmg-1", "Contact.7.1", LONG) is None
    assert (status(at), at.outbox.counts(*NAME)) == ([], {"written": 1})


def test_only_who_intended_it_puts_it_back_or_keeps_it(at: Repositories, lease: FeedLease) -> None:
    at.outbox.collect(lease, "t1", 1, [ONE], [])
    at.outbox.intend(lease, "fmg-1", "Contact.7.1", LONG)
    newer = at.cursors.acquire(*NAME, "run 1", 900)
    at.outbox.put_back(newer, "fmg-1")
    at.outbox.keep(newer, [("fmg-1", "CONTACT_UNKNOWN", "")])
    assert status(at) == [("fmg-1", INTENDED)]


def test_what_is_kept_waits_again_when_asked_but_for_what_is_kept_for_good(at: Repositories, lease: FeedLease) -> None:
    at.outbox.collect(lease, "t2", 2, [ONE, replace(ONE, event_id="fmg-2", activity_id="a-2")], [])
    at.outbox.keep(lease, [("fmg-1", "CONTACT_GONE", "Contact.7.1"), ("fmg-2", "ACCOUNT_RELEASED", "")])
    assert status(at) == [("fmg-1", KEPT), ("fmg-2", KEPT)]
    at.outbox.try_again(lease, ["fmg-1", "fmg-2"])
    assert status(at) == [("fmg-1", WAITING), ("fmg-2", KEPT)]


def test_a_release_forgets_ids_and_keeps_addresses(at: Repositories, lease: FeedLease) -> None:
    at.store.bindings.bind(*NAME, "smartoffice://host/A", "fmg://host/B")
    people = SuppressionList(*NAME)
    at.suppressions.add(people.among(people.keys_of(source_id="Contact.7.1", target_id="c-1", email="ann@example.test")), "target", AT)
    at.outbox.collect(lease, "t1", 1, [ONE], [])
    release_account(at.store, *NAME)
    left = at.suppressions.read(*NAME)
    assert (len(left.keys), left.holds(email="ann@example.test"), at.cursors.watermark(*NAME)) == (1, True, ("", None))
    assert [(row.status, row.reason) for row in at.outbox.unwritten(*NAME)] == [(KEPT, "ACCOUNT_RELEASED")]
    at.suppressions.remove(left)
    assert not at.suppressions.read(*NAME)
