"""From what two systems hold and what people decided: how each record stands, and what a load has to do.

Pure. Frames are in target shape (a mapping table made them); data flow: frames + standing + candidates → statuses → operations.
Nothing is ever blanked or removed in the target: a delete takes a link away, the record stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import pandas as pd

from crosswalk.core.converters import email_key
from crosswalk.core.mapping import MappingTable
from crosswalk.core.ports import Operation
from crosswalk.features.linking.candidates.keys import phone_key
from crosswalk.features.linking.decisions import Kind, Pair, Standing, Wish

LAST_EDIT, LINK, RESOURCE_TYPE = "last_edit_date", "link", "resource_type"
"""Beside its fields an operation carries the edit date it was made of, "true" where a link is to be made, and what an import is made as."""

EMPLOYER = "employer"
_NAMING = {EMPLOYER: "company", "company": "company", "contacts": "contact"}
"""Fields that name records by source id, and of which entity."""
_SAME: Mapping[str, Callable[[str], str]] = {"phone": phone_key, "email": email_key}
"""How two values of a field type are compared before one is sent over the other."""


class Status(StrEnum):
    """How a source record stands, in the seed's words."""

    LINKED = "Linked"
    MATCH_FOUND = "Match Found"
    NEW = "New"


@dataclass(frozen=True)
class Entity:
    """One kind of record on both sides.

    desired: `source_id` and target fields; target: `target_id`, `source_id` as the target's own link has it, fields, `last_edit_date`.
    """

    name: str
    mapping: MappingTable
    desired: pd.DataFrame
    target: pd.DataFrame
    standing: Standing


def links(entity: Entity) -> dict[str, str]:
    """Work out who is linked with whom: what was decided here, and what was linked in the target itself. One to one."""
    decided = dict(entity.standing.linked)
    taken = set(decided.values())
    found = zip(entity.target["source_id"].tolist(), entity.target["target_id"].tolist(), strict=True)
    there = {source_id: target_id for source_id, target_id in found if source_id and (source_id, target_id) not in entity.standing.parted}
    return {**{one: other for one, other in there.items() if other not in taken}, **decided}


def follow_merges(standing: Standing, merged: Mapping[str, str]) -> Standing:
    """Let links and imports follow records that were taken in by others of the source. merged: id that is gone → survivor."""
    linked, imports = dict(standing.linked), dict(standing.imports)
    for gone, survivor in sorted(merged.items()):
        target_id, resource_type = linked.pop(gone, ""), imports.pop(gone, None)
        if target_id:
            linked.setdefault(survivor, target_id)
        if resource_type is not None and survivor not in standing.skipped:
            imports.setdefault(survivor, resource_type)
    return replace(standing, linked=linked, imports={one: kind for one, kind in imports.items() if one not in linked})


def statuses(entity: Entity, candidates: pd.DataFrame) -> pd.DataFrame:
    """Tell how every source record stands.

    Returns `source_id`, `status`, `target_id` (of a linked one), `candidates` (how many), `first` (the likeliest), `automatic`, and
    `decided`: import or skip where that is decided, "" else; by source id.
    """
    ids = sorted(entity.desired["source_id"].tolist())
    linked = links(entity)
    best = candidates[candidates["rank"] == 1].set_index("source_id")
    found, first, automatic = (dict(best[name]) for name in ("of", "target_id", "automatic"))
    decided = {**dict.fromkeys(entity.standing.skipped, Kind.SKIP.value), **dict.fromkeys(entity.standing.imports, Kind.IMPORT.value)}
    rows = [
        {
            "source_id": one,
            "status": Status.LINKED.value if one in linked else Status.MATCH_FOUND.value if one in found else Status.NEW.value,
            "target_id": linked.get(one, ""),
            "candidates": 0 if one in linked else int(found.get(one, 0)),
            "first": "" if one in linked else first.get(one, ""),
            "automatic": one not in linked and bool(automatic.get(one, False)),
            "decided": "" if one in linked else decided.get(one, ""),
        }
        for one in ids
    ]
    return pd.DataFrame(rows, columns=["source_id", "status", "target_id", "candidates", "first", "automatic", "decided"])


def automatic_links(entity: Entity, candidates: pd.DataFrame) -> list[Wish]:
    """Name the links that need no person: never of a pair once undone, nor of a record somebody decided about."""
    asked = candidates[candidates["automatic"]]
    standing, linked = entity.standing, links(entity)
    held = {*standing.skipped, *standing.imports, *linked}
    barred = {*standing.apart, *standing.parted}
    pairs = sorted(zip(asked["source_id"].tolist(), asked["target_id"].tolist(), strict=True))
    free = [(one, other) for one, other in pairs if one not in held and (one, other) not in barred and other not in set(linked.values())]
    return [Wish(entity.name, one, Kind.LINK, other) for one, other in free]


def companies_of(contacts: pd.DataFrame, chosen: Iterable[str]) -> list[str]:
    """Name the companies of the contacts chosen, by source id, so that they can be decided in the same pass (FLEX-08)."""
    wanted = contacts[contacts["source_id"].isin(list(chosen))]
    return sorted({one for one in wanted[EMPLOYER].tolist() if one})


def operations(companies: Entity, contacts: Entity, deals: pd.DataFrame, known_deals: pd.DataFrame, default_type: str) -> list[Operation]:
    """List what a load does, in its order: links taken away, companies, contacts, deals of linked contacts.

    Args:
        companies: both sides and what stands of them.
        contacts: the same; `employer` is the source id of the company.
        deals: `source_id`, fields, `contacts` and `company` as source ids.
        known_deals: what the target knows of them.
        default_type: resource type of an import for which none was chosen.
    """
    tied = {one.name: {*links(one), *(set(one.standing.imports) & set(one.desired["source_id"]))} for one in (companies, contacts)}
    listed = [operation for entity in (companies, contacts) for operation in _untied(entity)]
    for entity in (companies, contacts):
        listed += _of_records(entity, tied[companies.name], default_type)
    return [*listed, *_of_deals(deals, known_deals, tied[companies.name], tied[contacts.name])]


def without_lost(todo: Iterable[Operation], lost: Collection[Pair]) -> tuple[list[Operation], list[Operation]]:
    """Let operations name nothing the target refused. lost: entity and source id of what is not there after all.

    Returns those that can be sent, and deals none of whose contacts is left.
    """
    if not lost:
        return list(todo), []
    going: list[Operation] = []
    stopped: list[Operation] = []
    for one in todo:
        left = {name: _without(name, value, lost) if name in _NAMING else value for name, value in one.values.items()}
        narrowed = replace(one, values={name: value for name, value in left.items() if value or name != EMPLOYER})
        (stopped if one.entity == "deal" and not left["contacts"] else going).append(narrowed)
    return going, stopped


def _without(name: str, value: str, lost: Collection[Pair]) -> str:
    return " ".join(one for one in value.split() if (_NAMING[name], one) not in lost)


def _untied(entity: Entity) -> Iterator[Operation]:
    """Take away links the target has and that are decided otherwise."""
    wanted = links(entity)
    holders = {target_id: source_id for source_id, target_id in wanted.items()}
    for source_id, target_id in _held_pairs(entity):
        if wanted.get(source_id) != target_id and (
            source_id in wanted or target_id in holders or (source_id, target_id) in entity.standing.parted
        ):
            yield Operation(entity.name, "delete", source_id, target_id, {LINK: "true"})


def _held_pairs(entity: Entity) -> list[Pair]:
    found = zip(entity.target["source_id"].tolist(), entity.target["target_id"].tolist(), strict=True)
    return sorted((source_id, target_id) for source_id, target_id in found if source_id)


def _of_records(entity: Entity, companies: set[str], default_type: str) -> Iterator[Operation]:
    linked = links(entity)
    there = {row["target_id"]: row for row in _rows(entity.target)}
    desired = _without_strangers(entity.desired, companies)
    settled = entity.mapping.settle(desired, _with_links(entity.target, linked))
    for row in _rows(settled.sort_values("source_id")):
        source_id = row["source_id"]
        if source_id in linked:
            record = there.get(linked[source_id])
            if record is not None:
                yield from _filling(entity, source_id, row, record)
        elif source_id in entity.standing.imports:
            values = {name: row[name] for name in entity.mapping.target_names if row[name]}
            yield Operation(
                entity.name, "upsert", source_id, "", {**values, RESOURCE_TYPE: entity.standing.imports[source_id] or default_type}
            )


def _filling(entity: Entity, source_id: str, wanted: Mapping[str, str], record: Mapping[str, str]) -> Iterator[Operation]:
    """What a linked record lacks, if it lacks anything."""
    types = {row.target: entity.mapping.converters[row.target].gives for row in entity.mapping.sent}
    values = {
        name: wanted[name] for name in entity.mapping.target_names if wanted[name] and not _is_same(types[name], wanted[name], record[name])
    }
    link = {} if record["source_id"] == source_id else {LINK: "true"}
    if values or link:
        edit = {LAST_EDIT: record[LAST_EDIT]} if values else {}
        yield Operation(entity.name, "upsert", source_id, record["target_id"], {**values, **link, **edit})


def _is_same(kind: str, one: str, other: str) -> bool:
    key = _SAME.get(kind)
    return one == other or (key is not None and key(one) != "" and key(one) == key(other))


def _with_links(target: pd.DataFrame, linked: Mapping[str, str]) -> pd.DataFrame:
    """The target as if the links decided were made already."""
    holders = {target_id: source_id for source_id, target_id in linked.items()}
    return target.assign(source_id=[holders.get(one, "") for one in target["target_id"].tolist()])


def _without_strangers(desired: pd.DataFrame, companies: set[str]) -> pd.DataFrame:
    """Blank employers the target does not know: a company that is neither linked nor imported."""
    if EMPLOYER not in desired:
        return desired
    return desired.assign(**{EMPLOYER: [one if one in companies else "" for one in desired[EMPLOYER].tolist()]})


def _of_deals(deals: pd.DataFrame, known: pd.DataFrame, companies: set[str], contacts: set[str]) -> Iterator[Operation]:
    held = {row["source_id"]: row for row in _rows(known)}
    for row in _rows(deals.sort_values("source_id")):
        people = sorted(one for one in row["contacts"].split() if one in contacts)
        if not people:
            continue
        wanted = {name: value for name, value in row.items() if name not in ("source_id", "target_id")}
        wanted |= {"contacts": " ".join(people), "company": wanted["company"] if wanted["company"] in companies else ""}
        before = held.get(row["source_id"])
        if before is None or any(before[name] != value for name, value in wanted.items()):
            yield Operation("deal", "upsert", row["source_id"], row["source_id"] if before else "", wanted)


def _rows(frame: pd.DataFrame) -> list[dict[str, str]]:
    """Records of a frame of texts."""
    columns = [str(name) for name in frame.columns]
    return [dict(zip(columns, row, strict=True)) for row in zip(*(frame[name].tolist() for name in columns), strict=True)]


def with_company_names(contacts: pd.DataFrame, companies: pd.DataFrame, names: Sequence[str] = (EMPLOYER, "company_name")) -> pd.DataFrame:
    """Fill a contact's blank company name from the company it is associated with, for candidates are ranked by it."""
    employer, named = names
    known = dict(zip(companies["source_id"].tolist(), companies["name"].tolist(), strict=True))
    pairs = zip(contacts[named].tolist(), contacts[employer].tolist(), strict=True)
    return contacts.assign(**{named: [name or known.get(one, "") for name, one in pairs]})
