"""The one answer to "could mail reach this address, as far as its form says?"."""

from __future__ import annotations

import re
from functools import lru_cache

import pandas as pd
from email_validator import EmailNotValidError, validate_email

# The everyday address, decided by one vectorised match; the library takes 0.1 ms for each. A strict part of what the library accepts.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9]|-[A-Za-z0-9])*"
_EVERYDAY = re.compile(rf"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")
_EVERYDAY_LENGTH = 64
# Names no mail is ever routed to. `.test`, `.example` and `.invalid` are reserved too, but made for trying things out: they pass.
_UNROUTABLE = re.compile(r"\.(?:local|localhost|onion|arpa)$", re.IGNORECASE)
_RESERVED_FOR_TRIALS = re.compile(r"\.invalid$", re.IGNORECASE)


def are_valid(addresses: pd.Series) -> pd.Series:
    """Tell for each address (text, no blanks) whether it is valid. Gives booleans on the same index."""
    everyday = addresses.str.fullmatch(_EVERYDAY.pattern) & (addresses.str.len() <= _EVERYDAY_LENGTH)
    everyday &= ~addresses.str.contains(_UNROUTABLE.pattern, case=False)
    valid = everyday.astype(bool)
    rest = addresses[~valid]
    valid[rest.index] = rest.map(is_valid).astype(bool)
    return valid


@lru_cache(maxsize=4096)
def is_valid(address: str) -> bool:
    """Tell whether one address is valid: surrounding space aside, what email-validator accepts under a domain with a dot."""
    # email-validator refuses .invalid whatever it is told; .example, of the same length, it takes.
    trimmed = _RESERVED_FOR_TRIALS.sub(".example", address.strip())
    try:
        found = validate_email(trimmed, strict=True, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return found.ascii_domain is not None and "." in found.ascii_domain
