from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.core.ids import id_order
from crosswalk.core.masking import mask
from crosswalk.core.survivorship import keep_one
from crosswalk.core.system_schema import FIELD_TYPES


def test_ids_are_ordered_number_by_number() -> None:
    expected = ["7", "Contact.7.9", "Contact.7.10", "Contact.12.1", "Contact.x.1", "TagGroup.7.1"]

    assert sorted(["Contact.x.1", *expected[:4], "TagGroup.7.1"], key=id_order) == expected
    assert sorted(["9" * 5000, "1" + "0" * 5000, "8"], key=id_order) == ["8", "9" * 5000, "1" + "0" * 5000]


def test_ids_that_mean_the_same_number_still_have_one_order() -> None:
    assert sorted(["Contact.7.10", "Contact.7.010"], key=id_order) == ["Contact.7.010", "Contact.7.10"]


@pytest.mark.requirement("SAFE-9")
@pytest.mark.parametrize(
    ("field_type", "value", "shown"),
    [
        ("email", "Quinn@Example.test", "Q***@E***.test"),
        ("email", " quinn@localhost ", "q***@l***"),
        ("email", "quinn@x.Quill Quillfeather", "q***@x***"),
        ("email", "quinn@x.quillfeatherstone", "q***@x***"),
        ("email", "@", "***@***"),
        ("email", "quinn", "q***"),
        ("text", "Quinn", "Q***"),
        ("text", " =1+1", "***"),
        ("text", "\ud800x", "***"),
        ("text", "李", "李***"),
        ("code", "2", "2***"),
        ("date", "1961-04-09", "****-**-**"),
        ("phone", "+15550104477 x12", "***12"),
        ("phone", "555-0104", "***04"),
        ("phone", "4477", "***"),
        ("ids", "TagGroup.7.1 TagGroup.7.2", "TagGroup.7.1 TagGroup.7.2"),
    ],
)
def test_values_are_masked_one_way(field_type: str, value: str, shown: str) -> None:
    assert mask(field_type, value) == shown


def test_a_blank_stays_blank() -> None:
    assert {mask(field_type, "") for field_type in FIELD_TYPES} == {""}


@given(st.sampled_from(["text", "email", "phone", "date", "code"]), st.text(min_size=3))
def test_a_mask_shows_at_most_two_characters_and_an_ending(field_type: str, value: str) -> None:
    shown = mask(field_type, value)

    assert len(shown) <= 10 + 12
    assert shown.encode("utf-8")


def holders(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["source_id", "key"], dtype="str")


@pytest.mark.requirement("FMG-11")
@pytest.mark.parametrize(
    ("known", "lost"),
    [
        ({}, {"Contact.7.10", "Contact.7.11"}),
        ({"a@x": "Contact.7.11"}, {"Contact.7.9", "Contact.7.10"}),
        ({"a@x": "Contact.7.99"}, {"Contact.7.10", "Contact.7.11"}),
        ({"b@x": "Contact.7.10"}, {"Contact.7.10", "Contact.7.11"}),
    ],
)
def test_the_holder_the_target_knows_stays_else_the_lowest_id(known: dict[str, str], lost: set[str]) -> None:
    frame = holders(("Contact.7.10", "a@x"), ("Contact.7.9", "a@x"), ("Contact.7.11", "a@x"), ("Contact.7.1", "b@x"), ("Contact.7.2", ""))

    assert keep_one(frame, known) == lost
    assert keep_one(frame.iloc[::-1], known) == lost


def test_blank_keys_belong_to_nobody() -> None:
    assert keep_one(holders(("Contact.7.1", ""), ("Contact.7.2", "")), {"": "Contact.7.1"}) == set()
    assert keep_one(holders(), {}) == set()


@given(st.dictionaries(st.integers(1, 40).map("Contact.7.{}".format), st.sampled_from(["", "a", "b", "c"])), st.integers(1, 40))
def test_exactly_one_holder_of_each_key_stays(keys: dict[str, str], known: int) -> None:
    stays = set(keys) - keep_one(holders(*keys.items()), {"a": f"Contact.7.{known}"})

    assert sorted(keys[one] for one in stays if keys[one]) == sorted({key for key in keys.values() if key})
    assert {one for one, key in keys.items() if not key} <= stays


def test_a_guess_ignores_case_and_space_and_is_silent_when_nothing_is_close() -> None:
    assert did_you_mean("firstname ", ["LastName", "FirstName"]) == " (did you mean 'FirstName'?)"
    assert did_you_mean("zzz", ["LastName"]) == ""


def test_a_quoted_cell_shows_what_the_eye_misses() -> None:
    assert quoted("a ") == "'a '"
    assert quoted("F\u0456rst") == "'F\\u0456rst'"
    assert len(quoted("x" * 500)) < 70
