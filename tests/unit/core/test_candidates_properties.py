"""What holds of candidates whatever the records."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.core.candidate_frames import find, source, target

FIRST = ["", "Ana", "Anna", "Bob", "Robert", "R.", "Luis"]
LAST = ["", "Ruiz", "Riuz", "Ruiz Jr", "Stone", "Ruiz-Stone"]
EMAILS = ["", "", "a@x.example", "A@X.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example"]
PHONES = ["", "212-555-0100", "+1 212 555 0100", "212-555-0100 x7", "212-555-0199", "no"]
NAMES = ["", "Acme Rentals", "Acme Rental Inc", "The Acme Rentals LLC", "Zebra Events", "Zebra & Co"]
SITES = ["", "acme.example", "https://www.acme.example/x", "zebra.example", "facebook.com/acme"]

contact = st.fixed_dictionaries(
    {
        "first_name": st.sampled_from(FIRST),
        "last_name": st.sampled_from(LAST),
        "email": st.sampled_from(EMAILS),
        "phone": st.sampled_from(PHONES),
        "company_name": st.sampled_from(NAMES),
    }
)
company = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "website": st.sampled_from(SITES),
        "phone": st.sampled_from(PHONES),
        "city": st.sampled_from(["", "Salem"]),
    }
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, pd.DataFrame, pd.DataFrame]:
    kind, record = draw(st.sampled_from([("contact", contact), ("company", company)]))
    sides: list[list[dict[str, Any]]] = [draw(st.lists(record, max_size=8)) for _ in range(2)]  # type: ignore[arg-type]
    return kind, source(*sides[0], kind=kind), target(*sides[1], kind=kind)


def flipped(frame: pd.DataFrame, old: str, new: str) -> pd.DataFrame:
    return frame.rename(columns={old: new})


@settings(max_examples=20, deadline=None)
@given(worlds(), st.integers(0, 99))
def test_the_order_of_the_rows_means_nothing(world: tuple[str, pd.DataFrame, pd.DataFrame], seed: int) -> None:
    kind, left, right = world
    mixed = find(left.sample(frac=1, random_state=seed), right.sample(frac=1, random_state=seed + 1), kind)
    pd.testing.assert_frame_equal(mixed, find(left, right, kind))


@settings(max_examples=20, deadline=None)
@given(worlds())
def test_both_directions_find_and_weigh_the_same(world: tuple[str, pd.DataFrame, pd.DataFrame]) -> None:
    kind, left, right = world
    there = find(left, right, kind)
    back = find(flipped(right, "target_id", "source_id"), flipped(left, "source_id", "target_id"), kind)
    weighed = [
        sorted(zip(found[one], found[other], found["score"], found["automatic"], strict=True))
        for found, one, other in ((there, "source_id", "target_id"), (back, "target_id", "source_id"))
    ]
    assert weighed[0] == weighed[1]


@settings(max_examples=20, deadline=None)
@given(worlds())
def test_an_unrelated_record_changes_nothing(world: tuple[str, pd.DataFrame, pd.DataFrame]) -> None:
    kind, left, right = world
    stranger = {"email": "q@elsewhere.example", "phone": "303-555-0122", "first_name": "Yu", "last_name": "Kim", "name": "Quixotic Wines"}
    one = source({name: value for name, value in stranger.items() if name in left.columns}, kind=kind).assign(source_id="~1")
    other = target({"first_name": "Ed", "last_name": "Poe", "email": "p@nowhere.example"}, kind=kind).assign(target_id="~1")
    more = pd.concat([left, one]), pd.concat([right, other])
    found = find(more[0], more[1], kind)
    pd.testing.assert_frame_equal(found[found["source_id"] != "~1"].reset_index(drop=True), find(left, right, kind))


@pytest.mark.requirement("FLEX-09")
@settings(max_examples=30, deadline=None)
@given(worlds())
def test_a_link_unasked_is_of_a_value_nobody_else_has(world: tuple[str, pd.DataFrame, pd.DataFrame]) -> None:
    kind, left, right = world
    role, fields = ("email", ["email"]) if kind == "contact" else ("website", ["website"])
    found = find(left, right, kind)
    linked = found[found["automatic"]]
    assert (linked[role] == 1).all()
    assert not linked["source_id"].duplicated().any()
    assert not linked["target_id"].duplicated().any()
    for one in linked.to_dict("records"):
        values = left.set_index("source_id").loc[one["source_id"], fields].str.strip().str.lower()
        for frame in (left, right):
            assert frame[fields[0]].str.strip().str.lower().eq(values.iloc[0]).sum() <= 1


@settings(max_examples=15, deadline=None)
@given(worlds())
def test_ranks_count_from_one_by_falling_score(world: tuple[str, pd.DataFrame, pd.DataFrame]) -> None:
    kind, left, right = world
    found = find(left, right, kind)
    for _, ones in found.groupby("source_id"):
        assert ones["rank"].tolist() == list(range(1, len(ones) + 1))
        assert ones["score"].is_monotonic_decreasing
        assert set(ones["of"]) == {len(ones)}
    assert not found.duplicated(["source_id", "target_id"]).any()
