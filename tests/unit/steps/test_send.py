"""Sending batches: intents before, acknowledgements after, splits, and what was not processed is not done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.core.model import RunKey
from crosswalk.core.ports import BatchRefused, BatchResult, Operation, Receipt, Refusal
from crosswalk.engine.context import Heartbeat
from crosswalk.engine.send import Batch, cut, send, send_again
from crosswalk.errors import Fenced, TransientError
from crosswalk.store.database import connect
from crosswalk.store.leases import Lease
from crosswalk.store.migrate import migrate
from crosswalk.store.store import Store


def operation(number: int, op: str = "upsert") -> Operation:
    return Operation("contact", op, f"Contact.7.{number}", f"c-{number}" if op == "delete" else "", {"last_name": "x"})


class Picky:
    """A delivery that refuses whole batches holding a bad record, names some refusals, and leaves some unmentioned."""

    max_batch = 8
    max_parallel = 3

    def __init__(self, bad: set[str] = frozenset(), named: set[str] = frozenset(), silent: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        self.bad, self.named, self.silent = bad, named, silent
        self.parts: dict[int, set[str]] = {}

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        keys = {operation.key for operation in operations}
        if keys & self.bad:
            raise BatchRefused("no")
        self.parts[number] = keys - self.named - self.silent
        return BatchResult(frozenset(self.parts[number]), tuple(Refusal(key, "INVALID", "zip") for key in sorted(keys & self.named)))

    def commit(self, batches: int, counts: object) -> Receipt:
        raise AssertionError("not here")


def heartbeat(key: RunKey, store: Store) -> Heartbeat:
    """An attempt of the run takes the account."""
    return Heartbeat(store, store.leases.acquire(key, "run", 60))


@pytest.fixture
def key_and_store(tmp_path: Path) -> tuple[RunKey, Store]:
    engine = connect(f"sqlite:///{tmp_path / 'store.db'}")
    migrate(engine)
    store = Store(engine)
    key = store.runs.begin(
        "smartoffice_to_fmg",
        "summit",
        dag_id="d",
        run_id="r",
        map_index=-1,
        try_number=1,
        interval_start=None,
        interval_end=None,
        dry_run=False,
        settings_digest="s",
    )
    return key, store


@pytest.mark.requirement("SAFE-10")
def test_the_bad_record_ends_alone_and_the_others_go_on(key_and_store: tuple[RunKey, Store]) -> None:
    key, store = key_and_store
    delivery = Picky(bad={"Contact.7.5", "Contact.7.17"}, named={"Contact.7.9"}, silent={"Contact.7.20"})
    sent = send(store.ledger, delivery, cut([operation(n) for n in range(1, 25)], 8), heartbeat(key, store))
    assert {operation.source_id: refusal.code for operation, refusal in sent.refused} == {
        "Contact.7.5": "REFUSED",
        "Contact.7.17": "REFUSED",
        "Contact.7.9": "INVALID",
        "Contact.7.20": "UNPROCESSED",
    }
    assert sent.accepted["contact"]["upsert"] == 20
    assert set().union(*delivery.parts.values()) == {f"Contact.7.{n}" for n in range(1, 25)} - {
        "Contact.7.5",
        "Contact.7.9",
        "Contact.7.17",
        "Contact.7.20",
    }
    assert sent.batches == len(delivery.parts)
    assert all(row.acknowledged_at for row in store.ledger.batches(key) if row.number in delivery.parts)


@given(size=st.integers(1, 40), cut_at=st.integers(1, 12), bad=st.sets(st.integers(1, 40), max_size=6))
def test_any_set_of_bad_records_is_found_and_numbers_never_clash(size: int, cut_at: int, bad: set[int]) -> None:
    class Memory:
        def __init__(self) -> None:
            self.intended: list[int] = []

        def intend(self, _key: object, number: int, *_: object) -> None:
            self.intended.append(number)

        def acknowledge(self, *_: object) -> None: ...

    delivery = Picky(bad={f"Contact.7.{n}" for n in bad})
    operations = [operation(n) for n in range(1, size + 1)]
    beat = Heartbeat(SimpleNamespace(), Lease(RunKey("i", "a", 1), "run"))  # type: ignore[arg-type]
    sent = send(Memory(), delivery, cut(operations, cut_at), beat)  # type: ignore[arg-type]
    stored = [key for part in delivery.parts.values() for key in part]
    assert sorted(stored) == sorted(f"Contact.7.{n}" for n in range(1, size + 1) if n not in bad)
    assert {refusal.key for _, refusal in sent.refused} == {f"Contact.7.{n}" for n in bad if n <= size}


def test_the_same_operations_have_the_same_hash_and_others_another() -> None:
    assert Batch(1, [operation(1)]).body_hash == Batch(9, [operation(1)]).body_hash
    assert Batch(1, [operation(1)]).body_hash != Batch(1, [operation(2)]).body_hash
    assert Batch(1, [operation(1)]).body_hash != Batch(1, [operation(1, "delete")]).body_hash


def test_a_failure_ends_the_sending_and_is_raised(key_and_store: tuple[RunKey, Store]) -> None:
    key, store = key_and_store

    class Broken(Picky):
        def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
            if number > 8:
                raise TransientError("CONN_SERVER_ERROR", operation="sending", problem="nothing", next_step="wait")
            return super().send(number, operations)

    with pytest.raises(TransientError):
        send(store.ledger, Broken(), cut([operation(n) for n in range(1, 60)], 8), heartbeat(key, store))
    assert any(row.acknowledged_at is None for row in store.ledger.batches(key))


@pytest.mark.requirement("SAFE-4", "SAFE-5")
def test_a_later_attempt_of_the_run_stops_the_sending(key_and_store: tuple[RunKey, Store]) -> None:
    key, store = key_and_store

    class Overtaken(Picky):
        overtaken = Event()

        def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
            if number == 41:
                heartbeat(key, store)
                self.overtaken.set()
            assert number < 41 or self.overtaken.wait(60)
            return super().send(number, operations)

    delivery = Overtaken()
    with pytest.raises(Fenced, match="LEASE_LOST"):
        send(store.ledger, delivery, cut([operation(n) for n in range(1, 200)], 4), heartbeat(key, store))
    assert 41 in delivery.parts
    assert max(delivery.parts) < 41 + 4 * delivery.max_parallel


def test_the_heartbeat_renews_now_and_then_and_notices_a_loss(key_and_store: tuple[RunKey, Store], monkeypatch: pytest.MonkeyPatch) -> None:
    key, store = key_and_store
    now = [1000.0]
    monkeypatch.setattr("crosswalk.engine.context.time", SimpleNamespace(monotonic=lambda: now[0]))
    beat = heartbeat(key, store)
    renewed: list[float] = []
    monkeypatch.setattr(store.leases, "renew", lambda *_: renewed.append(now[0]))
    for _ in range(60):
        now[0] += 1
        beat()
    assert 3 <= len(renewed) <= 4
    monkeypatch.undo()
    heartbeat(key, store)
    beat._renewed = -1e9
    with pytest.raises(Fenced, match="LEASE_LOST"):
        beat()


@pytest.mark.requirement("FMG-11")
def test_a_batch_put_again_takes_the_place_of_the_earlier_one(key_and_store: tuple[RunKey, Store]) -> None:
    key, store = key_and_store
    delivery, beat = Picky(named={"Contact.7.3"}), heartbeat(key, store)
    sent = send(store.ledger, delivery, cut([operation(n) for n in range(1, 7)], 2), beat)
    again = send_again(store.ledger, delivery, sent, {1: [operation(1)], 5: []}, beat)
    assert {number: sorted(keys) for number, keys in delivery.parts.items()} == {1: ["Contact.7.1"], 3: ["Contact.7.4"], 5: []}
    assert {number: [one.key for one in part] for number, part in again.parts.items()} == {1: ["Contact.7.1"], 3: ["Contact.7.4"], 5: []}
    assert (again.batches, again.accepted_total) == (3, 2)
    assert [refusal.key for _, refusal in again.refused] == ["Contact.7.3"], "what was refused and is not tried again stays refused"
