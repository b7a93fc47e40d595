"""The choke point: a record of somebody else never goes out, whatever the steps before did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.core.ports import BatchResult, Operation, Receipt
from crosswalk.errors import SafetyStop
from crosswalk.features.tenancy.feature import Tenancy
from crosswalk.features.tenancy.guard import GuardedDelivery, Tenant, tenant_of
from memory import SPEC

PLACE = "agent_crm://crm.example/1b6f"
MINE = Tenant("1b6f", frozenset({"4477123", "55"}), {"policy": "writing_agent_npn", "contact": "writing_agent_npn"})


class Remembering:
    """A delivery that takes everything."""

    max_batch, max_parallel = 10, 2

    def __init__(self) -> None:
        self.sent: list[Operation] = []

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        self.sent += operations
        return BatchResult(frozenset(one.key for one in operations))

    def commit(self, batches: int, counts: Mapping[str, Mapping[str, int]]) -> Receipt:
        return Receipt(0, 0, {})


def upsert(npn: str, entity: str = "policy", **changes: str) -> Operation:
    return Operation(entity, "upsert", "P-1", "", {"writing_agent_npn": npn, "carrier": "canary", **changes})


@pytest.mark.requirement("ACRM-05")
@pytest.mark.parametrize("npn", ["4477123", "55", "4477123 55"])
def test_what_is_the_tenants_goes_out(npn: str) -> None:
    below = Remembering()
    delivery = GuardedDelivery(below, PLACE, MINE)
    assert delivery.send(1, [upsert(npn)]).accepted == {"P-1"}
    assert (delivery.max_batch, delivery.max_parallel, len(below.sent)) == (10, 2, 1)
    assert delivery.commit(1, {}) == Receipt(0, 0, {})


OTHERS = {
    "blank": upsert(""),
    "another": upsert("4477124"),
    "one zero more": upsert("04477123"),
    "one digit more": upsert("44771230"),
    "the beginning": upsert("447712"),
    "with a fraction": upsert("4477123.0"),
    "a star": upsert("*"),
    "full-width": upsert("４４７７１２３"),
    "one of two": upsert("4477123 4477124", "contact"),
    "no such field": Operation("policy", "upsert", "P-1", "", {"carrier": "canary"}),
    "an entity that does not say": Operation("group", "upsert", "P-1", "", {"writing_agent_npn": "4477123"}),
    "a delete": Operation("policy", "delete", "P-1", "t-1"),
    "a delete of what is the tenant's": Operation("policy", "delete", "P-1", "t-1", {"writing_agent_npn": "4477123"}),
}


@pytest.mark.requirement("ACRM-05")
@pytest.mark.parametrize("case", OTHERS)
def test_what_is_anybody_elses_stops_the_run_with_nothing_of_the_batch_sent(case: str) -> None:
    below = Remembering()
    with pytest.raises(SafetyStop, match="ISOLATION_BREACH") as caught:
        GuardedDelivery(below, PLACE, MINE).send(1, [upsert("4477123"), OTHERS[case]])
    assert below.sent == []
    assert "canary" not in str(caught.value)


@pytest.mark.requirement("ACRM-05")
@given(st.text(alphabet="0123456789 .,*%٣\u200b", max_size=12))
def test_nothing_but_the_tenants_numbers_passes(npn: str) -> None:
    below = Remembering()
    try:
        GuardedDelivery(below, PLACE, MINE).send(1, [upsert(npn)])
    except SafetyStop:
        assert below.sent == []
    assert bool(below.sent) == (bool(npn.split()) and set(npn.split()) <= {"4477123", "55"})


@pytest.mark.requirement("ACRM-05")
@pytest.mark.parametrize("place", ["agent_crm://crm.example/1b6e", "agent_crm://crm.example/", "agent_crm://crm.example/x1b6f"])
def test_another_business_takes_nothing(place: str) -> None:
    below = Remembering()
    with pytest.raises(SafetyStop, match="ISOLATION_BREACH"):
        GuardedDelivery(below, place, MINE).send(1, [upsert("4477123")])
    assert below.sent == []


def test_an_integration_without_tenants_is_left_alone() -> None:
    assert SPEC.feature(Tenancy) is None


FIELDS = dict.fromkeys(("group", "contact"), "writing_agent_npn")


@pytest.mark.requirement("ACRM-05")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"business": "B"},
        {"npns": ["4477123"]},
        {"business": "", "npns": ["4477123"]},
        {"business": "B", "npns": []},
        {"business": "B", "npns": [4477123]},
        {"business": "B", "npns": ["*"]},
        {"business": "B", "npns": ["4477123", ""]},
        {"business": "B", "npns": "4477123"},
        {"business": "B", "npns": [" 4477123"]},
    ],
)
def test_an_account_that_does_not_say_whose_it_is_writes_nothing(options: dict[str, object]) -> None:
    with pytest.raises(SafetyStop, match="ISOLATION_UNKNOWN"):
        tenant_of(FIELDS, options, "agent_crm")
    assert tenant_of(FIELDS, {"business": "B", "npns": ["0123"]}, "agent_crm") == Tenant("b", frozenset({"0123"}), FIELDS)
