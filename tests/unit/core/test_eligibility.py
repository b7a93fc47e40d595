from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.core.model import Outcome
from crosswalk.core.plan import fates_of
from crosswalk.errors import ConfigurationError, DataError
from crosswalk.features.eligibility.rules import Filter, chosen_values, email_states, inputs, require_sight

TYPES = {"1": "Customer", "2": "Prospect", "5": " Dead ", "9": "Customer"}


def facts(**columns: list[str]) -> pd.DataFrame:
    size = len(next(iter(columns.values())))
    plain = {"contact_active": "true", "company_id": "210", "company_active": "true", "company_type": "1", "contact_type": "", "email": ""}
    filled = {name: [value] * size for name, value in plain.items()} | {"source_id": [str(one) for one in range(size)]} | columns
    return pd.DataFrame(filled, dtype="str")


@pytest.mark.requirement("MIND-02", "MIND-03")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana@example.test", "ANA@Example.TEST"),
        ("ana@example.test", "  ana@example.test\u00a0"),
        ("ana@BÜCHER.example", "ana@xn--bcher-kva.example"),
        ("josé@example.test", "jose\u0301@example.test"),
        ("ana@straße.example", "ANA@STRASSE.example"),
    ],
)
def test_addresses_are_one_by_one_rule(one: str, other: str) -> None:
    expected = ["shared", "shared", "valid"] if "straße" not in one else ["valid", "valid", "valid"]
    assert email_states(pd.Series([one, other, "ben@example.test"], index=[4, 2, 0])).tolist() == expected


@pytest.mark.requirement("MIND-02")
@pytest.mark.parametrize(
    "address", ["ana at example.test", "ana@", "@example.test", "ana@@example.test", "a@example.test, b@example.test", "n/a"]
)
def test_a_malformed_address_is_invalid_and_never_shared(address: str) -> None:
    assert email_states(pd.Series([address, address, "", "  "])).tolist() == ["invalid", "invalid", "missing", "missing"]


@given(
    st.lists(
        st.sampled_from(["", "x", "a@example.test", "A@example.test", "b@example.test", " b@example.test", "c@example.test"]), max_size=12
    )
)
def test_an_address_is_valid_exactly_when_nobody_else_has_it(emails: list[str]) -> None:
    states = email_states(pd.Series(emails, dtype="str")).tolist()
    folded = [text.strip().lower() for text in emails]
    for text, state in zip(folded, states, strict=True):
        assert state == ("missing" if not text else "invalid" if text == "x" else "valid" if folded.count(text) == 1 else "shared")


@pytest.mark.requirement("MIND-02")
def test_labels_become_the_values_they_have_now() -> None:
    assert chosen_values(["Customer", " Dead"], TYPES, "company_type of acme") == {"1", "9", "5"}


@pytest.mark.requirement("MIND-02")
def test_labels_that_are_gone_stop_and_name_those_there_are() -> None:
    with pytest.raises(ConfigurationError) as caught:
        chosen_values(["Customer", "Prospects", "customer"], TYPES, "company_type of acme")
    assert [problem.code for problem in caught.value.problems] == ["FILTER_LABEL_UNKNOWN"] * 2
    assert "did you mean 'Prospect'?" in str(caught.value)
    assert "'Customer', 'Prospect', 'Dead'" in caught.value.problems[0].next_step


def test_no_label_at_all_stops() -> None:
    with pytest.raises(ConfigurationError) as caught:
        chosen_values([], TYPES, "company_type of acme")
    assert caught.value.code == "FILTER_EMPTY"


@pytest.mark.parametrize("column", ["company_id", "company_active"])
def test_companies_nobody_can_see_stop(column: str) -> None:
    with pytest.raises(DataError) as caught:
        require_sight(facts(**{column: ["", ""]}), "acme")
    assert caught.value.code == "COMPANIES_HIDDEN"
    require_sight(facts(**{column: ["", "true"]}), "acme")
    require_sight(facts(email=["a@example.test"]).iloc[:0], "acme")


@pytest.mark.parametrize(
    ("company_id", "company_active", "state"),
    [("210", "true", "active"), ("210", "false", "inactive"), ("210", "", "missing"), ("", "true", "missing")],
)
def test_a_company_is_active_only_if_it_is_said(company_id: str, company_active: str, state: str) -> None:
    found = inputs(
        facts(company_id=[company_id], company_active=[company_active]), Filter("company_type", frozenset("1")), [], delete_inactive=False
    )
    assert found["company"].tolist() == [state]


def test_contacts_whose_state_nobody_can_see_stop() -> None:
    with pytest.raises(DataError) as caught:
        require_sight(facts(contact_active=["", ""]), "acme")
    assert caught.value.code == "CONTACTS_HIDDEN"
    require_sight(facts(contact_active=["", "false"]), "acme")


def test_any_of_several_types_counts() -> None:
    chosen = Filter("contact_type", frozenset({"2", "10"}))
    found = inputs(facts(contact_type=["1 2", "10", "1", "", "12"]), chosen, ["0", "3"], delete_inactive=True)
    assert found["type_in_set"].tolist() == ["yes", "yes", "no", "no", "no"]
    assert found["known"].tolist() == ["yes", "no", "no", "yes", "no"]
    assert set(found["delete_inactive"]) == {"on"}


def test_a_crm_without_the_field_has_nobody_in_the_set() -> None:
    bare = facts(email=["a@example.test"]).drop(columns="contact_type")
    assert inputs(bare, Filter("contact_type", frozenset("1")), [], delete_inactive=False)["type_in_set"].tolist() == ["no"]


def test_whoever_is_not_to_travel_has_a_fate() -> None:
    rows = [
        ("1", "create", "ELIGIBLE"),
        ("2", "frozen", "TYPE_NOT_CHOSEN"),
        ("3", "update", "ELIGIBLE"),
        ("4", "delete", "DELETE_INACTIVE"),
    ]
    assert fates_of(pd.DataFrame(rows, columns=["source_id", "outcome", "reason"])) == {
        "2": (Outcome.FROZEN, "TYPE_NOT_CHOSEN"),
        "4": (Outcome.DELETE, "DELETE_INACTIVE"),
    }
