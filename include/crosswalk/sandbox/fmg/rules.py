"""What FMG takes as a contact or a group, field by field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

MAX_LENGTH = {
    "first_name": 100,
    "last_name": 100,
    "email": 254,
    "address_1": 200,
    "address_2": 200,
    "city": 100,
    "state": 50,
    "zip": 20,
    "phone": 40,
    "birthday": 10,
    "gender": 20,
    "marital_status": 20,
    "client_anniversary": 10,
    "nickname": 100,
}
CONTACT_FIELDS = tuple(MAX_LENGTH)
GENDERS = frozenset(("", "Male", "Female"))
MARITAL_STATUSES = frozenset(("", "Single", "Married", "Divorced", "Widowed", "Separated", "Domestic Partner"))
MAX_GROUP_NAME = 200
MAX_ID = 200

_LOCAL_PART = re.compile(r"[^\s@<>()\[\],;:\"\\.]+(?:\.[^\s@<>()\[\],;:\"\\.]+)*")
_LABEL = re.compile(r"[^\W_](?:[\w-]*[^\W_])?")


def is_email(text: str) -> bool:
    """Whether mail could be sent to the address: one at-sign, a dotted domain, no space, no display name."""
    local, at, domain = text.rpartition("@")
    labels = domain.split(".")
    if not at or len(local) > 64 or len(labels) < 2 or labels[-1].isdigit():
        return False
    return _LOCAL_PART.fullmatch(local) is not None and all(len(label) < 64 and _LABEL.fullmatch(label) for label in labels)


def is_date(text: str) -> bool:
    """Whether the text is a calendar date written YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_CHECKS: dict[str, Callable[[str], bool]] = {
    "last_name": bool,
    "email": lambda text: not text or is_email(text),
    "birthday": lambda text: not text or is_date(text),
    "client_anniversary": lambda text: not text or is_date(text),
    "gender": GENDERS.__contains__,
    "marital_status": MARITAL_STATUSES.__contains__,
}


def wrong_contact_field(values: Mapping[str, Any]) -> str | None:
    """The first field of a whole contact that breaks its rule, missing ones included; None when all is well."""
    for name, limit in MAX_LENGTH.items():
        text = values.get(name)
        if not isinstance(text, str) or len(text) > limit or not _CHECKS.get(name, _anything)(text):
            return name
    return None if are_ids(values.get("groups")) else "groups"


def wrong_group_field(values: Mapping[str, Any]) -> str | None:
    """The field that breaks its rule, or None."""
    name = values.get("name")
    return None if isinstance(name, str) and 1 <= len(name) <= MAX_GROUP_NAME else "name"


def are_ids(value: object) -> bool:
    """Whether the value is a list of ids, each once."""
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value) and len(set(value)) == len(value)


def _anything(_: str) -> bool:
    return True
