"""Partial success is not success (P10): answers in any order, matched by key; what was not mentioned was not done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from crosswalk.core.model import RunKey, RunStatus
from crosswalk.core.ports import BatchResult, Operation
from crosswalk.engine.results import SendResult
from crosswalk.engine.send import cut, send
from crosswalk.errors import SafetyStop
from crosswalk.systems.fmg.payloads import batch_result
from memory import NAME, MemoryOffice, MemorySource, club, person
from reliability.conftest import Scale, Tally
from remembered import without_reports

pytestmark = [pytest.mark.reliability, pytest.mark.requirement("SAFE-10")]

SEED = 10
CODES = ("INVALID", "NOT_FOUND", "EMAIL_TAKEN")


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with without_reports():
        yield


class Shuffled:
    """A delivery that answers as FMG does, in any order: said holds a code by key, "" for accepted; a key in it not at all is left out."""

    max_parallel = 3

    def __init__(self, random: Random, said: dict[str, str], max_batch: int) -> None:
        self.random, self.said, self.max_batch = random, said, max_batch

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        keys = [operation.key for operation in operations if operation.key in self.said]
        self.random.shuffle(keys)
        accepted = [key for key in keys if not self.said[key]]
        rejected = [{"key": key, "code": self.said[key], "field": "zip"} for key in keys if self.said[key]]
        return batch_result({"part": number, "accepted": accepted, "rejected": rejected}, number, operations)

    def commit(self, batches: int, counts: object) -> Any:
        raise AssertionError("not here")


class Forgetful:
    """A ledger that remembers nothing."""

    def intend(self, *_: object) -> None: ...

    def acknowledge(self, *_: object) -> None: ...


class Beat:
    """A heartbeat of a lease nobody takes."""

    lease = SimpleNamespace(key=RunKey(NAME, "summit", 1))

    def __call__(self) -> None: ...


def operations(random: Random) -> list[Operation]:
    """Upserts and deletes of both entities."""
    made = []
    for number in range(random.randint(1, 40)):
        entity, op = random.choice(["contact", "group"]), random.choice(["upsert", "delete"])
        made.append(Operation(entity, op, f"{entity}.7.{number}", f"{entity[0]}-{number}"))
    return made


def wrong(sent: SendResult, asked: list[Operation], said: dict[str, str]) -> bool:
    """Whether an operation was booked otherwise than the target said."""
    refused = {operation.key: refusal.code for operation, refusal in sent.refused}
    expected = {one.key: said.get(one.key, "UNPROCESSED") for one in asked if said.get(one.key, "UNPROCESSED")}
    accepted = [(one.entity, one.op) for one in asked if said.get(one.key) == ""]
    counted = sorted((entity, op) for entity, ops in sent.accepted.items() for op in ops.elements())
    return refused != expected or counted != sorted(accepted) or len(sent.refused) != len(expected)


def test_every_answer_is_matched_by_key_in_any_order(scale: Scale, tally: Tally) -> None:
    cases, failed = scale(500, 20_000), []
    for case in range(cases):
        random = Random(f"{SEED} {case}")
        asked = operations(random)
        kinds = {one.key: random.choice(["", "", *CODES, None]) for one in asked}
        said = {key: code for key, code in kinds.items() if code is not None}
        delivery: Any = Shuffled(random, said, random.randint(1, 12))
        ledger: Any = Forgetful()
        beat: Any = Beat()
        if wrong(send(ledger, delivery, cut(asked, delivery.max_batch), beat), asked, said):
            failed.append(case)
    tally("P10", "sets of answers in random order", cases, len(failed))
    assert not failed, f"seed {SEED}, cases {failed[:9]}"


def office(folder: Path, contacts: int) -> MemoryOffice:
    folder.mkdir()
    return MemoryOffice(folder, MemorySource([person(number) for number in range(1, contacts + 1)], [club(1)]))


@pytest.mark.timeout(1800)
def test_a_run_with_anything_refused_or_left_out_is_never_green(tmp_path: Path, scale: Scale, tally: Tally) -> None:
    cases, failed = scale(12, 200), []
    for case in range(cases):
        random = Random(f"{SEED} {case}")
        made = office(tmp_path / str(case), 30)
        bad = {f"Contact.7.{number}": random.choice([*CODES, "-"]) for number in random.sample(range(1, 31), random.randint(0, 10))}
        made.target.answer = lambda operation, bad=bad: bad.get(operation.key, "")  # type: ignore[misc]
        made.target.batch = random.randint(1, 31)
        row = made.run()
        held = set(made.target.by_source())
        index = {one.source_id: one.code for one in made.store.rejected.open(NAME, "summit")}
        expected = {key: "TGT_UNPROCESSED" if code == "-" else f"TGT_{code}" for key, code in bad.items()}
        status = RunStatus.PARTIAL if bad else RunStatus.SUCCESS
        delivered = set(made.store.ledger.delivered(NAME, "summit", "contact")["source_id"])
        if (row.status, index, held) != (status, expected, delivered) or held & set(bad) or len(held) + len(bad) != 30:
            failed.append(case)
    tally("P10", "runs with refused and unmentioned records", cases, len(failed))
    assert not failed, f"seed {SEED}, cases {failed[:9]}"


@pytest.mark.parametrize(
    ("contacts", "refused", "shown"),
    [(400, 19, True), (400, 20, True), (400, 21, False), (20, 9, True), (20, 10, True), (20, 11, False), (20, 20, False), (1, 1, False)],
)
@pytest.mark.parametrize("first", [True, False], ids=["replace", "delta"])
def test_more_than_a_twentieth_refused_shows_nothing(
    tmp_path: Path, tally: Tally, contacts: int, refused: int, shown: bool, first: bool
) -> None:
    made = office(tmp_path / "office", contacts)
    if not first:
        made.source.contacts, people = [person(9999)], made.source.contacts
        made.run()
        made.source.contacts = [person(9999), *people]
    else:
        made.source.groups.clear()
    before = made.target.seen(), made.target.generation
    bad = {f"Contact.7.{number}" for number in range(1, refused + 1)}
    made.target.answer = lambda operation: "INVALID" if operation.key in bad else ""
    allowed = shown or (not first and (contacts, refused) == (1, 1))
    if allowed:
        right = made.run().status is RunStatus.PARTIAL and bad.isdisjoint(made.target.by_source())
    else:
        with pytest.raises(SafetyStop, match="TGT_MANY_REFUSED"):
            made.run()
        right = (made.target.seen(), made.target.generation) == before
        right = right and made.store.runs.latest(NAME, "summit", limit=1)[0].status is RunStatus.FAILED
    tally("P10", "deliveries at, below and beyond what may be refused", 1, int(not right))
    assert right
