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
        ("also_read", entity.also_read, source, entity.mapping.source_names, "source"),
        ("also_held", entity.also_held, target, entity.mapping.target_names, "target"),
    )
    for key, names, fields, sent, side in sides:
        for name in names:
            if name not in fields:
                found = f"unknown field {quoted(name)}{did_you_mean(name, fields)}"
                yield Problem("SPEC_UNKNOWN_FIELD", f"{place} {key}", found, f"use a field of the {side}'s fields.csv")
            elif name in sent:
                yield Problem("SPEC_TYPE", f"{place} {key}", f"{quoted(name)} is sent, and so read anyway", "leave it out here")


def key_problems(entity: EntitySpec, place: str, source: Mapping[str, Field], target: Mapping[str, Field]) -> Iterator[Problem]:
    """The fields that scope, slices, uniqueness and isolation stand on must exist, be of the right type and be mapped."""
    keys = (
        ("scope_field", entity.scope_field, source, entity.source_fields, "ids", "MAP_FILTER_MISSING"),
        ("belongs_to", entity.belongs_to, source, entity.source_fields, "ids", "MAP_FILTER_MISSING"),
        ("slice_field", entity.slice_field, target, entity.target_fields, "ids", "MAP_KEY_MISSING"),
        ("unique", entity.unique, target, entity.target_fields, "email", "MAP_KEY_MISSING"),
        ("took_in", entity.took_in, source, entity.source_fields, "text", "MAP_FILTER_MISSING"),
        ("tenant_field", entity.tenant_field, target, entity.target_fields, "text ids", "MAP_KEY_MISSING"),
    )
    for key, name, fields, mapped, kind, code in keys:
        if not name:
            continue
        if name not in fields:
            found = f"unknown field {quoted(name)}{did_you_mean(name, fields)}"
            yield Problem("SPEC_UNKNOWN_FIELD", f"{place} {key}", found, "use a field of the system's fields.csv")
        elif fields[name].type not in kind.split():
            found = f"{name} is {fields[name].type}, not {' or '.join(kind.split())}"
            yield Problem("SPEC_TYPE", f"{place} {key}", found, "name another field")
        elif name not in mapped and entity.mapping.rows:
            yield Problem(code, place, f"{key} {name} is not mapped", "map it")
