"""A source record and who it may be, side by side: what agrees, what differs, why, and what a link would bring over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crosswalk.console.review.phrases import FIELDS, why
from crosswalk.console.review.queue import Desk, Line
from crosswalk.console.review.record_text import name_of
from crosswalk.features.linking.candidates.keys import KEYS, company_key, name_key, unmarked
from crosswalk.features.linking.candidates.reasons import Reason, reasons
from crosswalk.features.linking.candidates.roles import SEVERAL, Roles

SHOWN = {
    "contact": ("email", "phone", "company_name", "job_title", "city"),
    "company": ("website", "phone", "address_1", "city", "state"),
}
"""Fields that stand side by side as columns, after the name. Beside the first e-mail and phone stand all others."""

_ALL_OF = {"email": ("email", "other_emails"), "phone": ("phone", "mobile", "other_phones")}
_KEYS: Mapping[str, Callable[[str], str]] = {**KEYS, "company": company_key, "first": name_key, "last": name_key, "city": name_key}


@dataclass(frozen=True)
class Value:
    """A value. same: whether the other side has it too, in the way the candidates are compared."""

    text: str
    same: bool = False


@dataclass(frozen=True)
class Face:
    """A record of the target beside the source record. cells: values by column.

    reasons: in words, and whether they speak against it. brings: fields the target lacks and a link would fill. holder: name of the
    source record it is linked with already, "" when it is free. apart: whether a person said it is not this one.
    """

    target_id: str
    name: str
    cells: Mapping[str, tuple[Value, ...]]
    reasons: tuple[tuple[str, bool], ...] = ()
    brings: tuple[str, ...] = ()
    holder: str = ""
    apart: bool = False


class Mirror:
    """One source record, held against any record of the target."""

    def __init__(self, desk: Desk, line: Line, roles: Roles, sent: Iterable[str]) -> None:
        self._desk, self._line, self._sent = desk, line, tuple(sent)
        self._role = {name: role for role, names in roles.fields.items() for name in names}
        self._apart = desk.apart(line.source_id)

    def source(self) -> Mapping[str, tuple[Value, ...]]:
        """The source record's own values."""
        return self._cells(self._line.values, {})

    def face(self, target_id: str, evidence: Mapping[str, Any] | None = None) -> Face:
        """Put a record of the target beside it. evidence: the row of the candidates, None for one that was searched for."""
        record = self._desk.target_record(target_id)
        holder = self._desk.holder(target_id)
        found: tuple[Reason, ...] = reasons(evidence) if evidence and "rank" in evidence else ()
        return Face(
            target_id,
            name_of(self._desk.entity, record) or target_id,
            self._cells(record, self._line.values),
            tuple((why(one), one.against) for one in found),
            self._brings(record),
            self._called(holder) if holder and holder != self._line.source_id else "",
            target_id in self._apart,
        )

    def _called(self, source_id: str) -> str:
        place = self._desk.place.get(source_id)
        return source_id if place is None else self._desk.names[place] or source_id

    def _brings(self, record: Mapping[str, str]) -> tuple[str, ...]:
        lacking = [one for one in self._sent if self._line.values.get(one) and record and not record.get(one)]
        return tuple(FIELDS.get(one, one).lower() for one in lacking)

    def _cells(self, record: Mapping[str, str], other: Mapping[str, str]) -> dict[str, tuple[Value, ...]]:
        return {column: tuple(self._values(column, record, other)) for column in SHOWN[self._desk.entity]}

    def _values(self, column: str, record: Mapping[str, str], other: Mapping[str, str]) -> Iterable[Value]:
        names = _ALL_OF.get(column, (column,))
        role = self._role.get(column, "")
        there = {self._key(role, one) for one in _texts(other, names)} - {""}
        for text in dict.fromkeys(_texts(record, names)):
            yield Value(text, self._key(role, text) in there)

    def _key(self, role: str, text: str) -> str:
        return _KEYS.get(role, unmarked)(text) or (unmarked(text).strip() if role not in SEVERAL else "")


def _texts(record: Mapping[str, str], names: Iterable[str]) -> Iterable[str]:
    for name in names:
        value = record.get(name, "")
        yield from (part.strip() for part in (value.split(";") if name.startswith("other_") else (value,)) if part.strip())
