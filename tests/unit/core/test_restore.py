"""The plan of an undo: carried out, it makes the list what it was, by the target's own ids."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.core.plan import payload_hashes
from crosswalk.core.undo_plan import plan_restore
from unit.core.planning import CONTACT, target

ALICE = {"target_id": "c-1", "source_id": "Contact.7.1", "last_name": "Ash", "groups": "TagGroup.7.1 TagGroup.7.2"}
STRANGER = {"target_id": "c-9", "source_id": "", "last_name": "Old"}


def outcomes(plan: pd.DataFrame) -> dict[str, tuple[str, str, str]]:
    return {row["target_id"]: (row["outcome"], row["source_id"], row["changed"]) for row in plan.to_dict("records")}


@pytest.mark.requirement("SAFE-7")
def test_each_record_of_either_list_has_one_outcome() -> None:
    before = target(ALICE, STRANGER, {"target_id": "c-2", "source_id": "Contact.7.2", "last_name": "Bay"})
    now = target(
        {**ALICE, "last_name": "Asher"},
        {"target_id": "c-2", "source_id": "Contact.7.2", "last_name": "Bay"},
        {"target_id": "c-5", "source_id": "Contact.7.5"},
    )
    assert outcomes(plan_restore(CONTACT, before, now)) == {
        "c-1": ("update", "Contact.7.1", "last_name"),
        "c-2": ("unchanged", "Contact.7.2", ""),
        "c-5": ("delete", "Contact.7.5", ""),
        "c-9": ("create", "", ""),
    }


def test_the_order_of_groups_is_no_difference_and_another_source_id_is() -> None:
    before = target(ALICE, STRANGER)
    now = target({**ALICE, "groups": "TagGroup.7.2 TagGroup.7.1"}, {**STRANGER, "source_id": "Contact.7.4"})
    assert outcomes(plan_restore(CONTACT, before, now)) == {"c-1": ("unchanged", "Contact.7.1", ""), "c-9": ("update", "", "source_id")}


def test_a_record_made_again_under_another_id_goes_back_to_its_own() -> None:
    plan = plan_restore(CONTACT, target(ALICE), target({**ALICE, "target_id": "c-7"}))
    assert outcomes(plan) == {"c-1": ("create", "Contact.7.1", ""), "c-7": ("delete", "Contact.7.1", "")}


@pytest.mark.parametrize("lists", [((), ()), ((ALICE,), ()), ((), (ALICE,))])
def test_empty_lists_are_lists(lists: tuple[tuple[dict[str, str], ...], tuple[dict[str, str], ...]]) -> None:
    before, now = lists
    assert len(plan_restore(CONTACT, target(*before), target(*now))) == len(before) + len(now)


RECORDS = st.dictionaries(
    st.integers(1, 8).map("c-{}".format),
    st.fixed_dictionaries(
        {"source_id": st.sampled_from(["", "Contact.7.1", "Contact.7.2"]), "last_name": st.sampled_from(["", "Ash", "Bay"])}
    ),
    max_size=8,
)


@pytest.mark.requirement("SAFE-7")
@given(before=RECORDS, now=RECORDS)
def test_carried_out_it_gives_the_list_that_was(before: dict[str, dict[str, str]], now: dict[str, dict[str, str]]) -> None:
    was, is_now = (target(*({"target_id": one, **record} for one, record in records.items())) for records in (before, now))
    plan = plan_restore(CONTACT, was, is_now)
    after = dict(now)
    for row in plan.to_dict("records"):
        if row["outcome"] == "delete":
            del after[row["target_id"]]
        elif row["outcome"] != "unchanged":
            after[row["target_id"]] = before[row["target_id"]]
    assert after == before
    assert sorted(plan["target_id"]) == sorted(before.keys() | now.keys())
    hashes = dict(zip(was["target_id"], payload_hashes(was, CONTACT.target_fields), strict=True))
    assert {one: hash for one, hash in zip(plan["target_id"], plan["payload_hash"], strict=True) if hash} == hashes
