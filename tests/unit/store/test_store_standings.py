"""How many accounts stand: newest runs, trends and held runs, without what a backfill looked at again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd
import pytest

from crosswalk.core.model import Rejection, RunKey, RunStatus
from crosswalk.core.ports import Receipt
from crosswalk.store.rejected import Wanted
from crosswalk.store.store import Store

INTEGRATION = "smartoffice_to_fmg"
Begin = Callable[..., RunKey]


def test_the_newest_run_is_neither_a_dry_one_nor_a_replay(store: Store, begin: Begin) -> None:
    begin()
    second = begin()
    store.runs.update(second, status=RunStatus.FAILED, error_code="TGT_UNAVAILABLE")
    begin(dry_run=True)
    begin(replays=1, dry_run=True)
    begin("harbor", dry_run=True)
    summit, harbor = sorted(store.standings.newest([INTEGRATION]), key=lambda one: one.account, reverse=True)
    assert (summit.snapshot, summit.status, summit.error_code, summit.delivered_at) == (2, RunStatus.FAILED, "TGT_UNAVAILABLE", None)
    assert (harbor.account, harbor.snapshot, harbor.status) == ("harbor", None, None)
    assert store.standings.newest(["another"]) == []


def test_the_last_delivery_is_known_whatever_came_after(store: Store, begin: Begin) -> None:
    first = begin()
    store.ledger.finish(first, Receipt(1, 1, {}), {}, {}, status=RunStatus.SUCCESS)
    begin()
    found = store.standings.newest([INTEGRATION])[0]
    assert (found.snapshot, found.status) == (2, RunStatus.RUNNING)
    assert found.delivered_at is not None
    assert abs((datetime.now(UTC) - found.delivered_at).total_seconds()) < 600


def test_a_trend_is_the_newest_runs_of_each_account(store: Store, begin: Begin) -> None:
    for _ in range(5):
        begin()
        begin(replays=1, dry_run=True)
    begin("harbor")
    recent = store.standings.recent(INTEGRATION, ["summit", "harbor", "nobody"], runs=3)
    assert [row.key.snapshot for row in recent["summit"]] == [9, 7, 5]
    assert [row.key.snapshot for row in recent["harbor"]] == [1]
    assert recent["nobody"] == []


@pytest.mark.requirement("SAFE-3")
def test_held_runs_wait_in_order_and_may_be_overtaken(store: Store, begin: Begin) -> None:
    keys = [begin(), begin("harbor"), begin()]
    for key in keys[:2]:
        store.runs.update(key, status=RunStatus.HELD)
    store.ledger.finish(keys[2], Receipt(1, 1, {}), {}, {}, status=RunStatus.SUCCESS)
    held = store.standings.held([INTEGRATION], limit=10)
    assert [(row.key, overtaken) for row, overtaken in held] == [(keys[1], False), (keys[0], True)]
    assert store.standings.count_held([INTEGRATION]) == 2
    assert [row.key for row, _ in store.standings.held([INTEGRATION], limit=1, offset=1)] == [keys[0]]
    assert store.standings.count_held([]) == 0


@pytest.mark.requirement("SAFE-10")
def test_rejections_are_counted_searched_and_told_of_one_record(store: Store, begin: Begin) -> None:
    found = [Rejection("contact", one, code, "Email", "r", "f") for one, code in (("C.1", "A"), ("C.2", "A"), ("C.10", "B"), ("C_1", "B"))]
    key = begin()
    store.rejected.record(key, "contact", found, {one.source_id for one in found})
    assert [(one.code, one.records) for one in store.rejected.reasons(INTEGRATION, "summit")] == [("A", 2), ("B", 2)]
    assert [row.source_id for row in store.rejected.search(INTEGRATION, "summit", Wanted(code="B"))] == ["C.10", "C_1"]
    assert [row.source_id for row in store.rejected.search(INTEGRATION, "summit", Wanted(text="C_"))] == ["C_1"]
    assert [row.source_id for row in store.rejected.search(INTEGRATION, "summit", Wanted(), limit=2, offset=1)] == ["C.10", "C.2"]
    assert store.rejected.count(INTEGRATION, "summit", Wanted(text="C.1")) == 2
    store.rejected.record(begin(), "contact", found[1:], {one.source_id for one in found})
    assert [row.resolution for row in store.rejected.of_record(INTEGRATION, "summit", "C.1")] == ["passed"]
    assert store.rejected.count(INTEGRATION, "summit", Wanted()) == 3


def test_what_was_acknowledged_of_a_record_is_told(store: Store, begin: Begin) -> None:
    rows = pd.DataFrame({"source_id": ["C.1", "C.2"], "target_id": ["T.1", "T.2"], "payload_hash": ["a", "b"]}, dtype="str")
    store.ledger.finish(begin(), Receipt(4, 1, {}), {"contact": rows}, {}, status=RunStatus.SUCCESS)
    (found,) = store.ledger.acknowledged(INTEGRATION, "summit", "C.2", ["group", "contact"])
    assert (found.entity, found.target_id, found.snapshot, found.generation) == ("contact", "T.2", 1, 4)
    assert store.ledger.acknowledged(INTEGRATION, "summit", "C.3", ["contact"]) == []
