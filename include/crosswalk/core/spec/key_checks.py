"""Check the fields an entity of spec.toml names, beside those of its mapping table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.core.spec.model import EntitySpec
from crosswalk.core.system_schema import Field
from crosswalk.errors import Problem


def side_problems(entity: EntitySpec, place: str, source: Mapping[str, Field], target: Mapping[str, Field]) -> Iterator[Problem]:
    """Check the fields of either side that are looked at and not sent."""
    sides = (
        ("read_only_source", entity.read_only_source, source, entity.mapping.source_names, "source"),
        ("read_only_target", entity.read_only_target, target, entity.mapping.target_names, "target"),
    )
    for key, names, fields, sent, side in sides:
        for name in names:
            if name not in fields:
                found = f"unknown field {quoted(name)}{did_you_mean(name, fields)}"
                yield Problem("SPEC_UNKNOWN_FIELD", f"{place} {key}", found, f"use a field of the {side}'s fields.csv")
            elif name in sent:
                yield Problem("SPEC_TYPE", f"{place} {key}", f"{quoted(name)} is sent, and so read anyway", "leave it out here")


def key_problems(entity: EntitySpec, place: str, source: Mapping[str, Field], target: Mapping[str, Field]) -> Iterator[Problem]:
    """The fields that scope, partitions and uniqueness stand on must exist, be of the right type and be mapped."""
    yield from field_problems(entity, place, "scope_field", entity.scope_field, source, entity.source_fields, "ids", "MAP_FILTER_MISSING")
    yield from field_problems(
        entity, place, "partition_field", entity.partition_field, target, entity.target_fields, "ids", "MAP_KEY_MISSING"
    )
    yield from field_problems(entity, place, "unique", entity.unique, target, entity.target_fields, "email", "MAP_KEY_MISSING")


def field_problems(
    entity: EntitySpec,
    place: str,
    key: str,
    name: str,
    fields: Mapping[str, Field],
    mapped: Mapping[str, Field],
    kinds: str,
    unmapped: str,
) -> Iterator[Problem]:
    """Check one field a key of spec.toml names. kinds: the types it may have; unmapped: code when the mapping table lacks it."""
    if not name:
        return
    if name not in fields:
        found = f"unknown field {quoted(name)}{did_you_mean(name, fields)}"
        yield Problem("SPEC_UNKNOWN_FIELD", f"{place} {key}", found)
    elif fields[name].type not in kinds.split():
        found = f"{name} is {fields[name].type}, not {' or '.join(kinds.split())}"
        yield Problem("SPEC_TYPE", f"{place} {key}", found, "name another field")
    elif name not in mapped and entity.mapping.rows:
        yield Problem(unmapped, place, f"{key} {name} is not mapped", "map it")
