from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from crosswalk.features.optouts.suppression_list import SuppressionList
from crosswalk.features.writeback.ports import HEADLINES, MAX_TEXT, event_id, note_text

AT = datetime(2026, 7, 4, 3, 30, tzinfo=UTC)


@given(st.text(), st.text(), st.text(), st.text())
def test_an_event_has_one_name_and_shares_it_with_no_other(target: str, one: str, other_target: str, other: str) -> None:
    assert len(event_id(target, one)) == 36
    assert event_id(target, one) == event_id(target, one)
    if "\n" not in target + other_target and (target, one) != (other_target, other):
        assert event_id(target, one) != event_id(other_target, other)


@given(st.sampled_from(list(HEADLINES)), st.text(max_size=3000), st.integers(100_000, 4_000_000_000))
def test_a_note_fits_and_can_be_sent(kind: str, title: str, at: int) -> None:
    text = note_text(kind, title, datetime.fromtimestamp(at, UTC), "America/New_York")
    assert len(text) <= MAX_TEXT
    element = etree.Element("Text")
    element.text = text
    assert etree.fromstring(etree.tostring(element)).text == text


@pytest.mark.requirement("FMG-05")
def test_a_note_says_what_and_when_where_the_account_is() -> None:
    assert note_text("email_sent", " Birthday\tcard ", AT, "America/New_York") == "E-mail sent: Birthday card (2026-07-03 23:30 EDT)"
    assert note_text("opted_out", "", AT, "UTC") == "Opted out of e-mail (2026-07-04 03:30 UTC)"


def test_people_are_known_by_either_id_and_by_address() -> None:
    people = SuppressionList("fmg", "summit")
    ann = people.among(people.keys_of(source_id="Contact.7.1", target_id="c-1", email="Ann@Example.test "))
    assert len(ann.keys) == 3
    assert ann.holds(source_id="Contact.7.1", email="new@example.test")
    assert ann.holds(target_id="c-1")
    assert ann.holds(email="ann@EXAMPLE.test")
    assert not ann.holds(source_id="Contact.7.2", target_id="c-2", email="bob@example.test")
    assert not ann.holds()
    assert "example" not in str(ann.keys).lower()
    other = SuppressionList("fmg", "harbor")
    assert set(other.keys_of(email="ann@example.test")).isdisjoint(ann.keys), "an address has another hash in every account"
