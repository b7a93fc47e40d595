"""What validation does with records, seen from outside: which travel, which are rejected, and what is said about them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.core.model import Rejection
from crosswalk.core.spec.expectations import Expectation
from crosswalk.core.spec.model import EntitySpec
from crosswalk.validation.suite import validate

EMAIL = "PreferredEmail.Address"


def codes(rejections: list[Rejection]) -> dict[str, set[tuple[str, str]]]:
    """{source id: {(code, field)}}."""
    found: dict[str, set[tuple[str, str]]] = {}
    for one in rejections:
        found.setdefault(one.source_id, set()).add((one.code, one.field))
    return found


CASES: list[tuple[dict[str, str], set[tuple[str, str]]]] = [
    ({}, set()),
    ({"LastName": ""}, {("NAME_MISSING", "LastName")}),
    ({"LastName": " \t "}, {("NAME_MISSING", "LastName")}),
    ({"LastName": "O'Brien"}, set()),
    ({"LastName": "Q"}, set()),
    ({"LastName": "Åkesson-Núñez 佐藤 🙂"}, set()),
    ({"LastName": "\u202equilL"}, set()),
    ({"LastName": "=1+1"}, set()),
    ({"LastName": "<b>{{ x }}</b>"}, set()),
    ({"LastName": "é" * 100}, set()),
    ({"LastName": f"  {'é' * 100}  "}, set()),
    ({"LastName": "é" * 101}, {("FIELD_TOO_LONG", "LastName")}),
    ({"LastName": "x" * 300, "FirstName": "x" * 300}, {("FIELD_TOO_LONG", "LastName"), ("FIELD_TOO_LONG", "FirstName")}),
    ({"PreferredAddress.ZipCode": "9" * 21}, {("FIELD_TOO_LONG", "PreferredAddress.ZipCode")}),
    ({"PreferredPhone.Number": "1" * 60}, set()),
    ({"FirstName": "Qui\x00nn"}, {("SRC_BAD_CHARACTER", "FirstName")}),
    ({"FirstName": "Qui\x7fnn", "Greeting": "a\x1bb"}, {("SRC_BAD_CHARACTER", "FirstName"), ("SRC_BAD_CHARACTER", "Greeting")}),
    ({"PreferredPhone.Number": "555\x85"}, set()),
    ({"PreferredPhone.Number": "5\x9f5"}, {("SRC_BAD_CHARACTER", "PreferredPhone.Number")}),
    ({"Person.Dob": "02/30/1980"}, {("SRC_BAD_DATE", "Person.Dob")}),
    ({"Person.Dob": "1980-02-30"}, {("SRC_BAD_DATE", "Person.Dob")}),
    ({"Person.Dob": "0000-00-00"}, {("SRC_BAD_DATE", "Person.Dob")}),
    ({"Person.Dob": "2999-01-01"}, {("SRC_BAD_DATE", "Person.Dob")}),
    ({"Person.Dob": "61-04-09"}, {("SRC_BAD_DATE", "Person.Dob")}),
    ({"Person.Dob": ""}, set()),
    ({"ReviewDate": "soon"}, {("SRC_BAD_DATE", "ReviewDate")}),
    ({"Person.Gender": "9"}, {("MAP_VALUE_UNMAPPED", "Person.Gender")}),
    ({"Person.Gender": " 1 "}, set()),
    ({"Person.Marital": "x", "Person.Gender": ""}, {("MAP_VALUE_UNMAPPED", "Person.Marital")}),
    ({EMAIL: "not an address"}, {("EMAIL_INVALID", EMAIL)}),
    ({EMAIL: "quinn@exam\nple.com"}, {("EMAIL_INVALID", EMAIL), ("SRC_BAD_CHARACTER", EMAIL)}),
    ({EMAIL: " Quinn@Example.TEST "}, set()),
]


@pytest.mark.requirement("CARD-4")
def test_each_record_is_judged_by_the_spec_and_the_tables(contact: EntitySpec, contacts: Any) -> None:
    frame = contacts(*(record for record, _ in CASES))
    result = validate(contact, frame, None)
    expected = {f"Contact.7.{number}": found for number, (_, found) in enumerate(CASES, 1) if found}
    assert codes(result.rejections) == expected
    accepted = [one for one in frame["source_id"] if one not in expected]
    pd.testing.assert_frame_equal(result.accepted, frame[frame["source_id"].isin(accepted)].reset_index(drop=True))
    assert result.critical == []


def test_a_rejection_says_why_what_to_do_and_never_the_value(contact: EntitySpec, contacts: Any) -> None:
    result = validate(contact, contacts({EMAIL: "zanzibar@@quux.test"}, {"Person.Dob": "1984-13-77"}, {"LastName": ""}), None)
    assert [(one.code, one.reason, one.masked) for one in result.rejections] == [
        ("EMAIL_INVALID", "the preferred e-mail address is not an address mail could reach", "z***@q***.test"),
        ("SRC_BAD_DATE", "the birth date is not a calendar date", "****-**-**"),
        ("NAME_MISSING", "the last name is blank", ""),
    ]
    assert all(one.fix and one.entity == "contact" for one in result.rejections)
    told = str([asdict(one) for one in result.rejections] + [asdict(one) for one in result.rules])
    assert not any(secret in told for secret in ("zanzibar", "quux", "1984", "13-77"))


def test_records_without_an_id_are_told_apart_by_their_place(contact: EntitySpec, contacts: Any) -> None:
    result = validate(contact, contacts({}, {"source_id": ""}, {}, {"source_id": " "}), None)
    assert [(one.source_id, one.code, one.reason) for one in result.rejections] == [
        ("", "SRC_MISSING_ID", "the record has no id (record 2 as read)"),
        ("", "SRC_MISSING_ID", "the record has no id (record 4 as read)"),
    ]
    assert result.accepted["source_id"].tolist() == ["Contact.7.1", "Contact.7.3"]


def test_two_records_with_one_id_are_critical(contact: EntitySpec, contacts: Any) -> None:
    result = validate(contact, contacts({"source_id": "Contact.7.5"}, {"source_id": "Contact.7.5", "LastName": "Other"}), None)
    assert [(one.code, one.failed, one.checked) for one in result.critical] == [("SRC_DUPLICATE_ID", 2, 2)]
    assert result.rejections == []


@pytest.mark.requirement("FMG-11")
def test_of_several_holders_the_targets_own_is_kept_else_the_lowest_id(contact: EntitySpec, contacts: Any, target: Any) -> None:
    shared, other = "Family@Example.test", "ann@example.test"
    frame = contacts(
        {"source_id": "Contact.7.10", EMAIL: shared},
        {"source_id": "Contact.7.9", EMAIL: "family@EXAMPLE.test "},
        {"source_id": "Contact.7.100", EMAIL: shared},
        {"source_id": "Contact.7.2", EMAIL: other},
        {"source_id": "Contact.7.1", EMAIL: other, "LastName": ""},
        {"source_id": "Contact.7.3"},
        {"source_id": "Contact.7.4"},
    )
    fresh = validate(contact, frame, None)
    assert codes(fresh.rejections) == {
        "Contact.7.10": {("EMAIL_DUPLICATE", EMAIL)},
        "Contact.7.100": {("EMAIL_DUPLICATE", EMAIL)},
        "Contact.7.1": {("NAME_MISSING", "LastName")},
    }
    known = validate(contact, frame, target(("Contact.7.100", "FAMILY@example.test"), ("", other)))
    assert {one.source_id for one in known.rejections if one.code == "EMAIL_DUPLICATE"} == {"Contact.7.9", "Contact.7.10"}
    rule = next(one for one in known.rules if one.code == "EMAIL_DUPLICATE")
    assert (rule.checked, rule.failed, rule.status) == (4, 2, "failed")


def test_rules_are_reported_in_a_steady_order_with_their_counts(contact: EntitySpec, contacts: Any) -> None:
    result = validate(contact, contacts({"LastName": ""}, {}, {}), None)
    stated = [(one.code, one.column) for one in contact.expectations]
    assert [(one.code, one.column) for one in result.rules][: len(stated)] == stated
    name = next(one for one in result.rules if one.code == "NAME_MISSING")
    assert (name.checked, name.failed, name.status, name.entity) == (3, 1, "failed", "contact")
    assert Counter(one.status for one in result.rules) == {"passed": len(result.rules) - 1, "failed": 1}
    assert {one.column for one in result.rules if one.code == "FIELD_TOO_LONG"} >= {"FirstName", "PreferredAddress.ZipCode"}


def test_what_was_made_for_the_rules_is_not_handed_on(contact: EntitySpec, contacts: Any) -> None:
    frame = contacts({EMAIL: " Quinn@Example.TEST "}, {})
    frame.index = pd.Index([7, 7])
    result = validate(contact, frame, None)
    assert list(result.accepted.columns) == list(frame.columns)
    assert result.accepted[EMAIL].tolist() == [" Quinn@Example.TEST ", ""]


def test_a_lone_surrogate_is_a_bad_character(contact: EntitySpec, contacts: Any) -> None:
    result = validate(contact, contacts({"FirstName": "Qui\ud800nn"}, {}, dtype=object), None)
    assert codes(result.rejections) == {"Contact.7.1": {("SRC_BAD_CHARACTER", "FirstName")}}


def test_nothing_to_validate_is_no_failure(contact: EntitySpec, contacts: Any, target: Any) -> None:
    result = validate(contact, contacts(), target())
    assert result.accepted.empty
    assert result.rejections == []
    assert {one.status for one in result.rules} == {"passed"}


def test_a_failure_longer_than_the_librarys_lists_is_complete(contact: EntitySpec, contacts: Any) -> None:
    """Great Expectations cuts its value lists at 200."""
    result = validate(contact, contacts(*({"LastName": ""} for _ in range(450)), {}), None)
    assert len(result.rejections) == 450
    assert [one.failed for one in result.rules if one.code == "NAME_MISSING"] == [450]


def test_groups_have_rules_of_their_own(group: EntitySpec) -> None:
    names = ["Newsletter", "", "x" * 201, "Cli\x07ents"]
    frame = pd.DataFrame({"source_id": [f"TagGroup.7.{one}" for one in range(4)], "Name": names}, dtype="str")
    result = validate(group, frame, None)
    assert codes(result.rejections) == {
        "TagGroup.7.1": {("NAME_MISSING", "Name")},
        "TagGroup.7.2": {("FIELD_TOO_LONG", "Name")},
        "TagGroup.7.3": {("SRC_BAD_CHARACTER", "Name")},
    }


def test_severity_decides_what_a_failure_means(group: EntitySpec) -> None:
    base = Expectation(
        "group", "expect_column_values_to_match_regex", "Name", "NAME_STYLE", "info", "odd", "rename it", "", {"regex": "^[A-Z]"}
    )
    frame = pd.DataFrame({"source_id": ["TagGroup.7.1"], "Name": ["newsletter"]}, dtype="str")
    noted = validate(replace(group, expectations=(base,)), frame, None)
    assert (noted.rules[0].failed, noted.rejections, noted.critical, len(noted.accepted)) == (1, [], [], 1)
    stopped = validate(replace(group, expectations=(replace(base, severity="critical"),)), frame, None)
    assert [one.code for one in stopped.critical] == ["NAME_STYLE"]


FIELD = st.sampled_from(["LastName", "FirstName", "Person.Dob", "Person.Gender", EMAIL])
VALUE = st.sampled_from(["", " ", "x", "1", "a@b.test", "A@b.TEST", "1980-01-01", "\x01", "x" * 500])


@settings(max_examples=3, deadline=None)
@given(st.lists(st.dictionaries(FIELD, VALUE, max_size=3), min_size=10, max_size=40))
def test_every_record_is_either_accepted_or_rejected_with_a_reason(
    contact: EntitySpec, contacts: Any, records: list[dict[str, str]]
) -> None:
    frame = contacts(*records)
    result = validate(contact, frame, None)
    accepted, rejected = set(result.accepted["source_id"]), {one.source_id for one in result.rejections}
    assert accepted | rejected == set(frame["source_id"])
    assert not accepted & rejected
    again = validate(contact, result.accepted, None)
    assert (again.rejections, len(again.accepted)) == ([], len(accepted))


def about(contact: EntitySpec, **when: list[str]) -> EntitySpec:
    """Contacts whose greeting must be filled, of those only."""
    rule = replace(
        contact.expectations[2],
        column="Greeting",
        code="GREETING_MISSING",
        when={name.replace("_", "."): one for name, one in when.items()},
    )
    return replace(contact, expectations=(rule,))


@pytest.mark.requirement("EMON-02")
def test_a_rule_may_be_about_some_records(contact: EntitySpec, contacts: Any) -> None:
    frame = contacts({"Person.Marital": "2"}, {"Person.Marital": "2", "Greeting": "Q"}, {"Person.Marital": "1"}, {"Person.Marital": ""})
    for values, failing, checked in ((["2"], ["Contact.7.1"], 2), (["2", ""], ["Contact.7.1", "Contact.7.4"], 3), (["9"], [], 0)):
        result = validate(about(contact, Person_Marital=values), frame, None)
        rule = next(one for one in result.rules if one.code == "GREETING_MISSING")
        assert [one.source_id for one in result.rejections] == failing
        assert rule.checked == checked


@pytest.mark.requirement("EMON-02")
def test_all_conditions_of_a_rule_hold_at_once(contact: EntitySpec, contacts: Any) -> None:
    frame = contacts({"Person.Marital": "2", "Person.Gender": "1"}, {"Person.Marital": "2", "Person.Gender": "2"})
    result = validate(about(contact, Person_Marital=["2"], Person_Gender=["2"]), frame, None)
    assert [one.source_id for one in result.rejections] == ["Contact.7.2"]
