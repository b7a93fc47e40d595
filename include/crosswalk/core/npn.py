"""National Producer Numbers: who wrote a policy, and so who may see it.

No source gives a length or a check digit (vendors disagree from 5 to 10 digits). Ours: 1 to 10 ASCII digits, kept as text and compared
exactly as received after trimming. What is anything else belongs to nobody: a policy too few can be asked for, one too many cannot
be called back. `0123` and `123` are two numbers.
"""

from __future__ import annotations

import re
from enum import StrEnum

from crosswalk.errors import ConfigurationError, RecordRejected

MAX_DIGITS = 10

_NPN = re.compile(r"[0-9]{1,10}")
_SEVERAL = re.compile(r"[0-9]+\s*(?:[,;/|&+]|\band\b)\s*[0-9]+", re.IGNORECASE)
_BLANKS = " \t\r\n\u00a0"


class NpnFault(StrEnum):
    """Why a text is no NPN; the value is the code of the rejected record."""

    MISSING = "FILE_NPN_MISSING"
    AMBIGUOUS = "FILE_NPN_AMBIGUOUS"
    FORMAT = "FILE_NPN_FORMAT"


_FOUND = {
    NpnFault.MISSING: "no writing agent is named",
    NpnFault.AMBIGUOUS: "more than one writing agent is named",
    NpnFault.FORMAT: f"the writing agent's NPN is not 1 to {MAX_DIGITS} digits",
}


def trimmed(text: str) -> str:
    """Take surrounding blanks away, as every comparison of an NPN does."""
    return text.strip(_BLANKS)


def npn_fault(text: str) -> NpnFault | None:
    """Say what keeps a text from being an NPN; None when it is one."""
    kept = trimmed(text)
    if not kept:
        return NpnFault.MISSING
    if _NPN.fullmatch(kept):
        return None
    return NpnFault.AMBIGUOUS if _SEVERAL.search(kept) else NpnFault.FORMAT


def writing_npn(text: str) -> str:
    """Give the NPN a carrier's cell holds. Raises RecordRejected FILE_NPN_MISSING, FILE_NPN_AMBIGUOUS or FILE_NPN_FORMAT."""
    fault = npn_fault(text)
    if fault:
        raise RecordRejected(fault.value, operation="reading a writing agent", problem=_FOUND[fault])
    return trimmed(text)


def writing_npn_or_blank(text: str) -> str:
    """Keep an NPN's digits as they are; what is not 1 to 10 digits is rejected, and blank stays blank."""
    return "" if npn_fault(text) is NpnFault.MISSING else writing_npn(text)


def provisioned_npn(text: str, place: str) -> str:
    """Give the NPN a person typed into a form or a table. place: where ("the form's field NPN").

    Raises ConfigurationError NPN_INVALID: a blank, a star or a part of a number selects nothing.
    """
    if npn_fault(text):
        raise ConfigurationError("NPN_INVALID", operation=f"reading {place}", problem="it is not an NPN")
    return trimmed(text)


def same_npn(one: str, other: str) -> bool:
    """Whether two texts are one and the same NPN. What is no NPN is the same as nothing, itself included."""
    return npn_fault(one) is None and npn_fault(other) is None and trimmed(one) == trimmed(other)
