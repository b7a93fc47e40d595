"""How records of both sides are named and found: the same on either side, whatever the case and the accents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crosswalk.features.linking.candidates.keys import unmarked

if TYPE_CHECKING:
    import pandas as pd

_NAMED = {"contact": ("first_name", "last_name"), "company": ("name",)}
_SEARCHED = {
    "contact": ("first_name", "last_name", "email", "other_emails", "company_name"),
    "company": ("name", "website"),
}
"""What a person may search by: contacts by name, e-mail and company, companies by name and website."""


def name_of(entity: str, record: Mapping[str, str]) -> str:
    """Name a record as people know it; by its e-mail or its website when it has no name, "" when it has neither."""
    name = " ".join(filter(None, (record.get(one, "") for one in _NAMED[entity])))
    return name or record.get("email", "") or record.get("website", "")


def names(entity: str, frame: pd.DataFrame) -> list[str]:
    """Name every record of a frame."""
    columns = [one for one in (*_NAMED[entity], "email", "website") if one in frame]
    return [name_of(entity, dict(zip(columns, row, strict=True))) for row in zip(*(frame[one].tolist() for one in columns), strict=True)]


def searched(entity: str, frame: pd.DataFrame) -> list[str]:
    """Write of every record of a frame the text that is searched."""
    columns = [frame[one].tolist() for one in _SEARCHED[entity] if one in frame]
    return [unmarked("\n".join(row)) for row in zip(*columns, strict=True)]


def fits(text: str, words: list[str]) -> bool:
    """Tell whether every word stands in a text that `searched` wrote. words: unmarked, as the text is."""
    return all(word in text for word in words)
