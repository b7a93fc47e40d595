from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crosswalk.core.npn import NpnFault, npn_fault, provisioned_npn, same_npn, writing_npn
from crosswalk.errors import ConfigurationError, RecordRejected

DIGITS = st.from_regex(r"[0-9]{1,10}", fullmatch=True)
BLANKS = st.text(alphabet=" \t\r\n\u00a0", max_size=3)


@pytest.mark.requirement("ACRM-05")
@given(DIGITS, BLANKS, BLANKS)
def test_digits_are_kept_as_they_came(number: str, before: str, after: str) -> None:
    assert writing_npn(before + number + after) == number
    assert same_npn(before + number, number + after)


@pytest.mark.requirement("ACRM-05")
@given(st.text(max_size=14))
@example("12345678901")
@example("4477123")
@example("1\u0663")
def test_nothing_but_digits_is_an_npn(text: str) -> None:
    whole = re.fullmatch(r"[ \t\r\n\u00a0]*([0-9]{1,10})[ \t\r\n\u00a0]*", text)
    assert (npn_fault(text) is None) == bool(whole)
    if not whole:
        assert not same_npn(text, text)
        with pytest.raises(RecordRejected):
            writing_npn(text)


@pytest.mark.requirement("ACRM-05")
@given(DIGITS, DIGITS)
@example("123", "0123")
@example("123", "1230")
@example("0", "00")
def test_two_numbers_are_the_same_only_letter_by_letter(one: str, other: str) -> None:
    assert same_npn(one, other) == (one == other)


@pytest.mark.requirement("ACRM-05")
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", NpnFault.MISSING),
        ("   ", NpnFault.MISSING),
        ("4477123.0", NpnFault.FORMAT),
        ("4.477123E+06", NpnFault.FORMAT),
        ("44 77 123", NpnFault.FORMAT),
        ("+4477123", NpnFault.FORMAT),
        ("-4477123", NpnFault.FORMAT),
        ("４４７７１２３", NpnFault.FORMAT),
        ("4477123\u200b", NpnFault.FORMAT),
        ("12345678901", NpnFault.FORMAT),
        ("*", NpnFault.FORMAT),
        ("%", NpnFault.FORMAT),
        ("null", NpnFault.FORMAT),
        ("' OR 1=1", NpnFault.FORMAT),
        ("4477123/4477124", NpnFault.AMBIGUOUS),
        ("4477123, 4477124", NpnFault.AMBIGUOUS),
        ("4477123 and 4477124", NpnFault.AMBIGUOUS),
    ],
)
def test_each_variant_goes_to_nobody_and_says_why(text: str, fault: NpnFault) -> None:
    assert npn_fault(text) is fault
    with pytest.raises(RecordRejected) as caught:
        writing_npn(text)
    assert caught.value.code == fault.value
    with pytest.raises(ConfigurationError) as refused:
        provisioned_npn(text, "the form's field NPN")
    assert refused.value.code == "NPN_INVALID"
    assert not text.strip() or text not in str(refused.value).replace("NPN", "")
