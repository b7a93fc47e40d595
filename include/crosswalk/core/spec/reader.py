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
from crosswalk.core.spec.mapping_checks import Surroundings, lookup_names, scan_mapping
from crosswalk.core.spec.model import BUSINESS, LINKING, NPNS, EntitySpec, IntegrationSpec
from crosswalk.core.spec.safety import SafetySpec
from crosswalk.core.spec.setting_checks import setting_problems
from crosswalk.core.spec.source_checks import EVERY, mapping_name_problems, mapping_path, source_systems
from crosswalk.core.system_schema import Field, load_fields
from crosswalk.core.toml_reader import scan_section, scan_toml, scan_usable
from crosswalk.errors import ConfigurationError, Problem
from crosswalk.features.eligibility.facts import decision_problems, optional, scan_eligibility, scan_facts, without_facts
from crosswalk.features.linking.candidates.roles import scan_roles

SPEC = "spec.toml"
LOOKUPS = "lookups.csv"
CANDIDATES = "candidates.csv"
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
    planner: Literal["difference", "linking"] = "difference"
    main: str = ""
    provisioned: bool = False
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
    slice_field: str = ""
    unique: str = ""
    strangers: Literal["remove", "leave"] = "remove"
    left: Literal["delete", "freeze", "stay"] = "delete"
    new: Literal["create", "announce"] = "create"
    opt_outs: bool = False
    tenant_field: str = ""
    refreshed: bool = False
    also_read: list[str] = []
    also_held: list[str] = []
    took_in: str = ""
    belongs_to: str = ""
    rights: list[str] = []
    decisions: bool = False


@dataclass(frozen=True)
class Tables:
    """What the entities of a spec are checked against."""

    integration: str
    folder: Path
    system: str
    source: Fields
    target: Fields
    lookups: Lookups


def scan_spec(name: str, folder: Path) -> tuple[dict[str, IntegrationSpec], list[Problem]]:
    """Read one integration's folder, once for each system it reads from; none when there are problems."""
    document, problems = scan_toml(folder / SPEC, SPEC, "SPEC")
    if problems:
        return {}, problems
    top, problems = scan_usable(SpecSection, document, SPEC, "SPEC", MISSING)
    safety, found = scan_section(SafetySpec, top.safety, f"{SPEC} safety", "SPEC") if top.safety is not None else (None, [])
    lookups, more = scan_lookups(folder / LOOKUPS)
    problems += found + more
    candidates, found = scan_roles(folder / CANDIDATES) if top.planner == LINKING else ({}, [])
    problems += found
    systems = source_systems(top.source, _mappings(top), name, folder)
    fields, found = _fields(top, systems)
    problems += found
    if not systems or len(fields) <= len(systems):
        return {}, problems
    by_source: dict[str, tuple[EntitySpec, ...]] = {}
    for system in systems:
        tables = Tables(name, folder, system, fields[system], fields[TARGET], lookups)
        by_source[system], found = _entities(top, tables)
        problems += [*found, *_limit_problems(top, by_source[system]), *_tenant_problems(top, by_source[system])]
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
        planner=top.planner,
        candidates=candidates,
        provisioned=top.provisioned,
        retry=top.retry,
        unused_lookups=unused,
    )
    return {system: replace(spec, source=system, entities=entities) for system, entities in by_source.items()}, []


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


def _entities(top: SpecSection, tables: Tables) -> tuple[tuple[EntitySpec, ...], list[Problem]]:
    entities: dict[str, EntitySpec] = {}
    problems: list[Problem] = []
    for number, raw in enumerate(top.entities, start=1):
        place = f"{SPEC} entities {number}"
        section, found = scan_section(EntitySection, raw, place, "SPEC")
        problems += found
        if section is None:
            continue
        entity, found = _entity(top, section, place, tables)
        problems += found
        if entity is not None and entity.name in entities:
            problems.append(Problem("SPEC_ENTITY_TWICE", place, f"{quoted(entity.name)} is declared twice", "remove one of them"))
        elif entity is not None:
            entities[entity.name] = entity
    rules, found = _expectations(top, entities, tables.lookups)
    listed = [replace(one, expectations=tuple(rule for rule in rules if rule.entity == one.name)) for one in entities.values()]
    main = top.main or next(reversed(entities), "")
    return tuple(replace(one, main=one.name == main) for one in listed), problems + found


def _entity(top: SpecSection, section: EntitySection, place: str, tables: Tables) -> tuple[EntitySpec | None, list[Problem]]:
    several = mapping_name_problems(section.mapping, top.source, place)
    problems = [*_entity_name_problems(section, place, tables), *several]
    if problems:
        return None, problems
    source, target = tables.source[section.name], tables.target[section.name]
    path = mapping_path(section.mapping, tables.system, tables.integration, tables.folder)
    facts, problems = scan_facts(tables.folder, section.name) if section.decisions else ({}, [])
    mapping, found = scan_mapping(path, Surroundings(path.name, section.name, source, {**optional(facts), **target}, tables.lookups))
    problems += found
    read = {name: source[name] for name in (*mapping.source_names, *section.also_read) if name in source}
    filled = {name: target[name] for name in mapping.target_names if name in target}
    eligibility = None
    if section.decisions:
        eligibility, found = scan_eligibility(mapping, facts, target, section.unique, tables.folder, path.name)
        problems += [*found, *decision_problems(eligibility, top.settings, place)]
        mapping = without_facts(mapping, target)
    lists = {name: tuple(getattr(section, name)) for name in ("also_read", "also_held", "rights")}
    declared = {**section.model_dump(exclude={"mapping", "decisions"}), **lists, "eligibility": eligibility}
    entity = EntitySpec(mapping=mapping, expectations=(), source_fields=read, target_fields=filled, **declared)
    return entity, [*problems, *key_problems(entity, place, source, target), *side_problems(entity, place, source, target)]


def _entity_name_problems(section: EntitySection, place: str, tables: Tables) -> Iterator[Problem]:
    for fields in (tables.source, tables.target):
        if section.name not in fields:
            found = f"unknown entity {quoted(section.name)}{did_you_mean(section.name, fields)}"
            yield Problem("SPEC_UNKNOWN_ENTITY", place, found, f"use an entity of both systems' fields.csv, such as {', '.join(fields)}")
            return


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


def _limit_problems(top: SpecSection, entities: tuple[EntitySpec, ...]) -> Iterator[Problem]:
    declared = [one.get("name") for one in top.entities if isinstance(one, Mapping)]
    for name, key in (*((name, "limits") for name in top.limits), *([(top.main, "main")] if top.main else [])):
        if name not in declared:
            yield _unknown_entity(name, f"{SPEC} {key}", {entity.name: entity for entity in entities})


def _unknown_entity(name: str, place: str, entities: Mapping[str, EntitySpec]) -> Problem:
    found = f"unknown entity {quoted(name)}{did_you_mean(name, entities)}"
    return Problem("SPEC_UNKNOWN_ENTITY", place, found, "use an entity of the spec")


def _used_lookups(top: SpecSection, entities: tuple[EntitySpec, ...]) -> set[str]:
    named = {str(raw["lookup"]) for raw in top.expectations if isinstance(raw, Mapping) and "lookup" in raw}
    return named.union(*(lookup_names(entity.mapping) for entity in entities))
