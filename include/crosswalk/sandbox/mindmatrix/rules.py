"""What Mindmatrix takes as a contact, field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MAX_LENGTH = {
    "email": 254,
    **dict.fromkeys(("first_name", "last_name", "title", "company"), 100),
    **dict.fromkeys(("phone", "mobile"), 40),
    **dict.fromkeys(("address_1", "address_2"), 200),
    "city": 100,
    "state": 50,
    "zip": 20,
}
FIELDS = tuple(MAX_LENGTH)
_EMAIL = re.compile(r"[^\s@,;<>]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W_](?:[\w-]{0,61}[^\W_])?")


def wrong_field(values: Mapping[str, Any]) -> str | None:
    """The first field of a whole contact that breaks its rule, missing ones included; None when all is well."""
    for name, limit in MAX_LENGTH.items():
        text = values.get(name)
        if not isinstance(text, str) or len(text) > limit:
            return name
    if values["email"] and not _EMAIL.fullmatch(values["email"]):
        return "email"
    return None if values["email"] or values["mobile"] else "email"
