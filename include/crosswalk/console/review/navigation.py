"""Where a reviewer goes next: through the records ticked, through a tab, or back to where they came from. It all stands in the address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request

from crosswalk.console.review.tabs import Tab

MOST = 500
"""Records that can be ticked at once."""

_WALK = re.compile(rf"[0-9]{{1,10}}(\.[0-9a-z]{{1,6}}){{0,{MOST}}}")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Way:
    """tab: the list the record was opened from. walk: the records ticked or found, see `encode`. back: a page of ours, path and query.

    What was searched for is no part of it: addresses are logged, and people search for names.
    """

    tab: str = ""
    walk: str = ""
    back: str = ""

    @property
    def asked(self) -> dict[str, str]:
        """What of an address says it; also the names of the form's fields."""
        return {"tab": self.tab, "walk": self.walk, "back": self.back}

    def aside(self, back: str) -> Way:
        """The way to a record beside this one, and back to an address of ours."""
        return Way(back=back)


def encode(snapshot: int, places: Iterable[int]) -> str:
    """Write places in the order of a run's review so that 500 of them fit an address: `snapshot.gap.gap…`, gaps in base 36."""
    before, gaps = -1, []
    for place in sorted(set(places)):
        gaps.append(_base36(place - before))
        before = place
    return ".".join([str(snapshot), *gaps])


def decode(walk: str, snapshot: int, records: int) -> list[int]:
    """Read the places back; none when the walk belongs to another run: its places are others."""
    if not _WALK.fullmatch(walk) or int(walk.partition(".")[0]) != snapshot:
        return []
    return [place for place in _places(walk.split(".")[1:]) if place < records]


def _places(gaps: list[str]) -> Iterator[int]:
    place = -1
    for gap in gaps:
        place += int(gap, 36)
        yield place


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, last = divmod(number, 36)
        digits = _DIGITS[last] + digits
    return digits


def way(
    request: Request,
    tab: Annotated[str, Query(max_length=10)] = "",
    walk: Annotated[str, Query(max_length=3600)] = "",
    back: Annotated[str, Query(max_length=6000)] = "",
) -> Way:
    """Read the way from an address. What is not one of ours counts as left out."""
    return checked(request, tab, walk, back)


def checked(request: Request, tab: str, walk: str, back: str) -> Way:
    """Make a way of what was asked for: an unknown tab, a walk that is none and an address that is not a review page's are dropped."""
    ours = re.compile(re.escape(request.scope["root_path"]) + r"/review/[a-z0-9_/-]*(\?[A-Za-z0-9_.~%&=+-]*)?")
    return Way(tab if tab in list(Tab) else "", walk if _WALK.fullmatch(walk) else "", back if ours.fullmatch(back) else "")
