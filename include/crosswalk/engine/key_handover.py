"""Unique keys (e-mail addresses) that move between records of one delivery (FMG-11).

Records that take over an address are sent after its present holder gave it up. If the target refuses the holder's change, the holder
keeps the address, and the record that was to take it must not be sent, or the target refuses the whole list.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from crosswalk.core.converters import email_key
from crosswalk.core.ports import Operation, Refusal
from crosswalk.core.spec.model import EntitySpec

Holders = dict[str, str]
"""Target id of the record that gives an address up, by the key of the operation that takes it."""


def waiting_for_key(entity: EntitySpec, todo: Sequence[Operation], before: pd.DataFrame) -> Holders:
    """Find the operations that take an address another record of the same delivery gives up, or leaves behind."""
    if not entity.unique:
        return {}
    changing = {one.target_id for one in todo if one.target_id}
    held = {email_key(text): target_id for text, target_id in zip(before[entity.unique], before["target_id"], strict=True) if text}
    found = ((one, held.get(email_key(one.values[entity.unique]))) for one in todo if one.op == "upsert" and one.values[entity.unique])
    return {one.key: holder for one, holder in found if holder and holder != one.target_id and holder in changing}


def blocked(
    entity: EntitySpec, waiting: Sequence[Operation], holders: Holders, refused: Sequence[tuple[Operation, Refusal]]
) -> list[tuple[Operation, Refusal]]:
    """Name those that cannot have their address because its holder keeps it, and so keep their own."""
    keeping = {one.target_id for one, _ in refused}
    stopped: dict[str, Operation] = {}
    while more := [one for one in waiting if one.key not in stopped and holders[one.key] in keeping]:
        stopped |= {one.key: one for one in more}
        keeping |= {one.target_id for one in more}
    return [(one, Refusal(one.key, "EMAIL_TAKEN", entity.unique)) for one in stopped.values()]
