"""An integration's spec as the engine sees it: checked, with its tables resolved."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from crosswalk.core.mapping import MappingRow, MappingTable
from crosswalk.core.plurals import plural
from crosswalk.core.spec.expectations import Expectation
from crosswalk.core.spec.safety import SafetySpec
from crosswalk.core.system_schema import Field
from crosswalk.errors import Problem

LIST, RECORDS = "list", "records"
"""How a target is written: one atomic import of a list, or record by record, each visible at once."""

REMOVE, LEAVE = "remove", "leave"
DELETE, FREEZE, KEEP = "delete", "freeze", "keep"
CREATE, ANNOUNCE = "create", "announce"
"""What an entity may say of unmanaged records, of records deleted in the source, and of new ones."""

BUSINESS, NPNS = "business", "npns"
"""Settings of an account whose integration keeps tenants apart: the business's id, and the NPNs that belong to it."""


@dataclass(frozen=True)
class EntitySpec:
    """One kind of record that is moved.

    source_fields, target_fields: what is read and what is filled, by name, in table order. table: every row of its mapping table,
    also those a feature took. read_only_source: source fields that rules and notices look at and nothing sends; read_only_target:
    target fields that are read and never sent. status_columns: what the target says of a record beside its fields, read only.
    rights: what the source's user must hold, or the run goes on without the entity. scope_field: source field the account's scope
    (tag groups) filters by. partition_field: target field whose groups may not shrink unseen. unique: target field of which one
    record keeps a value. Each "" where there is none. main: the entity the integration is about, the last one unless it says so.
    unmanaged: what happens to target records nobody imported, LEAVE or REMOVE (with consent). on_source_delete: to records that
    were delivered and are gone from the source: DELETE, FREEZE, or KEEP where a source sends a part each time. on_new: to source
    records the target does not have, CREATE or ANNOUNCE. may_delete: whether a delivery ever deletes a record of ours.
    """

    name: str
    mapping: MappingTable
    expectations: tuple[Expectation, ...]
    scope_field: str
    partition_field: str
    unique: str
    source_fields: Mapping[str, Field]
    target_fields: Mapping[str, Field]
    table: tuple[MappingRow, ...] = ()
    main: bool = False
    unmanaged: str = REMOVE
    on_source_delete: str = DELETE
    on_new: str = CREATE
    may_delete: bool = False
    read_only_source: tuple[str, ...] = ()
    read_only_target: tuple[str, ...] = ()
    status_columns: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()

    @property
    def plural(self) -> str:
        """What several of them are called in a message."""
        return plural(self.name)

    @property
    def unique_source(self) -> str:
        """The source field behind `unique`, which `email_key` is derived from; "" where there is none."""
        return next((row.source for row in self.mapping.sent if row.target == self.unique), "")

    @property
    def content(self) -> dict[str, Any]:
        """All it says, for a digest: every field but those that follow from the mapping table."""
        said = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _FOLLOWS}
        return {**said, "mapping": self.mapping.digest, "expectations": [vars(rule) for rule in self.expectations]}


_FOLLOWS = {"source_fields", "target_fields", "table"}


@dataclass(frozen=True)
class Surroundings:
    """What a feature's section is checked against, per entity. place: how problems name the section; mapping: name of the mapping table."""

    folder: Path
    place: str
    mapping: str
    source: Mapping[str, Field]
    target: Mapping[str, Field]
    settings: Mapping[str, Any]


class SpecFeature(BaseModel):
    """One feature of an integration. Fields of a subclass are the keys of its section in spec.toml.

    section: name of the section. What a subclass works out beside its keys (tables it reads) is kept with `model_copy`.
    """

    model_config = ConfigDict(strict=True, frozen=True, arbitrary_types_allowed=True)

    section: ClassVar[str]

    def extra_targets(self, folder: Path, entity: str) -> tuple[dict[str, Field], list[Problem]]:  # noqa: ARG002
        """Name what an entity's mapping table may fill beside the target's fields."""
        return {}, []

    def bind(self, entity: EntitySpec, around: Surroundings) -> tuple[Self, EntitySpec, list[Problem]]:  # noqa: ARG002
        """Say what the feature makes of one entity, and keep what it needs of it."""
        return self, entity, []

    def problems(self, entities: Sequence[EntitySpec], settings: Mapping[str, Any]) -> Iterable[Problem]:  # noqa: ARG002
        """Say what is wrong with the section as a whole."""
        return ()

    @property
    def content(self) -> object:
        """All it says, for the digest of the spec: every key of its section."""
        return [self.section, self.model_dump(mode="json")]


F = TypeVar("F", bound=SpecFeature)


@dataclass(frozen=True)
class IntegrationSpec:
    """One integration, checked, for one of its sources. sources: every system it may read from.

    accounts: name of the accounts file, which integrations may share. dag: the DAG that runs it, whose readers may see its reports.
    frequencies: what an account may say of how often it runs. settings: what it may say beside that, as JSON Schemas by name. limits:
    records of the whole source database per entity. delivery: LIST or RECORDS. features: what it does beyond following its source.
    declared: all entities, also those a run leaves out. retry: rejected records can be delivered alone, and the DAG's form offers it.
    """

    name: str
    short: str
    accounts: str
    dag: str
    source: str
    target: str
    right: str
    entities: tuple[EntitySpec, ...]
    limits: Mapping[str, int]
    safety: SafetySpec
    frequencies: tuple[str, ...] = ("daily", "manual")
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    delivery: str = LIST
    features: tuple[SpecFeature, ...] = ()
    retry: bool = True
    unused_lookups: tuple[str, ...] = field(default=())
    sources: tuple[str, ...] = ()
    declared: tuple[EntitySpec, ...] = ()

    def without(self, left_out: Collection[str]) -> IntegrationSpec:
        """Return the spec of a run that leaves some entities out; tables and digests stay those of the whole."""
        declared = self.declared or self.entities
        return replace(self, entities=tuple(one for one in declared if one.name not in left_out), declared=declared)

    def entity(self, name: str) -> EntitySpec:
        """Return one entity. Raises KeyError for a name the integration does not have."""
        return {entity.name: entity for entity in self.entities}[name]

    def feature(self, kind: type[F]) -> F | None:
        """Return one of its features; None when it does not use it."""
        return next((one for one in self.features if isinstance(one, kind)), None)

    @property
    def mapping_digest(self) -> str:
        """Names what all mapping tables do."""
        return sha256("".join(entity.mapping.digest for entity in self.declared or self.entities).encode()).hexdigest()

    @property
    def digest(self) -> str:
        """Names the spec: the same promises, tables and numbers have the same digest, however they are written down."""
        entities = [one.content for one in self.declared or self.entities]
        content = [self.source, self.target, self.right, self.delivery, entities, dict(self.limits), self.safety.model_dump()]
        return sha256(json.dumps([*content, [one.content for one in self.features]], sort_keys=True).encode()).hexdigest()
