from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from crosswalk.store.database import connect, writing
from crosswalk.store.store import Store

FMG = "smartoffice_to_fmg"


@pytest.fixture
def chain(sqlite_engine: Engine) -> Store:
    store = Store(sqlite_engine)
    for number in range(1, 6):
        assert store.audit.append("plan_approved", FMG, "summit", "ann", {"plan_hash": "h", "deletes": number}) == number
    return store


def tamper(engine: Engine, *statements: str) -> None:
    with writing(engine, "tampering") as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_an_untouched_chain_is_whole(store: Store) -> None:
    assert store.audit.verify() == []
    store.audit.append("plan_approved", FMG, "summit", "Zoë", {"share": 0.05, "big": 1e20, "deletes": 3, "name": "é\x00"})
    store.audit.append("plan_rejected", FMG, "summit", "ann\ud800", {})
    assert store.audit.verify() == []


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE audit SET details = replace(details, '3', '0') WHERE position = 3", [3]),
        ("UPDATE audit SET actor = 'bob' WHERE position = 1", [1]),
        ("UPDATE audit SET hash = prev_hash WHERE position = 2", [2, 3]),
        ("UPDATE audit SET position = 9 WHERE position = 5", [5, 6, 7, 8, 9]),
        ("DELETE FROM audit WHERE position = 2", [2, 3]),
        ("DELETE FROM audit WHERE position >= 4", [4, 5]),
        ("DELETE FROM audit", [1, 2, 3, 4, 5]),
        ("DELETE FROM audit_head", [5]),
        ("UPDATE audit_head SET position = 4", [5]),
    ],
)
def test_a_change_is_found_and_placed(chain: Store, change: str, broken: list[int]) -> None:
    tamper(chain.engine, change)
    assert chain.audit.verify() == broken


def test_a_wiped_audit_is_not_a_new_one(chain: Store) -> None:
    tamper(chain.engine, "DELETE FROM audit", "DELETE FROM audit_head")
    assert chain.audit.verify() == [0]


def test_processes_append_to_one_chain(store: Store, url: str, at_once: Callable[..., list[Any]]) -> None:
    def work(number: int) -> list[int]:
        audit = Store(connect(url)).audit
        return [audit.append("run", FMG, f"account{number}", "run", {"number": number}) for _ in range(5)]

    positions = [position for found in at_once(6, work) for position in found]
    assert sorted(positions) == list(range(1, 31))
    assert store.audit.verify() == []
