"""An integration's spec as the steps see it: checked, with its tables resolved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from crosswalk.core.expectations import Expectation
from crosswalk.core.fields import Field
from crosswalk.core.mapping import MappingTable
from crosswalk.core.safety_spec import SafetySpec


@dataclass(frozen=True)
class EntitySpec:
    """One kind of record that is moved.

    source_fields, target_fields: what is read and what is filled, by name, in table order. scope_field: source field "only these
    groups" looks at. slice_field: target field whose groups may not shrink unseen. unique: target field of which one record keeps
    a value. main: the integration's last entity, the one it is about. Each "" where there is none.
    """

    name: str
    mapping: MappingTable
    expectations: tuple[Expectation, ...]
    scope_field: str
    slice_field: str
    unique: str
    source_fields: Mapping[str, Field]
    target_fields: Mapping[str, Field]
    main: bool = False

    @property
    def unique_source(self) -> str:
        """The source field behind `unique`, which `email_key` is derived from; "" where there is none."""
        return next((row.source for row in self.mapping.sent if row.target == self.unique), "")


@dataclass(frozen=True)
class IntegrationSpec:
    """One integration, checked.

    dag: the DAG that runs it, whose readers may see its reports. frequencies: what an account may say of how often it runs.
    settings: what an account may say beside that, as JSON Schemas by name. limits: records of the whole source database by entity.
    """

    name: str
    short: str
    dag: str
    source: str
    target: str
    right: str
    entities: tuple[EntitySpec, ...]
    limits: Mapping[str, int]
    safety: SafetySpec
    frequencies: tuple[str, ...] = ("daily", "manual")
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unused_lookups: tuple[str, ...] = field(default=())

    def entity(self, name: str) -> EntitySpec:
        """Return one entity. Raises KeyError for a name the integration does not have."""
        return {entity.name: entity for entity in self.entities}[name]

    @property
    def mapping_digest(self) -> str:
        """Names what all mapping tables do."""
        return sha256("".join(entity.mapping.digest for entity in self.entities).encode()).hexdigest()

    @property
    def digest(self) -> str:
        """Names the spec: the same promises, tables and numbers have the same digest, however they are written down."""
        entities = [
            [one.name, one.mapping.digest, one.scope_field, one.slice_field, one.unique, [vars(rule) for rule in one.expectations]]
            for one in self.entities
        ]
        content = [self.source, self.target, self.right, entities, dict(self.limits), self.safety.model_dump()]
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
