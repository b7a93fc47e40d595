"""What people decided about records of two systems, and what stands of it. Ids and users only, nothing of the records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

AUTOMATIC = "automatic"
"""Who decided, where no person did: an address nobody else has, and the same name."""

Pair = tuple[str, str]
"""Source id, target id."""


class Kind(StrEnum):
    """What was decided. link: these two are one; import: make it new in the target; skip: leave it; not_a_match: these two are not one."""

    LINK = "link"
    IMPORT = "import"
    SKIP = "skip"
    NOT_A_MATCH = "not_a_match"
    UNDONE = "undone"


FATES = frozenset((Kind.LINK, Kind.IMPORT, Kind.SKIP))
"""Kinds of which the last one not undone is the record's fate. not_a_match is about a pair, and any number of them stand."""


@dataclass(frozen=True)
class Wish:
    """A decision to be taken. seen: number of the record's last decision as the person saw it, 0 for none.

    target_id: of link and not_a_match. resource_type: of import; "" is the account's default.
    """

    entity: str
    source_id: str
    kind: Kind
    target_id: str = ""
    resource_type: str = ""
    seen: int = 0


@dataclass(frozen=True)
class Decision:
    """A decision taken. number: 1, 2, 3 … of the account; undoes: of undone, the number of what is taken back.

    target_id of undone: the record the source record was tied to until then, also by an import; "" when it was to none.
    """

    number: int
    entity: str
    source_id: str
    target_id: str
    kind: Kind
    resource_type: str
    decided_by: str
    decided_at: datetime
    undoes: int | None = None


@dataclass(frozen=True)
class Standing:
    """What stands of one entity.

    linked: source id → target id; imports: source id → resource type, not made yet; skipped: source ids; apart: pairs that are no match;
    parted: pairs whose link was undone: never linked again unless a person does.
    """

    linked: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)
    skipped: AbstractSet[str] = frozenset()
    apart: AbstractSet[Pair] = frozenset()
    parted: AbstractSet[Pair] = frozenset()


def in_force(decisions: Iterable[Decision]) -> list[Decision]:
    """Give those that are not undone, in their order; undone itself is none."""
    listed = sorted(decisions, key=lambda one: one.number)
    taken_back = {one.undoes for one in listed if one.kind == Kind.UNDONE}
    return [one for one in listed if one.kind != Kind.UNDONE and one.number not in taken_back]


def fate(decisions: Iterable[Decision]) -> Decision | None:
    """Give the link, import or skip of one record that counts: the last not undone."""
    return next((one for one in reversed(in_force(decisions)) if one.kind in FATES), None)


def standing(decisions: Iterable[Decision], entity: str, made: Mapping[str, str]) -> Standing:
    """Work out what stands of one entity. made: source id → target id of what the target made for an import."""
    listed = [one for one in decisions if one.entity == entity]
    by_record: dict[str, list[Decision]] = {}
    for one in listed:
        by_record.setdefault(one.source_id, []).append(one)
    fates = {source_id: found for source_id, ones in by_record.items() if (found := fate(ones))}
    links = {source_id: one.target_id for source_id, one in fates.items() if one.kind == Kind.LINK}
    imports = {source_id: one for source_id, one in fates.items() if one.kind == Kind.IMPORT}
    created = {source_id: made[source_id] for source_id in imports if made.get(source_id)}
    tied = {one.number for one in listed if one.kind in (Kind.LINK, Kind.IMPORT)}
    parted = {(one.source_id, one.target_id) for one in listed if one.undoes in tied and one.target_id}
    linked = links | created
    return Standing(
        linked=linked,
        imports={source_id: one.resource_type for source_id, one in imports.items() if source_id not in created},
        skipped=frozenset(source_id for source_id, one in fates.items() if one.kind == Kind.SKIP),
        apart=frozenset((one.source_id, one.target_id) for one in in_force(listed) if one.kind == Kind.NOT_A_MATCH),
        parted=frozenset(pair for pair in parted if linked.get(pair[0]) != pair[1]),
    )
