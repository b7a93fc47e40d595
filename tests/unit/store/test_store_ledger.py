from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread

import pandas as pd
import pytest
from sqlalchemy import Engine

from crosswalk.core.model import RunKey, RunStatus
from crosswalk.core.ports import Receipt
from crosswalk.errors import ConfigurationError, CrosswalkError, DataError, Fenced
from crosswalk.integrations.releasing import release_account
from crosswalk.store.leases import Lease
from crosswalk.store.store import Store

FMG = "smartoffice_to_fmg"
RECEIPT = Receipt(generation=5, revision=12, counts={"contact": 2})


def rows(**by_source_id: str) -> pd.DataFrame:
    """Delivered rows: s1="hash" → source id s1, target id c-s1."""
    return pd.DataFrame(
        {
            "source_id": list(by_source_id),
            "target_id": [f"c-{source_id}" for source_id in by_source_id],
            "payload_hash": list(by_source_id.values()),
        },
        dtype="str",
    )


def hashes(store: Store, entity: str = "contact", account: str = "summit") -> dict[str, str]:
    frame = store.ledger.delivered(FMG, account, entity)
    return dict(zip(frame["source_id"], frame["payload_hash"], strict=True))


def test_nothing_is_delivered_at_first(store: Store) -> None:
    frame = store.ledger.delivered(FMG, "summit", "contact")
    assert frame.empty
    assert list(frame.columns) == ["source_id", "target_id", "payload_hash"]
    assert {str(kind) for kind in frame.dtypes} == {"str"}


def test_a_delivery_is_read_back_as_text(store: Store, begin: Callable[..., RunKey]) -> None:
    store.ledger.finish(begin(), RECEIPT, {"contact": rows(s2="b", s10="a"), "group": rows(g1="c")}, {})
    pd.testing.assert_frame_equal(store.ledger.delivered(FMG, "summit", "contact"), rows(s10="a", s2="b"))
    assert hashes(store, "group") == {"g1": "c"}
    assert hashes(store, account="harbor") == {}


def test_a_delivery_changes_only_what_it_names(store: Store, begin: Callable[..., RunKey]) -> None:
    store.ledger.finish(begin(), RECEIPT, {"contact": rows(s1="a", s2="b", s3="c"), "group": rows(s1="g")}, {})
    store.ledger.finish(begin("harbor"), RECEIPT, {"contact": rows(s1="h")}, {})
    store.ledger.finish(begin(), RECEIPT, {"contact": rows(s2="B", s4="d")}, {"contact": ["s3", "never seen"], "group": []})
    assert hashes(store) == {"s1": "a", "s2": "B", "s4": "d"}
    assert hashes(store, "group") == {"s1": "g"}
    assert hashes(store, account="harbor") == {"s1": "h"}


def test_a_record_may_be_deleted_and_delivered_anew_at_once(store: Store, begin: Callable[..., RunKey]) -> None:
    store.ledger.finish(begin(), RECEIPT, {"contact": rows(s1="a")}, {})
    store.ledger.finish(begin(), RECEIPT, {"contact": rows(s1="b")}, {"contact": ["s1"]})
    assert hashes(store) == {"s1": "b"}


@pytest.mark.requirement("SAFE-5", "CARD-8")
def test_a_finished_delivery_is_not_repeated(store: Store, begin: Callable[..., RunKey]) -> None:
    key = begin()
    assert not store.ledger.finished(key)
    assert store.ledger.finish(key, RECEIPT, {"contact": rows(s1="a")}, {}, status=RunStatus.PARTIAL)
    before = store.runs.get(key)
    assert not store.ledger.finish(key, Receipt(6, 13, {}), {"contact": rows(s1="other", s2="b")}, {"contact": ["s1"]})
    assert store.ledger.finished(key)
    assert hashes(store) == {"s1": "a"}
    assert store.runs.get(key) == before
    assert (before.generation, before.status) == (5, RunStatus.PARTIAL)


@pytest.mark.requirement("SAFE-4")
def test_an_older_snapshot_never_delivers_over_a_newer_one(store: Store, begin: Callable[..., RunKey]) -> None:
    old, new = begin(), begin()
    store.ledger.finish(new, RECEIPT, {"contact": rows(s1="new")}, {})
    with pytest.raises(Fenced) as raised:
        store.ledger.finish(old, RECEIPT, {"contact": rows(s1="old")}, {"contact": ["s1"]})
    assert raised.value.code == "STALE_SNAPSHOT"
    assert hashes(store) == {"s1": "new"}
    assert not store.ledger.finished(old)


def lease(store: Store, key: RunKey) -> Lease:
    return store.leases.acquire(key, f"run {key.snapshot}", 60)


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(Fenced) as raised:
        work()
    return raised.value.code


@pytest.mark.requirement("SAFE-4", "SAFE-5")
def test_a_fenced_run_records_no_intent_but_may_tell_what_happened(store: Store, begin: Callable[..., RunKey]) -> None:
    old, new = begin(), begin()
    earlier = lease(store, old)
    store.ledger.intend(earlier, 1, "body", 10)
    later = lease(store, old)
    assert refusal(lambda: store.ledger.intend(earlier, 2, "body", 10)) == "LEASE_LOST"
    store.leases.release(later)
    store.leases.fence(lease(store, new))
    assert refusal(lambda: store.ledger.intend(later, 2, "body", 10)) == "STALE_SNAPSHOT"
    store.ledger.acknowledge(old, 1, 10)
    assert [batch.accepted for batch in store.ledger.batches(old)] == [10]


@pytest.mark.requirement("SAFE-5")
def test_a_delivery_that_fails_half_way_leaves_nothing(store: Store, begin: Callable[..., RunKey]) -> None:
    key = begin()
    broken = rows(s1="a", s2="b").assign(target_id=[1, object()])
    with pytest.raises(CrosswalkError):
        store.ledger.finish(key, RECEIPT, {"contact": rows(s9="z"), "group": broken}, {})
    assert hashes(store) == {}
    assert not store.ledger.finished(key)
    assert store.runs.newest_delivered_snapshot(FMG, "summit") == 0


def test_a_delivery_of_full_size_is_fast(sqlite_engine: Engine) -> None:
    store = Store(sqlite_engine)
    contacts = rows(**{f"s{number}": f"{number:064x}" for number in range(30_000)})
    groups = rows(**{f"g{number}": f"{number:064x}" for number in range(1_000)})
    begun = {"dag_id": "d", "run_id": "r", "map_index": 0, "try_number": 1, "dry_run": False, "settings_digest": ""}
    key = store.runs.begin(FMG, "summit", interval_start=None, interval_end=None, **begun)
    started = time.process_time()
    store.ledger.finish(key, RECEIPT, {"contact": contacts, "group": groups}, {"group": ["g1"]})
    assert time.process_time() - started < 1.5
    assert len(hashes(store)) == 30_000


def test_an_intent_waits_for_its_acknowledgement(store: Store, begin: Callable[..., RunKey]) -> None:
    key = begin()
    held = lease(store, key)
    intent = store.ledger.intend(held, 2, "body2", 500)
    store.ledger.intend(held, 1, "body1", 500)
    assert intent.acknowledged_at is None
    refused = [{"key": "s7", "code": "EMAIL_INVALID", "field": "email"}]
    store.ledger.acknowledge(key, 2, 499, refused)
    first, second = store.ledger.batches(key)
    assert (first.number, first.acknowledged_at, first.accepted, first.refused) == (1, None, None, [])
    assert (second.number, second.accepted, second.refused) == (2, 499, refused)
    assert second.acknowledged_at is not None
    assert store.ledger.batches(begin()) == []


def test_an_intent_repeated_shows_what_became_of_it(store: Store, begin: Callable[..., RunKey]) -> None:
    key = begin()
    held = lease(store, key)
    store.ledger.intend(held, 1, "body", 500)
    store.ledger.acknowledge(key, 1, 500, [])
    again = store.ledger.intend(held, 1, "body", 500)
    assert again.accepted == 500
    assert store.ledger.batches(key) == [again]


def test_another_body_replaces_an_intent(store: Store, begin: Callable[..., RunKey]) -> None:
    key = begin()
    held = lease(store, key)
    store.ledger.intend(held, 1, "whole", 500)
    assert store.ledger.intend(held, 1, "first half", 250).operations == 250
    store.ledger.acknowledge(key, 1, 250, [])
    store.ledger.intend(held, 1, "whole", 500)
    assert [(batch.body_hash, batch.acknowledged_at) for batch in store.ledger.batches(key)] == [("whole", None)]


def test_an_answer_without_intent_is_refused(store: Store, begin: Callable[..., RunKey]) -> None:
    with pytest.raises(DataError) as raised:
        store.ledger.acknowledge(begin(), 1, 500, [])
    assert raised.value.code == "BATCH_UNKNOWN"
    with pytest.raises(ConfigurationError) as unknown:
        store.ledger.intend(lease(store, RunKey(FMG, "summit", 99)), 1, "body", 1)
    assert unknown.value.code == "RUN_UNKNOWN"


def test_batches_may_be_recorded_by_several_threads(store: Store, begin: Callable[..., RunKey]) -> None:
    key = begin()
    held = lease(store, key)

    def send(number: int) -> None:
        store.ledger.intend(held, number, f"body{number}", 1)
        store.ledger.acknowledge(key, number, 1, [])

    threads = [Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [batch.accepted for batch in store.ledger.batches(key)] == [1] * 8


def former(store: Store, account: str = "summit") -> dict[str, str]:
    frame = store.ledger.former(FMG, account, "contact")
    return dict(frame.itertuples(index=False, name=None))


@pytest.mark.requirement("FMG-10")
def test_what_leaves_is_remembered_until_it_comes_back(store: Store, begin: Callable[..., RunKey]) -> None:
    store.ledger.finish(begin(), RECEIPT, {"contact": rows(s1="a", s2="b")}, {})
    store.ledger.finish(begin("harbor"), RECEIPT, {"contact": rows(s1="h")}, {})
    store.ledger.finish(begin(), RECEIPT, {}, {"contact": ["s1", "s2", "never seen"]})
    assert former(store) == {"s1": "c-s1", "s2": "c-s2"}
    assert (hashes(store), hashes(store, account="harbor"), former(store, "harbor")) == ({}, {"s1": "h"}, {})
    store.ledger.finish(begin(), RECEIPT, {"contact": rows(s1="c")}, {})
    assert (former(store), hashes(store)) == ({"s2": "c-s2"}, {"s1": "c"})
    other = rows(s7="d").assign(target_id="c-s2")
    store.ledger.finish(begin(), RECEIPT, {"contact": other}, {})
    assert former(store) == {}, "its id is another's now"


@pytest.mark.requirement("FMG-10", "FMG-02")
@pytest.mark.parametrize("way", ["a first delivery", "a released binding"])
def test_ids_of_a_list_that_is_no_more_are_forgotten(store: Store, begin: Callable[..., RunKey], way: str) -> None:
    store.bindings.bind(FMG, "summit", "so", "fmg")
    store.ledger.finish(begin(), RECEIPT, {"contact": rows(s1="a")}, {})
    store.ledger.finish(begin(), RECEIPT, {}, {"contact": ["s1"]})
    assert former(store)
    if way == "a first delivery":
        store.ledger.finish(begin(), RECEIPT, {}, {"contact": []}, afresh=True)
    else:
        release_account(store, FMG, "summit")
    assert former(store) == {}
