"""What eMoney takes, field by field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from crosswalk.sandbox.messages import Refused

_EMPLOYMENT = {
    "employerName": 200,
    "employerAddressLine1": 200,
    "employerAddressLine2": 200,
    "employerCity": 100,
    "employerState": 50,
    "employerZip": 20,
    "workPhone": 40,
    "workFax": 40,
    "jobTitle": 100,
}
_HOME = {
    "addressLine1": 200,
    "addressLine2": 200,
    "city": 100,
    "state": 50,
    "zip": 20,
    "homePhone": 40,
    "cellPhone": 40,
    "fax": 40,
    "email": 254,
}
CLIENT_FIELDS = {"firstName": 100, "lastName": 100, "dateOfBirth": 10, "maritalStatus": 20, **_HOME, **_EMPLOYMENT}
SPOUSE_FIELDS = {"firstName": 100, "lastName": 100, "dateOfBirth": 10, "cellPhone": 40, **_EMPLOYMENT}
VALUE_FIELDS = {
    "investment": {"assetName": 200, "holdingsValue": 19, "cashBalance": 19, "totalValue": 19, "typeOfFunds": 100, "owner": 200},
    "policy": {"policyName": 300, "policyNumber": 7, "owner": 200, "deathBenefit": 19},
}
MARITAL_STATUSES = frozenset(("", "Single", "Married", "Divorced", "Widowed", "Separated", "Domestic Partner"))
WITH_SPOUSE = frozenset(("Married", "Separated", "Domestic Partner"))
OWNERSHIPS = frozenset(("Client", "Spouse", "Joint", "Trust", "Other"))
ASSET_TYPES = {
    "investment": frozenset(("Brokerage", "Retirement", "Education", "Cash", "Annuity", "Other")),
    "policy": frozenset(("Term Life", "Permanent Life", "Disability", "Long-Term Care", "Annuity", "Other")),
}

_MONEY = re.compile(r"-?[0-9]{1,15}\.[0-9]{2}")


def _is_date(text: str) -> bool:
    try:
        return not text or date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_money(text: str) -> bool:
    return not text or _MONEY.fullmatch(text) is not None


def _is_email(text: str) -> bool:
    local, at, domain = text.partition("@")
    return not text or bool(local and at and domain and "@" not in domain)


def _is_masked(text: str) -> bool:
    return not text or text.startswith("***")


_CHECKS: dict[str, Callable[[str], bool]] = {
    "lastName": bool,
    "dateOfBirth": _is_date,
    "maritalStatus": MARITAL_STATUSES.__contains__,
    "email": _is_email,
    **dict.fromkeys(("holdingsValue", "cashBalance", "totalValue", "deathBenefit"), _is_money),
    "policyNumber": _is_masked,
    "assetName": bool,
    "policyName": bool,
}


def checked(given: object, limits: Mapping[str, int], before: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole record that `given` makes of `before`, or of nothing. Raises Refused (422 INVALID) with the field."""
    if not isinstance(given, dict):
        raise Refused(422, "INVALID", "a record is an object")
    unknown = sorted(set(given) - set(limits))
    if unknown:
        raise invalid(unknown[0])
    whole = {**(before or dict.fromkeys(limits, "")), **given}
    for name, limit in limits.items():
        text = whole[name]
        if not isinstance(text, str) or len(text) > limit or not _CHECKS.get(name, _anything)(text):
            raise invalid(name)
    return whole


def text_of(body: Mapping[str, Any], name: str, shortest: int, longest: int) -> str:
    """A text within bounds. Raises Refused (422 INVALID)."""
    value = body.get(name, "")
    if not isinstance(value, str) or not shortest <= len(value) <= longest:
        raise invalid(name)
    return value


def one_of(body: Mapping[str, Any], name: str, allowed: frozenset[str]) -> str:
    """A text out of a set. Raises Refused (422 INVALID)."""
    value = body.get(name)
    if not isinstance(value, str) or value not in allowed:
        raise invalid(name)
    return value


def invalid(field: str) -> Refused:
    """The refusal of a field."""
    return Refused(422, "INVALID", f"{field} breaks its rule", field=field)


def _anything(_: str) -> bool:
    return True
