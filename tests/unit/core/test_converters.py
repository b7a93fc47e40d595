from __future__ import annotations

from decimal import Decimal

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.core.converters import CONVERTERS, amount, email_key, iso_date, lookup_converter, sorted_ids, spaced, us_phone
from crosswalk.core.system_schema import FIELD_TYPES
from crosswalk.errors import RecordRejected


def test_every_converter_takes_and_gives_known_types() -> None:
    for name, converter in CONVERTERS.items():
        assert name == converter.name
        assert {converter.gives, *converter.takes} <= set(FIELD_TYPES)
        assert converter.apply(*[""] * len(converter.takes)) == ""


@pytest.mark.parametrize("name", ["text", "email"])
def test_text_and_addresses_stay_as_typed_apart_from_surrounding_space(name: str) -> None:
    assert CONVERTERS[name].apply(" \tAnn  O'Brien\u00a0\n") == "Ann  O'Brien"


@pytest.mark.parametrize(
    ("typed", "given_out"),
    [("1961-04-09", "1961-04-09"), (" 1961-4-9 ", "1961-04-09"), ("2000-02-29", "2000-02-29"), ("", ""), ("  ", "")],
)
def test_dates_become_iso_dates(typed: str, given_out: str) -> None:
    assert iso_date(typed) == given_out


@pytest.mark.parametrize(
    "typed", ["1900-02-29", "1980-02-30", "0000-00-00", "02/30/1980", "61-04-09", "19610409", "1961-W01-1", "١٩٦١-٠٤-٠٩"]
)
def test_what_is_no_day_of_the_calendar_is_rejected(typed: str) -> None:
    with pytest.raises(RecordRejected) as raised:
        iso_date(typed)
    assert raised.value.code == "SRC_BAD_DATE"
    assert typed not in str(raised.value)


@pytest.mark.parametrize(
    ("typed", "given_out"),
    [
        ("TagGroup.7.10 TagGroup.7.9", "TagGroup.7.9 TagGroup.7.10"),
        ("TagGroup.7.3  TagGroup.7.3", "TagGroup.7.3"),
        ("TagGroup.7.3", "TagGroup.7.3"),
        (" ", ""),
        ("", ""),
    ],
)
def test_ids_are_sorted_by_number_and_named_once(typed: str, given_out: str) -> None:
    assert sorted_ids(typed) == given_out


@pytest.mark.requirement("FMG-08")
@pytest.mark.parametrize(
    ("area", "number", "given_out"),
    [
        ("555", "010-4477", "+15550104477"),
        (" (555) ", " 010.4477 ", "+15550104477"),
        ("", "555/010-4477", "+15550104477"),
        ("555", "0104477 x12", "+15550104477 x12"),
        ("555", "010-4477 ext. 9", "+15550104477 x9"),
        ("1-555", "010-4477", "+15550104477"),
        ("", "+44 20 7946 0958", "+442079460958"),
        ("+44", "20 7946 0958", "+442079460958"),
        ("800", "FLOWERS", "+18003569377"),
        ("", "010-4477", "010-4477"),
        ("", " 234-4477 ", "234-4477"),
        ("555", "call the office", "555 call the office"),
        ("555", "", "555"),
        ("", "n/a", "n/a"),
        (" ", " ", ""),
    ],
)
def test_phones_become_numbers_where_they_can_be(area: str, number: str, given_out: str) -> None:
    assert us_phone(area, number) == given_out


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789 ()-./", max_size=6), st.text(alphabet="0123456789 ()-./", max_size=12))
def test_plain_digits_mean_what_phonenumbers_says(area: str, number: str) -> None:
    typed = f"{area.strip()} {number.strip()}".strip()
    try:
        parsed = phonenumbers.parse(typed, "US")
        possible = phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.IS_POSSIBLE
    except phonenumbers.NumberParseException:
        possible = False
    expected = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if possible else typed

    assert us_phone(area, number) == expected


@given(st.text(max_size=30), st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_a_phone_fits_or_is_rejected(area: str, number: str) -> None:
    try:
        assert len(us_phone(area, number)) <= 40
    except RecordRejected as rejected:
        assert rejected.code == "FIELD_TOO_LONG"
        assert len(f"{area.strip()} {number.strip()}".strip()) > 40


@pytest.mark.requirement("FMG-11")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann@Example.TEST", " ann@example.test "),
        ("straße@example.test", "STRASSE@example.test"),
        ("ann@bücher.example", "ANN@BÜCHER.example"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("jose\u0301@example.test", "JOSÉ@example.test"),
        ("NOT AN ADDRESS", "not an address"),
        ("İ@example.test", "i\u0307@example.test"),
    ],
)
def test_spellings_of_one_address_have_one_key(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ann@example.test", "anne@example.test"), ("a.nn@x.test", "ann@x.test"), ("аnn@x.test", "ann@x.test"), ("", "a")]
)
def test_different_addresses_have_different_keys(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


def test_a_blank_address_has_no_key() -> None:
    assert email_key("") == email_key(" \t") == ""


def test_a_domain_nobody_could_register_still_has_a_key() -> None:
    assert email_key("Ann@Ünter_strich..Test") == "ann@ünter_strich..test"


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=20), st.builds("{}@{}".format, st.text(max_size=10), st.text(max_size=10))))
def test_a_key_is_its_own_key(text: str) -> None:
    assert email_key(email_key(text)) == email_key(text)


def test_a_lookup_turns_codes_and_rejects_the_unknown() -> None:
    converter = lookup_converter("gender", {"1": "Male", "9": ""})

    assert [converter.apply(code) for code in (" 1 ", "9", "", " ")] == ["Male", "", "", ""]
    with pytest.raises(RecordRejected) as raised:
        converter.apply("Quill")
    assert raised.value.code == "MAP_VALUE_UNMAPPED"
    assert "Quill" not in str(raised.value)


@pytest.mark.requirement("EMON-09")
@pytest.mark.parametrize(
    ("typed", "given_out"),
    [
        ("1234.5", "1234.50"), (" -1250.75 ", "-1250.75"), ("0", "0.00"), ("-0.001", "0.00"), ("", ""), ("  ", ""),
        ("0.125", "0.12"), ("0.135", "0.14"), ("999999999999999.9949", "999999999999999.99"), ("007", "7.00"),
    ],
)  # fmt: skip
def test_amounts_have_two_digits_after_the_point(typed: str, given_out: str) -> None:
    assert amount(typed) == given_out


@pytest.mark.requirement("EMON-09")
@pytest.mark.parametrize("typed", ["1,234.50", "$5", "1e3", "5.", ".5", "+5", "12.34567", "1234567890123456", "NaN", "١", "--1", "1 2"])
def test_what_is_no_amount_is_rejected(typed: str) -> None:
    with pytest.raises(RecordRejected) as raised:
        amount(typed)
    assert raised.value.code == "SRC_BAD_AMOUNT"
    assert typed not in raised.value.problem


@pytest.mark.requirement("EMON-09")
@given(st.decimals(min_value="-999999999999999", max_value="999999999999999", places=4))
def test_an_amount_is_rounded_to_the_cent_and_stays_what_it_is_then(typed: Decimal) -> None:
    text = amount(f"{typed:f}")
    assert abs(Decimal(text) - typed) <= Decimal("0.005")
    assert amount(text) == text


@pytest.mark.requirement("EMON-10")
@pytest.mark.parametrize(("first", "second", "both"), [(" Acme ", "Term 20", "Acme Term 20"), ("", "Term", "Term"), ("Acme", " ", "Acme")])
def test_two_texts_are_joined_by_a_space(first: str, second: str, both: str) -> None:
    assert spaced(first, second) == both
