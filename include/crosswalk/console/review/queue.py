"""One entity of an account as a reviewer finds it: what the newest run saw, and what people decided since.

Built once a run and kept; afterwards a page costs what was decided since the last page. Not for two threads at once: `hold`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

from crosswalk.console.review.record_text import fits, name_of, names, searched
from crosswalk.console.review.tabs import CODES, Tab
from crosswalk.features.linking.candidates.keys import unmarked
from crosswalk.features.linking.decisions import Decision, Standing, in_force, standing
from crosswalk.features.linking.review_files import Review
from crosswalk.features.linking.rules import Status

_TABS = {Status.LINKED: Tab.LINKED, Status.MATCH_FOUND: Tab.MATCH, Status.NEW: Tab.NEW}


@dataclass(frozen=True)
class Stands:
    """How a record stands now. target_id: of a linked one."""

    tab: Tab
    target_id: str = ""


@dataclass(frozen=True)
class Line:
    """One source record. place: in the order of the review; candidates: how many the run found; deals: those recognised."""

    place: int
    source_id: str
    name: str
    stands: Stands
    values: Mapping[str, str]
    candidates: int
    last: Decision | None
    deals: int = 0


class Desk:
    """See the module. Places are positions in the order of the review: by name, then by id."""

    def __init__(self, review: Review, deals: pd.DataFrame | None = None) -> None:
        statuses = review.statuses.set_index("source_id")
        source = review.source[review.source["source_id"].isin(statuses.index)]
        called, ids = names(review.entity, source), source["source_id"].tolist()
        order = sorted(range(len(source)), key=lambda row: (unmarked(called[row]), ids[row]))
        self.key, self.entity, self.hold = review.key, review.entity, Lock()
        self.source = source.iloc[order].reset_index(drop=True)
        self.names = [called[row] for row in order]
        self.ids: list[str] = self.source["source_id"].tolist()
        self.place = {source_id: place for place, source_id in enumerate(self.ids)}
        self.target = review.target.reset_index(drop=True)
        self.target_place = {target_id: place for place, target_id in enumerate(self.target["target_id"].tolist())}
        self.candidates = review.candidates.reset_index(drop=True)
        self._offered: Mapping[Any, Any] = self.candidates.groupby("source_id", sort=False).indices
        self._texts, self._target_texts = searched(self.entity, self.source), searched(self.entity, self.target)
        self._base = [Stands(_TABS[Status(one)], other) for one, other in _pairs(statuses.loc[self.ids], "status", "target_id")]
        self._now = list(self._base)
        self._tabs = np.array([CODES[one.tab] for one in self._base], dtype=np.int8)
        self._holders = {one.target_id: source_id for source_id, one in zip(self.ids, self._base, strict=True) if one.target_id}
        self._deals = _deals(self.entity, deals)
        self.log: list[Decision] = []
        self._decided: dict[str, list[Decision]] = {}
        self._made: dict[str, str] = {}

    @property
    def last(self) -> int:
        """Number of the newest decision known here."""
        return self.log[-1].number if self.log else 0

    @property
    def waits(self) -> bool:
        """Whether imports are decided that the target may have made by now."""
        return bool((self._tabs == CODES[Tab.IMPORT]).any())

    def decided(self, decisions: Iterable[Decision]) -> None:
        """Take up decisions newer than `last`, in their order."""
        touched = []
        for one in decisions:
            self.log.append(one)
            self._decided.setdefault(one.source_id, []).append(one)
            touched.append(one.source_id)
        self._settle(dict.fromkeys(touched))

    def made(self, targets: Mapping[str, str]) -> None:
        """Take up what the target made of imports: source id → target id."""
        new = {source_id: target_id for source_id, target_id in targets.items() if self._made.get(source_id) != target_id}
        self._made |= new
        self._settle(new)

    def tally(self) -> dict[Tab, int]:
        """Count the records of each tab."""
        counted = np.bincount(self._tabs, minlength=len(CODES))
        return {tab: int(counted[code]) for tab, code in CODES.items()}

    def pick(self, tab: str) -> list[int]:
        """List places of a tab, in order."""
        places: list[int] = np.flatnonzero(self._tabs == CODES[Tab(tab)]).tolist()
        return places

    def among(self, tab: str, places: Sequence[int]) -> list[int]:
        """Keep the places that are in a tab."""
        return [place for place in places if self._now[place].tab == tab]

    def search(self, text: str, tab: str) -> list[int]:
        """List places of a tab in whose name, e-mail or company (name or website) all words stand; none for no words."""
        words = unmarked(text).split()
        return [place for place in self.pick(tab) if fits(self._texts[place], words)] if words else []

    def is_open(self, place: int) -> bool:
        """Tell whether a record can be linked or imported: it is neither yet."""
        return self._now[place].tab not in (Tab.LINKED, Tab.IMPORT)

    def find(self, text: str) -> list[int]:
        """List rows of the target frame in which all words stand; none for no words."""
        words = unmarked(text).split()
        return [row for row, found in enumerate(self._target_texts) if fits(found, words)] if words else []

    def line(self, place: int) -> Line:
        """Read one source record."""
        source_id = self.ids[place]
        decisions = self._decided.get(source_id, [])
        values = self.source.iloc[place].to_dict()
        found = len(self._offered.get(source_id, ()))
        return Line(
            place,
            source_id,
            self.names[place],
            self._now[place],
            {str(name): value for name, value in values.items()},
            found,
            decisions[-1] if decisions else None,
            len(self._deals.get(source_id, ())),
        )

    def seen(self, source_id: str, as_of: int) -> int:
        """Number of the record's last decision when decision `as_of` was the newest, 0 for none: what a person on that page saw."""
        return max((one.number for one in self._decided.get(source_id, []) if one.number <= as_of), default=0)

    def history(self, source_id: str) -> list[Decision]:
        """Read the decisions about one record, newest first."""
        return self._decided.get(source_id, [])[::-1]

    def in_force(self, source_id: str) -> set[int]:
        """Numbers of the record's decisions that can be undone."""
        return {one.number for one in in_force(self._decided.get(source_id, []))}

    def offered(self, source_id: str) -> list[dict[str, Any]]:
        """Read the candidates of a record that nobody said no to, the likeliest first; a link that was undone comes with no evidence."""
        held = self._standing(source_id)
        rows = self.candidates.take(self._offered.get(source_id, [])).to_dict("records")
        apart = {target_id for _, target_id in held.apart}
        known = {row["target_id"] for row in rows}
        parted = sorted({target_id for _, target_id in held.parted} - known - apart)
        return [{"target_id": one} for one in parted] + [
            {str(name): value for name, value in row.items()} for row in rows if row["target_id"] not in apart
        ]

    def apart(self, source_id: str) -> set[str]:
        """Target ids a person said are not this record."""
        return {target_id for _, target_id in self._standing(source_id).apart}

    def target_record(self, target_id: str) -> dict[str, str]:
        """Read a record of the target; {} for one it did not hold when the run read it."""
        row = self.target_place.get(target_id)
        return {} if row is None else {str(name): value for name, value in self.target.iloc[row].to_dict().items()}

    def target_name(self, target_id: str) -> str:
        """Name a record of the target, by its id when there is nothing else."""
        return name_of(self.entity, self.target_record(target_id)) or target_id

    def holder(self, target_id: str) -> str:
        """Source id of the record a target record is linked with, "" for none."""
        return self._holders.get(target_id, "")

    def deals(self, source_id: str) -> list[dict[str, str]]:
        """Read the deals of a record."""
        return self._deals.get(source_id, [])

    def _standing(self, source_id: str) -> Standing:
        return standing(self._decided.get(source_id, []), self.entity, self._made)

    def _settle(self, touched: Iterable[str]) -> None:
        for source_id in touched:
            place = self.place.get(source_id)
            if place is None:
                continue
            before, now = self._now[place], self._stands(source_id, self._base[place])
            if self._holders.get(before.target_id) == source_id:
                del self._holders[before.target_id]
            if now.target_id:
                self._holders[now.target_id] = source_id
            self._now[place] = now
            self._tabs[place] = CODES[now.tab]

    def _stands(self, source_id: str, base: Stands) -> Stands:
        held = self._standing(source_id)
        target_id = held.linked.get(source_id, "")
        if not target_id and base.target_id and (source_id, base.target_id) not in held.parted:
            target_id = base.target_id
        if target_id:
            return Stands(Tab.LINKED, target_id)
        if source_id in held.imports:
            return Stands(Tab.IMPORT)
        if source_id in held.skipped:
            return Stands(Tab.SKIP)
        return Stands(Tab.MATCH if self.offered(source_id) else Tab.NEW)


def _pairs(frame: pd.DataFrame, one: str, other: str) -> Iterable[tuple[str, str]]:
    return zip(frame[one].tolist(), frame[other].tolist(), strict=True)


def _deals(entity: str, deals: pd.DataFrame | None) -> dict[str, list[dict[str, str]]]:
    """Deals by the record they name."""
    found: dict[str, list[dict[str, str]]] = {}
    column = {"contact": "contacts", "company": "company"}[entity]
    for row in deals.to_dict("records") if deals is not None else ():
        for source_id in str(row[column]).split():
            found.setdefault(source_id, []).append({str(name): str(value) for name, value in row.items()})
    return found
