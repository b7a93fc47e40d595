"""Reasons and decisions in words. A reason holds no value of a record; the values stand beside it."""

from __future__ import annotations

from crosswalk.features.linking.candidates.reasons import Reason
from crosswalk.features.linking.decisions import AUTOMATIC, Kind

_WHAT = {
    "EMAIL": "e-mail",
    "PHONE": "phone",
    "WEBSITE": "website",
    "NAME": "name",
    "FIRST_NAME": "first name",
    "LAST_NAME": "last name",
    "COMPANY": "company name",
    "CITY": "city",
    "EXTENSION": "extension",
    "SUFFIX": "Jr or Sr",
}
_COUNTED = ("EMAIL", "PHONE", "WEBSITE", "NAME")
"""What is the same as a value: the number says how many pairs of records share it. Of the others it is the closeness."""

DID = {
    Kind.LINK: "linked it with",
    Kind.IMPORT: "decided to import it",
    Kind.SKIP: "skipped it",
    Kind.NOT_A_MATCH: "said it is not",
    Kind.UNDONE: "undid decision",
}
"""What somebody did to a record."""

FIELDS = {
    "first_name": "First name",
    "last_name": "Last name",
    "email": "E-mail",
    "other_emails": "Other e-mails",
    "phone": "Phone",
    "mobile": "Mobile",
    "other_phones": "Other phones",
    "company_name": "Company",
    "job_title": "Job title",
    "employer": "Employer",
    "name": "Name",
    "website": "Website",
    "address_1": "Address",
    "address_2": "Address, line 2",
    "city": "City",
    "state": "State",
    "zip": "ZIP",
    "country": "Country",
}
"""Names of fields for people; one that is not here goes by its own."""


def why(reason: Reason) -> str:
    """Say what speaks for a pair, or against it."""
    what, _, how = reason.code.rpartition("_")
    what, counted = _WHAT[what], what in _COUNTED
    if how == "DIFFERS":
        return f"{what} differs"
    if how == "CLOSE":
        return f"{what} alike ({reason.number} of 100)"
    if not counted:
        return f"same {what}"
    return f"same {what}, nobody else's" if reason.number == 1 else f"same {what}, shared by {reason.number:,} pairs"


def who(name: str) -> str:
    """Name who decided."""
    return "the automatic rule" if name == AUTOMATIC else name
