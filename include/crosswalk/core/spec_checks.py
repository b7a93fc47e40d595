"""Read spec.toml and all it names, check them against each other and collect what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import jsonschema  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic import Field as Constraint

from crosswalk.core.documents import scan_section, scan_toml, scan_usable
from crosswalk.core.expectations import EMAIL_KEY, SOURCE_ID, Expectation, ExpectationSection, own_keys, scan_expectation, unknown_keys
from crosswalk.core.fields import Field, load_fields
from crosswalk.core.lookups import Lookups, scan_lookups
from crosswalk.core.mapping_checks import Surroundings, lookup_names, scan_mapping
from crosswalk.core.safety_spec import SafetySpec
from crosswalk.core.spec_model import BUSINESS, NPNS, EntitySpec, IntegrationSpec
from crosswalk.core.suggestions import did_you_mean, quoted
from crosswalk.errors import ConfigurationError, Problem

SPEC = "spec.toml"
LOOKUPS = "lookups.csv"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Fields = dict[str, dict[str, Field]]


class SpecSection(BaseModel):
    """The top of spec.toml; its tables are checked one by one."""

    model_config = ConfigDict(strict=True)

    source: str
    target: str
    right: str
    short: Name
    accounts: str = ""
    dag: Name
    frequencies: Annotated[list[Name], Constraint(min_length=1)] = ["daily", "manual"]
    settings: dict[Name, dict[str, Any]] = {}
    delivery: Literal["list", "records"] = "list"
    entities: Annotated[list[Any], Constraint(min_length=1)]
    limits: dict[str, Annotated[int, Constraint(ge=1)]] = {}
    safety: dict[str, Any]
    expectations: list[Any] = []


MISSING: dict[str, Any] = {"source": "", "target": "", "right": "", "short": "", "dag": "", "entities": [], "limits": {}, "safety": None}
"""What stands in the place of a top key that is missing or wrong, so that the rest can still be checked."""


class EntitySection(BaseModel):
    """One [[entities]] table."""

    model_config = ConfigDict(strict=True)

    name: Name
    mapping: str
    scope_field: str = ""
    slice_field: str = ""
    unique: str = ""
    strangers: Literal["remove", "leave"] = "remove"
    left: Literal["delete", "freeze"] = "delete"
    new: Literal["create", "announce"] = "create"
    opt_outs: bool = False
    tenant_field: str = ""
    refreshed: bool = False
    also_read: list[str] = []
    belongs_to: str = ""
    rights: list[str] = []


@dataclass(frozen=True)
class Tables:
    """What the entities of a spec are checked against."""

    folder: Path
    source: Fields
    target: Fields
    lookups: Lookups


def scan_spec(name: str, folder: Path) -> tuple[IntegrationSpec | None, list[Problem]]:
    """Read one integration's folder; None when there are problems."""
    document, problems = scan_toml(folder / SPEC, SPEC, "SPEC")
    if problems:
        return None, problems
    top, problems = scan_usable(SpecSection, document, SPEC, "SPEC", MISSING)
    safety, found = scan_section(SafetySpec, top.safety, f"{SPEC} safety", "SPEC") if top.safety is not None else (None, [])
    lookups, more = scan_lookups(folder / LOOKUPS)
    problems += found + more
    fields, found = _fields(top)
    problems += found
    if len(fields) < 2:
        return None, problems
    entities, found = _entities(top, Tables(folder, fields["source"], fields["target"], lookups))
    problems += [*found, *_limit_problems(top, entities), *_setting_problems(top), *_tenant_problems(top, entities)]
    if problems or safety is None:
        return None, problems
    unused = lookups.unused(_used_lookups(top, entities))
    spec = IntegrationSpec(
        name=name,
        short=top.short,
        accounts=top.accounts or top.short,
        dag=top.dag,
        source=top.source,
        target=top.target,
        right=top.right,
        entities=entities,
        limits=dict(top.limits),
        safety=safety,
        frequencies=tuple(top.frequencies),
        settings=top.settings,
        delivery=top.delivery,
        unused_lookups=unused,
    )
    return spec, []


def _fields(top: SpecSection) -> tuple[dict[str, Fields], list[Problem]]:
    fields: dict[str, Fields] = {}
    problems: list[Problem] = []
    for side, system in (("source", top.source), ("target", top.target)):
        try:
            fields |= {side: load_fields(system)} if system else {}
        except ConfigurationError as error:
            problems += error.problems or [Problem(error.code, f"{SPEC} {side}", error.found, error.fix)]
    return fields, problems


def _entities(top: SpecSection, tables: Tables) -> tuple[tuple[EntitySpec, ...], list[Problem]]:
    entities: dict[str, EntitySpec] = {}
    problems: list[Problem] = []
    for number, raw in enumerate(top.entities, start=1):
        place = f"{SPEC} entities {number}"
        section, found = scan_section(EntitySection, raw, place, "SPEC")
        problems += found
        if section is None:
            continue
        entity, found = _entity(section, place, tables)
        problems += found
        if entity is not None and entity.name in entities:
            problems.append(Problem("SPEC_ENTITY_TWICE", place, f"{quoted(entity.name)} is declared twice", "remove one of them"))
        elif entity is not None:
            entities[entity.name] = entity
    rules, found = _expectations(top, entities, tables.lookups)
    listed = [replace(one, expectations=tuple(rule for rule in rules if rule.entity == one.name)) for one in entities.values()]
    return (*listed[:-1], *(replace(one, main=True) for one in listed[-1:])), problems + found


def _entity(section: EntitySection, place: str, tables: Tables) -> tuple[EntitySpec | None, list[Problem]]:
    problems = [*_entity_name_problems(section, place, tables), *_mapping_name_problems(section, place)]
    if problems:
        return None, problems
    source, target = tables.source[section.name], tables.target[section.name]
    around = Surroundings(section.mapping, section.name, source, target, tables.lookups)
    mapping, problems = scan_mapping(tables.folder / section.mapping, around)
    read = {name: source[name] for name in (*mapping.source_names, *section.also_read) if name in source}
    filled = {name: target[name] for name in mapping.target_names if name in target}
    declared = section.model_dump(exclude={"mapping", "also_read", "rights"})
    declared |= {"also_read": tuple(section.also_read), "rights": tuple(section.rights)}
    entity = EntitySpec(mapping=mapping, expectations=(), source_fields=read, target_fields=filled, **declared)
    return entity, [*problems, *_key_problems(entity, place, source, target), *_also_read_problems(entity, place, source)]


def _also_read_problems(entity: EntitySpec, place: str, source: Mapping[str, Field]) -> Iterator[Problem]:
    for name in entity.also_read:
        if name not in source:
            found = f"unknown field {quoted(name)}{did_you_mean(name, source)}"
            yield Problem("SPEC_UNKNOWN_FIELD", f"{place} also_read", found, "use a field of the source's fields.csv")
        elif name in entity.mapping.source_names:
            yield Problem("SPEC_TYPE", f"{place} also_read", f"{quoted(name)} is sent, and so read anyway", "leave it out here")


def _entity_name_problems(section: EntitySection, place: str, tables: Tables) -> Iterator[Problem]:
    for fields in (tables.source, tables.target):
        if section.name not in fields:
            found = f"unknown entity {quoted(section.name)}{did_you_mean(section.name, fields)}"
            yield Problem("SPEC_UNKNOWN_ENTITY", place, found, f"use an entity of both systems' fields.csv, such as {', '.join(fields)}")
            return


def _mapping_name_problems(section: EntitySection, place: str) -> Iterator[Problem]:
    if re.search(r"\.ya?ml$", section.mapping, re.IGNORECASE):
        yield Problem("MAP_UNSAFE", f"{place} mapping", "YAML is not read", "write the table as CSV")
    elif not re.fullmatch(r"[a-z][a-z0-9_]*\.csv", section.mapping):
        yield Problem("SPEC_TYPE", f"{place} mapping", "not the name of a CSV file beside spec.toml", "write it as mapping.csv")


def _key_problems(entity: EntitySpec, place: str, source: Mapping[str, Field], target: Mapping[str, Field]) -> Iterator[Problem]:
    """The fields that scope, slices, uniqueness and isolation stand on must exist, be of the right type and be mapped."""
    keys = (
        ("scope_field", entity.scope_field, source, entity.source_fields, "ids", "MAP_FILTER_MISSING"),
        ("belongs_to", entity.belongs_to, source, entity.source_fields, "ids", "MAP_FILTER_MISSING"),
        ("slice_field", entity.slice_field, target, entity.target_fields, "ids", "MAP_KEY_MISSING"),
        ("unique", entity.unique, target, entity.target_fields, "email", "MAP_KEY_MISSING"),
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


def _tenant_problems(top: SpecSection, entities: Sequence[EntitySpec]) -> Iterator[Problem]:
    """Tenants are kept apart in every entity or in none, and the account has to say which it is."""
    without = [entity.name for entity in entities if not entity.tenant_field]
    if len(without) == len(entities):
        return
    for name in without:
        yield Problem("SPEC_TENANT_MISSING", SPEC, f"{name} names no tenant_field and others do", "name the field that says whose it is")
    for name in (BUSINESS, NPNS):
        if name not in top.settings:
            yield Problem("SPEC_TENANT_MISSING", f"{SPEC} settings", f"{name} is not declared", f"declare the setting {name}")


def _expectations(top: SpecSection, entities: Mapping[str, EntitySpec], lookups: Lookups) -> tuple[list[Expectation], list[Problem]]:
    rules: list[Expectation] = []
    problems: list[Problem] = []
    for number, raw in enumerate(top.expectations, start=1):
        place = f"{SPEC} expectations {number}"
        own = own_keys(raw) if isinstance(raw, Mapping) else {}
        shared = {name: raw[name] for name in raw if name not in own} if isinstance(raw, Mapping) else raw
        section, found = scan_section(ExpectationSection, shared, place, "SPEC")
        problems += found
        if section is None:
            problems += unknown_keys(own, place)
            continue
        rule, found = scan_expectation(section, own, place, lookups)
        problems += found + list(_column_problems(rule, place, top, entities))
        rules.append(rule)
    return rules, problems


def _column_problems(rule: Expectation, place: str, top: SpecSection, entities: Mapping[str, EntitySpec]) -> Iterator[Problem]:
    declared = [one.get("name") for one in top.entities if isinstance(one, Mapping)]
    if rule.entity not in declared:
        yield _unknown_entity(rule.entity, place, entities)
    elif rule.entity in entities:
        entity = entities[rule.entity]
        columns = [SOURCE_ID, *entity.mapping.not_ignored, *entity.also_read, *([EMAIL_KEY] if entity.unique else [])]
        for key, name in (("column", rule.column), *(("when", name) for name in rule.when)):
            if name not in columns:
                found = f"unknown column {quoted(name)}{did_you_mean(name, columns)}"
                fix = "use a mapped source field, one of also_read, source_id or email_key"
                yield Problem("SPEC_UNKNOWN_FIELD", f"{place} {key}", found, fix)


def _setting_problems(top: SpecSection) -> Iterator[Problem]:
    """A setting is a JSON Schema with a description and a default that keeps it."""
    for name, schema in top.settings.items():
        place = f"{SPEC} settings {name}"
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            yield Problem("SPEC_TYPE", place, f"not a JSON Schema: {error.message}", "correct it")
            continue
        if not {"description", "default"} <= schema.keys():
            yield Problem("SPEC_MISSING_KEY", place, "description or default is missing", "add both")
        elif not jsonschema.Draft202012Validator(schema).is_valid(schema["default"]):
            yield Problem("SPEC_TYPE", f"{place} default", "it breaks the rules of its own setting", "correct it")


def _limit_problems(top: SpecSection, entities: tuple[EntitySpec, ...]) -> Iterator[Problem]:
    declared = [one.get("name") for one in top.entities if isinstance(one, Mapping)]
    for name in top.limits:
        if name not in declared:
            yield _unknown_entity(name, f"{SPEC} limits", {entity.name: entity for entity in entities})


def _unknown_entity(name: str, place: str, entities: Mapping[str, EntitySpec]) -> Problem:
    found = f"unknown entity {quoted(name)}{did_you_mean(name, entities)}"
    return Problem("SPEC_UNKNOWN_ENTITY", place, found, "use an entity of the spec")


def _used_lookups(top: SpecSection, entities: tuple[EntitySpec, ...]) -> set[str]:
    named = {str(raw["lookup"]) for raw in top.expectations if isinstance(raw, Mapping) and "lookup" in raw}
    return named.union(*(lookup_names(entity.mapping) for entity in entities))
