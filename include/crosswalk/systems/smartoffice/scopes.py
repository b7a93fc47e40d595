"""A scope of ids: contacts and households, as a person or an account names them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crosswalk.core.did_you_mean import quoted
from crosswalk.errors import ConfigurationError, Problem, current_operation

_ID = re.compile(r"(Contact|HouseHold)\.[0-9]{1,18}\.[0-9]{1,18}")
_EXAMPLES = "Contact.7.1201 or HouseHold.7.3"


def by_kind(scope: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Part a scope into contact ids and household ids, each once. Raises ConfigurationError SCOPE_EMPTY, SCOPE_ID."""
    if not scope:
        raise ConfigurationError("SCOPE_EMPTY", problem="no contact and no household is named")
    wrong = [
        Problem("SCOPE_ID", f"scope, entry {place}", "it is no id of a contact or a household")
        for place, one in enumerate(scope, 1)
        if not _ID.fullmatch(one)
    ]
    if wrong:
        raise ConfigurationError.from_problems(current_operation(), wrong)
    each = dict.fromkeys(scope)
    return tuple(one for one in each if one.startswith("C")), tuple(one for one in each if one.startswith("H"))


def contact_problem(contact: str) -> Problem:
    """Say that a contact is nobody."""
    return Problem("SCOPE_CONTACT", f"scope {quoted(contact)}", "SmartOffice has no such contact")


def head_problem(household: str, heads: Sequence[str] | None) -> Problem:
    """Say why a household stands for nobody."""
    found = "SmartOffice has no such household" if heads is None else f"it has {len(heads)} members with the code of a head"
    return Problem("SCOPE_HOUSEHOLD", f"scope {quoted(household)}", found)
