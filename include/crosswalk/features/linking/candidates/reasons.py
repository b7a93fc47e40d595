"""Why a candidate is one: codes and numbers, never a value, so that they may be logged, stored and shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crosswalk.features.linking.candidates.names import SAME, UNKNOWN

SHARED_ROLES = ("email", "phone", "website", "name")
CLOSE_ROLES = ("first", "last", "company", "city")
EVIDENCE = (*SHARED_ROLES, "extension", *CLOSE_ROLES, "suffix")
CLOSE, DIFFERENT = 88, 60


@dataclass(frozen=True)
class Reason:
    """One thing that speaks for a pair or, where against, against it.

    number: of …_SAME by a shared value, how many pairs of records share it (1: nobody else); of a name, its closeness 0 to 100.
    """

    code: str
    number: int
    against: bool = False

    def __str__(self) -> str:
        return f"{self.code} {self.number}"


def reasons(candidate: Mapping[str, Any]) -> tuple[Reason, ...]:
    """Explain one row of what find_candidates returns, what speaks for it first: EMAIL_SAME, PHONE_SAME, …, FIRST_NAME_CLOSE, …."""
    return tuple(_reasons({name: int(candidate[name]) for name in EVIDENCE}))


def _reasons(found: Mapping[str, int]) -> Iterator[Reason]:
    yield from (Reason(f"{role.upper()}_SAME", found[role]) for role in SHARED_ROLES if found[role])
    if found["extension"]:
        yield Reason("EXTENSION_SAME" if found["extension"] > 0 else "EXTENSION_DIFFERS", 1, against=found["extension"] < 0)
    for role in CLOSE_ROLES:
        code = {"first": "FIRST_NAME", "last": "LAST_NAME"}.get(role, role.upper())
        if found[role] == SAME:
            yield Reason(f"{code}_SAME", SAME)
        elif found[role] >= CLOSE:
            yield Reason(f"{code}_CLOSE", found[role])
        elif UNKNOWN < found[role] < DIFFERENT:
            yield Reason(f"{code}_DIFFERS", found[role], against=True)
    if found["suffix"]:
        yield Reason("SUFFIX_DIFFERS", 1, against=True)
