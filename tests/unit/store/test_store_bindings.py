from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from crosswalk.core.model import RunKey
from crosswalk.core.ports import Receipt
from crosswalk.errors import ConfigurationError
from crosswalk.integrations.releasing import release_account
from crosswalk.store.database import connect
from crosswalk.store.store import Store

FMG = "smartoffice_to_fmg"
OFFICE, OTHER_OFFICE = "smartoffice://crm.test/DEMO01", "smartoffice://crm.test/DEMO02"
TARGET, OTHER_TARGET = "fmg://fmg.test/FMG-1001", "fmg://fmg.test/FMG-1002"


def test_binding_again_is_fine(store: Store) -> None:
    store.bindings.bind(FMG, "summit", OFFICE, TARGET)
    first = store.bindings.get(FMG, "summit")
    store.bindings.bind(FMG, "summit", OFFICE, TARGET)
    assert store.bindings.get(FMG, "summit") == first
    assert store.bindings.get(FMG, "harbor") is None


@pytest.mark.requirement("FMG-02")
@pytest.mark.parametrize(("source", "target"), [(OFFICE, OTHER_TARGET), (OTHER_OFFICE, TARGET), (OFFICE, TARGET)])
def test_a_second_binding_of_either_end_is_refused(store: Store, source: str, target: str) -> None:
    store.bindings.bind(FMG, "summit", OFFICE, TARGET)
    with pytest.raises(ConfigurationError, match="belongs to the account summit") as raised:
        store.bindings.bind(FMG, "harbor", source, target)
    assert raised.value.code == "CONN_ALREADY_BOUND"
    assert store.bindings.get(FMG, "harbor") is None


def test_another_integration_may_read_the_same_office(store: Store) -> None:
    store.bindings.bind(FMG, "summit", OFFICE, TARGET)
    store.bindings.bind("smartoffice_to_emoney", "summit", OFFICE, "emoney://emoney.test/FIRM")


@pytest.mark.parametrize(("source", "target", "end"), [(OTHER_OFFICE, TARGET, "source"), (OFFICE, OTHER_TARGET, "target")])
def test_a_connection_that_leads_elsewhere_is_refused(store: Store, source: str, target: str, end: str) -> None:
    store.bindings.bind(FMG, "summit", OFFICE, TARGET)
    with pytest.raises(ConfigurationError, match=f"the {end} connection leads to") as raised:
        store.bindings.bind(FMG, "summit", source, target)
    assert raised.value.code == "CONN_SOURCE_CHANGED"
    assert "release the binding" in raised.value.next_step


def test_a_released_binding_makes_the_next_delivery_the_first(store: Store, begin: Callable[..., RunKey]) -> None:
    store.bindings.bind(FMG, "summit", OFFICE, TARGET)
    key = begin()
    rows = pd.DataFrame({"source_id": ["1"], "target_id": ["c1"], "payload_hash": ["h"]})
    store.ledger.finish(key, Receipt(1, 1, {}), {"contact": rows}, {})
    assert release_account(store, FMG, "summit")
    assert not release_account(store, FMG, "summit")
    store.bindings.bind(FMG, "summit", OTHER_OFFICE, OTHER_TARGET)
    assert store.ledger.delivered(FMG, "summit", "contact").empty
    assert store.runs.last_delivered(FMG, "summit") is None
    assert store.runs.newest_delivered_snapshot(FMG, "summit") == key.snapshot
    assert begin().snapshot == key.snapshot + 1


def test_of_accounts_racing_for_an_office_one_gets_it(store: Store, url: str, at_once: Callable[..., list[Any]]) -> None:
    found = at_once(4, lambda number: Store(connect(url)).bindings.bind(FMG, f"account{number}", OFFICE, f"{TARGET}-{number}"))
    assert sorted("CONN_ALREADY_BOUND" in str(answer) for answer in found) == [False, True, True, True]
