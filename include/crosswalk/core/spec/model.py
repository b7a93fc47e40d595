"""An integration's spec as the steps see it: checked, with its tables resolved."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from crosswalk.core.mapping import MappingRow, MappingTable
from crosswalk.core.plurals import plural
from crosswalk.core.spec.expectations import Expectation
from crosswalk.core.spec.safety import SafetySpec
from crosswalk.core.system_schema import Field
from crosswalk.features.eligibility.facts import Eligibility
from crosswalk.features.linking.candidates.roles import Roles

LIST, RECORDS = "list", "records"
"""How a target is written to: one atomic import of a list, or record by record, each visible at once."""

DIFFERENCE, LINKING = "difference", "linking"
"""How a plan is made: the target follows the source, or people decide which records of both are one (core.linking)."""

REMOVE, LEAVE = "remove", "leave"
DELETE, FREEZE, STAY = "delete", "freeze", "stay"
CREATE, ANNOUNCE = "create", "announce"
"""What an entity may say of strangers, of what left the source, and of what is new."""

BUSINESS, NPNS = "business", "npns"
"""Settings of an account whose integration keeps tenants apart: the business's id, and the NPNs that belong to it."""


@dataclass(frozen=True)
class EntitySpec:
    """One kind of record that is moved.

    source_fields, target_fields: what is read and what is filled, by name, in table order; also_read: of these, what rules and notices
    look at and nothing sends. belongs_to: source field with the ids of the records it belongs to. rights: what the source's user must
    hold, or the run goes on without the entity. also_held: target fields that are read and never sent. took_in: source field, one of
    also_read, with the ids of the records it took in when they were merged, separated by ;. scope_field: source field "only these
    groups" looks at. slice_field: target field whose groups may not shrink unseen. unique: target field of which one record keeps
    a value. main: the entity the integration is about, the last one unless it says so. Each "" where there is none.
    strangers: what becomes of what the target holds and nobody imported, LEAVE or REMOVE (with consent). left: of what was delivered
    and is no longer in the source, DELETE, FREEZE, or STAY where a source tells a part each time. new: of a source record the target
    does not have, CREATE or ANNOUNCE.
    opt_outs, refreshed: whether the target says of a record that it wants no mail, when it was last looked at and whether it is missing.
    tenant_field: target field that says whose record it is, held against the account's tenant before it is sent (core.tenant); "" where
    the integration knows no tenants. eligibility: what decides which records travel; None: all do.
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
    strangers: str = REMOVE
    left: str = DELETE
    new: str = CREATE
    opt_outs: bool = False
    tenant_field: str = ""
    refreshed: bool = False
    also_read: tuple[str, ...] = ()
    also_held: tuple[str, ...] = ()
    took_in: str = ""
    belongs_to: str = ""
    rights: tuple[str, ...] = ()
    eligibility: Eligibility | None = None

    @property
    def plural(self) -> str:
        """What several of them are called in a message."""
        return plural(self.name)

    @property
    def unique_source(self) -> str:
        """The source field behind `unique`, which `email_key` is derived from; "" where there is none."""
        return next((row.source for row in self.mapping.sent if row.target == self.unique), "")

    @property
    def table(self) -> list[MappingRow]:
        """Every row of its mapping table, facts included, in the order of the file."""
        facts = self.eligibility.facts.rows if self.eligibility else ()
        return sorted({row.number: row for row in (*facts, *self.mapping.rows)}.values(), key=lambda row: row.number)

    @property
    def deletes(self) -> bool:
        """Whether a delivery ever takes a record of ours out of the target."""
        return self.left == DELETE or (self.eligibility is not None and self.eligibility.deletes)

    @property
    def content(self) -> list[Any]:
        """All it says, for a digest."""
        fields = [self.name, self.mapping.digest, self.scope_field, self.slice_field, self.unique]
        decided = [] if self.eligibility is None else [self.eligibility.digest]
        keys = [self.strangers, self.left, self.new, self.opt_outs, self.tenant_field]
        keys += [self.refreshed, self.also_read, self.belongs_to, self.rights]
        keys += [self.also_held, self.took_in] if self.also_held or self.took_in else []
        return [*fields, *keys, [vars(rule) for rule in self.expectations], *decided]


@dataclass(frozen=True)
class IntegrationSpec:
    """One integration, checked, as one source is read. sources: every system it may read from.

    accounts: name of the accounts file, which integrations may share. dag: the DAG that runs it, whose readers may see its reports.
    frequencies: what an account may say of how often it runs. settings: what it may say beside that, as JSON Schemas by name. limits:
    records of the whole source database by entity. delivery: LIST or RECORDS. planner: DIFFERENCE or LINKING; candidates: what is
    compared to find out who may be whom, by entity, where people link. declared: all entities, those a run leaves out too.
    provisioned: its accounts are businesses somebody had made, kept in the store; the accounts file holds whose they are. retry: rejected
    records can be delivered alone, and the DAG's form offers it.
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
    planner: str = DIFFERENCE
    candidates: Mapping[str, Roles] = field(default_factory=dict)
    provisioned: bool = False
    retry: bool = True
    unused_lookups: tuple[str, ...] = field(default=())
    sources: tuple[str, ...] = ()
    declared: tuple[EntitySpec, ...] = ()

    def without(self, left_out: Collection[str]) -> IntegrationSpec:
        """Return what a run has to do with when it leaves some entities out; tables and digests stay those of the whole."""
        declared = self.declared or self.entities
        return replace(self, entities=tuple(one for one in declared if one.name not in left_out), declared=declared)

    def entity(self, name: str) -> EntitySpec:
        """Return one entity. Raises KeyError for a name the integration does not have."""
        return {entity.name: entity for entity in self.entities}[name]

    @property
    def mapping_digest(self) -> str:
        """Names what all mapping tables do."""
        return sha256("".join(entity.mapping.digest for entity in self.declared or self.entities).encode()).hexdigest()

    @property
    def digest(self) -> str:
        """Names the spec: the same promises, tables and numbers have the same digest, however they are written down."""
        entities = [one.content for one in self.declared or self.entities]
        content = [self.source, self.target, self.right, self.delivery, entities, dict(self.limits), self.safety.model_dump()]
        if self.planner == LINKING:
            content += [self.planner, [[name, dict(roles.fields)] for name, roles in self.candidates.items()]]
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
