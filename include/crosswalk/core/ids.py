"""Order of record ids."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

IdPart: TypeAlias = tuple[int, int, str]
IdOrder: TypeAlias = tuple[tuple[IdPart, ...], str]


@lru_cache(maxsize=4096)
def id_order(source_id: str) -> IdOrder:
    """Sort key that compares the dotted parts of an id number by number: Contact.7.9 before Contact.7.10."""
    return tuple(_part(part) for part in source_id.split(".")), source_id


def _part(part: str) -> IdPart:
    if part.isascii() and part.isdigit():
        digits = part.lstrip("0")
        return 0, len(digits), digits
    return 1, 0, part
