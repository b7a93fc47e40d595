"""Read spec.toml and all it names, check them against each other and collect what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic import Field as Constraint

from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.core.lookups import Lookups, scan_lookups
from crosswalk.core.spec.expectations import EMAIL_KEY, SOURCE_ID, Expectation, ExpectationSection, own_keys, scan_expectation, unknown_keys
from crosswalk.core.spec.key_checks import key_problems, side_problems
from crosswalk.core.spec.mapping_checks import Surroundings as MappingSurroundings
from crosswalk.core.spec.mapping_checks import lookup_names, scan_mapping
from crosswalk.core.spec.model import DELETE, EntitySpec, IntegrationSpec, SpecFeature, Surroundings
from crosswalk.core.spec.safety import SafetySpec
from crosswalk.core.spec.setting_checks import setting_problems
from crosswalk.core.spec.source_checks import EVERY, mapping_name_problems, mapping_path, source_systems
from crosswalk.core.system_schema import Field, load_fields
from crosswalk.core.toml_reader import scan_section, scan_toml, scan_usable
from crosswalk.errors import ConfigurationError, Problem

SPEC = "spec.toml"
LOOKUPS = "lookups.csv"
TARGET = "target"

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
    main: str = ""
    retry: bool = True
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
    partition_field: str = ""
    unique: str = ""
    unmanaged: Literal["remove", "leave"] = "remove"
    on_source_delete: Literal["delete", "freeze", "keep"] = "delete"
    read_only_source: list[str] = []
    read_only_target: list[str] = []
    rights: list[str] = []


@dataclass(frozen=True)
class Tables:
    """What the entities of a spec are checked against."""

    integration: str
    folder: Path
    system: str
    source: Fields
    target: Fields
    lookups: Lookups
    features: tuple[SpecFeature, ...]


def scan_spec(name: str, folder: Path, features: Sequence[type[SpecFeature]] = ()) -> tuple[dict[str, IntegrationSpec], list[Problem]]:
    """Read one integration's folder, once for each system it reads from; none when there are problems.

    features: those a spec may name, each by a section of its own; they act in this order.
    """
    document, problems = scan_toml(folder / SPEC, SPEC, "SPEC")
    if problems:
        return {}, problems
    used, problems = _features(document, features)
    top, found = scan_usable(SpecSection, document, SPEC, "SPEC", MISSING)
    problems += found
    safety, found = scan_section(SafetySpec, top.safety, f"{SPEC} safety", "SPEC") if top.safety is not None else (None, [])
    lookups, more = scan_lookups(folder / LOOKUPS)
    problems += found + more
    systems = source_systems(top.source, _mappings(top), name, folder)
    fields, found = _fields(top, systems)
    problems += found
    if not systems or len(fields) <= len(systems):
        return {}, problems
    by_source: dict[str, tuple[EntitySpec, ...]] = {}
    bound: dict[str, tuple[SpecFeature, ...]] = {}
    for system in systems:
        tables = Tables(name, folder, system, fields[system], fields[TARGET], lookups, used)
        by_source[system], bound[system], found = _entities(top, tables)
        problems += [*found, *_limit_problems(top, by_source[system])]
        for one in bound[system] if not found else ():  # of entities that could not be read a feature would say what is said already
            problems += one.problems(by_source[system], top.settings)
    problems = [*dict.fromkeys(problems), *setting_problems(top.settings)]
    if problems or safety is None:
        return {}, problems
    unused = lookups.unused(set().union(*(_used_lookups(top, entities) for entities in by_source.values())))
    spec = IntegrationSpec(
        name=name,
        short=top.short,
        accounts=top.accounts or top.short,
        dag=top.dag,
        source=systems[0],
        sources=tuple(systems),
        target=top.target,
        right=top.right,
        entities=by_source[systems[0]],
        limits=dict(top.limits),
        safety=safety,
        frequencies=tuple(top.frequencies),
        settings=top.settings,
        delivery=top.delivery,
        retry=top.retry,
        unused_lookups=unused,
    )
    return {system: replace(spec, source=system, entities=by_source[system], features=bound[system]) for system in systems}, []


def _features(document: dict[str, Any], kinds: Sequence[type[SpecFeature]]) -> tuple[tuple[SpecFeature, ...], list[Problem]]:
    """Take the sections of features out of a document."""
    used: list[SpecFeature] = []
    problems: list[Problem] = []
    for kind in kinds:
        if kind.section in document:
            feature, found = scan_section(kind, document.pop(kind.section), f"{SPEC} {kind.section}", "SPEC")
            problems += found
            used += [feature] if feature is not None else []
    return tuple(used), problems


def _mappings(top: SpecSection) -> list[str]:
    return [str(one.get("mapping", "")) for one in top.entities if isinstance(one, Mapping)]


def _fields(top: SpecSection, systems: Sequence[str]) -> tuple[dict[str, Fields], list[Problem]]:
    """Fields of each source by its name, and of the target under TARGET."""
    fields: dict[str, Fields] = {}
    problems: list[Problem] = []
    if top.source == EVERY and not systems:
        fix = "name a mapping table with {source}, and give each source one"
        problems.append(Problem("SPEC_UNKNOWN_SYSTEM", f"{SPEC} source", "no system has a mapping table for it", fix))
    for side, system in (*(("source", one) for one in systems), (TARGET, top.target)):
        try:
            fields |= {TARGET if side == TARGET else system: load_fields(system)} if system else {}
        except ConfigurationError as error:
            problems += error.problems or [Problem(error.code, f"{SPEC} {side}", error.problem, error.next_step)]
    return fields, problems


def _entities(top: SpecSection, tables: Tables) -> tuple[tuple[EntitySpec, ...], tuple[SpecFeature, ...], list[Problem]]:
    """Read the entities, and what the features made of them and keep."""
    entities: dict[str, EntitySpec] = {}
    problems: list[Problem] = []
    for number, raw in enumerate(top.entities, start=1):
        place = f"{SPEC} entities {number}"
        section, found = scan_section(EntitySection, raw, place, "SPEC")
        problems += found
        if section is None:
            continue
        entity, features, found = _entity(top, section, place, tables)
        tables = replace(tables, features=features)
        problems += found
        if entity is not None and entity.name in entities:
            problems.append(Problem("SPEC_ENTITY_TWICE", place, f"{quoted(entity.name)} is declared twice"))
        elif entity is not None:
            entities[entity.name] = entity
    rules, found = _expectations(top, entities, tables.lookups)
    listed = [replace(one, expectations=tuple(rule for rule in rules if rule.entity == one.name)) for one in entities.values()]
    main = top.main or next(reversed(entities), "")
    return tuple(replace(one, main=one.name == main) for one in listed), tables.features, problems + found


def _entity(
    top: SpecSection, section: EntitySection, place: str, tables: Tables
) -> tuple[EntitySpec | None, tuple[SpecFeature, ...], list[Problem]]:
    several = mapping_name_problems(section.mapping, top.source, place)
    problems = [*_entity_name_problems(section, place, tables), *several]
    if problems:
        return None, tables.features, problems
    source, target = tables.source[section.name], tables.target[section.name]
    extra: dict[str, Field] = {}
    for one in tables.features:
        named, found = one.extra_targets(tables.folder, section.name)
        extra |= named
        problems += found
    path = mapping_path(section.mapping, tables.system, tables.integration, tables.folder)
    mapping, found = scan_mapping(path, MappingSurroundings(path.name, section.name, source, {**extra, **target}, tables.lookups))
    problems += found
    read = {name: source[name] for name in (*mapping.source_names, *section.read_only_source) if name in source}
    filled = {name: target[name] for name in mapping.target_names if name in target}
    lists = {name: tuple(getattr(section, name)) for name in ("read_only_source", "read_only_target", "rights")}
    declared = {**section.model_dump(exclude={"mapping"}), **lists, "may_delete": section.on_source_delete == DELETE}
    entity = EntitySpec(mapping=mapping, expectations=(), source_fields=read, target_fields=filled, table=mapping.rows, **declared)
    features: list[SpecFeature] = []
    for one in tables.features:
        around = Surroundings(tables.folder, place, path.name, source, target, top.settings)
        feature, entity, found = one.bind(entity, around)
        features.append(feature)
        problems += found
    return entity, tuple(features), [*problems, *key_problems(entity, place, source, target), *side_problems(entity, place, source, target)]


def _entity_name_problems(section: EntitySection, place: str, tables: Tables) -> Iterator[Problem]:
    for fields in (tables.source, tables.target):
        if section.name not in fields:
            found = f"unknown entity {quoted(section.name)}{did_you_mean(section.name, fields)}"
            yield Problem("SPEC_UNKNOWN_ENTITY", place, found, f"use an entity of both systems' fields.csv, such as {', '.join(fields)}")
            return


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
        columns = [SOURCE_ID, *entity.mapping.not_ignored, *entity.read_only_source, *([EMAIL_KEY] if entity.unique else [])]
        for key, name in (("column", rule.column), *(("when", name) for name in rule.when)):
            if name not in columns:
                found = f"unknown column {quoted(name)}{did_you_mean(name, columns)}"
                fix = "use a mapped source field, one of read_only_source, source_id or email_key"
                yield Problem("SPEC_UNKNOWN_FIELD", f"{place} {key}", found, fix)


def _limit_problems(top: SpecSection, entities: tuple[EntitySpec, ...]) -> Iterator[Problem]:
    declared = [one.get("name") for one in top.entities if isinstance(one, Mapping)]
    for name, key in (*((name, "limits") for name in top.limits), *([(top.main, "main")] if top.main else [])):
        if name not in declared:
            yield _unknown_entity(name, f"{SPEC} {key}", {entity.name: entity for entity in entities})


def _unknown_entity(name: str, place: str, entities: Mapping[str, EntitySpec]) -> Problem:
    found = f"unknown entity {quoted(name)}{did_you_mean(name, entities)}"
    return Problem("SPEC_UNKNOWN_ENTITY", place, found)


def _used_lookups(top: SpecSection, entities: tuple[EntitySpec, ...]) -> set[str]:
    named = {str(raw["lookup"]) for raw in top.expectations if isinstance(raw, Mapping) and "lookup" in raw}
    return named.union(*(lookup_names(entity.mapping) for entity in entities))
