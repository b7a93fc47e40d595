"""The linking plan: people decide which records match. Finds candidates, reads decisions, lists what a load has to do.

Nothing is decided here: links made without a person are recorded when they are made, by load.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pandas as pd

from crosswalk.core.model import Rejection
from crosswalk.core.plan import check_sums
from crosswalk.core.ports import Operation
from crosswalk.core.spec.model import EntitySpec
from crosswalk.engine.artifacts import ACCEPTED, JsonFile
from crosswalk.engine.context import Run
from crosswalk.engine.planning import acknowledged
from crosswalk.engine.results import EntityPlan
from crosswalk.features.linking import review_files as review
from crosswalk.features.linking.candidates.find import Decided, find_candidates
from crosswalk.features.linking.candidates.roles import Roles
from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.decisions import Kind, Wish
from crosswalk.features.linking.link_plan import plan_deals, plan_records
from crosswalk.features.linking.rules import Entity, automatic_links, follow_merges, links, operations, statuses, with_company_names

COMPANY, CONTACT, DEAL = "company", "contact", "deal"

OPERATIONS = JsonFile[list[dict[str, Any]]]("operations.json", list)
"""What a load has to do, in order."""

AUTOMATIC = JsonFile[list[Wish]](
    "automatic.json", lambda rows: [Wish(**{**row, "kind": Kind.LINK}) for row in rows], lambda wishes: [vars(one) for one in wishes]
)
"""Links to be made without a person."""


def plan_linking(run: Run, roles: Mapping[str, Roles], merged_ids: Mapping[str, str], rejections: list[Rejection]) -> list[EntityPlan]:
    """Plan companies, contacts and deals, and keep what a person needs to decide. rejections: of validate; the mapping's are added."""
    desired = {entity.name: _shaped(run, entity, rejections) for entity in run.spec.entities}
    sides = {name: side_of(run, name, desired[name], merged_ids) for name in (COMPANY, CONTACT)}
    found = {name: _candidates(run, sides, name, roles[name]) for name in sides}
    stands = {name: statuses(one, found[name]) for name, one in sides.items()}
    for name in sides:
        review.write(run.folder, name, stands[name], found[name])
    wishes = [wish for name, one in sides.items() for wish in _wishes(run, one, found[name])]
    sides = {name: _wished(one, wishes) for name, one in sides.items()}
    todo = _operations(run, sides, desired[DEAL])
    _keep(run, todo, wishes)
    plans = _plans(sides, stands, todo, desired[DEAL], run.landed.read_entity(f"target_{DEAL}"), rejections, wishes)
    return [_planned(run, entity, desired[entity.name], plans[entity.name], rejections) for entity in run.spec.entities]


def side_of(run: Run, name: str, desired: pd.DataFrame, merged_ids: Mapping[str, str]) -> Entity:
    """Put together what both sides hold of one entity, and what stands of it now. desired: in target shape."""
    entity = run.spec.entity(name)
    standing = DecisionLog(run.store.engine).standing(run.key.integration, run.key.account, name)
    merged = _merged(run.landed.read_entity(f"source_{name}"), merged_ids[name])
    return Entity(name, entity.mapping, desired, run.landed.read_entity(f"target_{name}"), follow_merges(standing, merged))


def operations_of(run: Run, entity: str) -> list[Operation]:
    """Read what a load has to do with one entity, in its order."""
    return [Operation(**one) for one in OPERATIONS.read(run.folder) if one["entity"] == entity]


def wishes_of(run: Run) -> list[Wish]:
    """Read the links that are to be made without a person."""
    return AUTOMATIC.read(run.folder)


def operations_digest(run: Run) -> str:
    """Name exactly what a load would do beyond what the plan's rows say: the values."""
    return sha256(run.folder.read_bytes(OPERATIONS.name)).hexdigest()


def default_type(run: Run) -> str:
    """Give the resource type of an import for which none was chosen."""
    return str(run.settings.options["default_resource_type"])


def _shaped(run: Run, entity: EntitySpec, rejections: list[Rejection]) -> pd.DataFrame:
    mapped = entity.mapping.apply(ACCEPTED.of(entity.name).read(run.folder))
    rejections += mapped.rejections
    return mapped.frame


def _candidates(run: Run, sides: Mapping[str, Entity], name: str, roles: Roles) -> pd.DataFrame:
    one = sides[name]
    desired = with_company_names(one.desired, sides[COMPANY].desired) if name == CONTACT else one.desired
    decided = Decided(links(one), one.standing.apart)
    return find_candidates(desired, one.target, roles, decided, region=str(run.settings.options["region"]))


def _wishes(run: Run, entity: Entity, found: pd.DataFrame) -> list[Wish]:
    wishes = automatic_links(entity, found) if run.settings.options["link_automatically"] else []
    if not wishes:
        return []
    seen = {one.source_id: one.number for one in DecisionLog(run.store.engine).history(run.key.integration, run.key.account, entity.name)}
    return [replace(wish, seen=seen.get(wish.source_id, 0)) for wish in wishes]


def _wished(entity: Entity, wishes: Sequence[Wish]) -> Entity:
    mine = {one.source_id: one.target_id for one in wishes if one.entity == entity.name}
    return replace(entity, standing=replace(entity.standing, linked={**entity.standing.linked, **mine}))


def _operations(run: Run, sides: Mapping[str, Entity], deals: pd.DataFrame) -> list[Operation]:
    known = run.landed.read_entity(f"target_{DEAL}")
    return operations(sides[COMPANY], sides[CONTACT], deals, known, default_type(run))


def _keep(run: Run, todo: Sequence[Operation], wishes: Sequence[Wish]) -> None:
    listed = [{**vars(one), "values": dict(one.values)} for one in todo]
    OPERATIONS.write(run.folder, listed)
    AUTOMATIC.write(run.folder, list(wishes))


def _plans(
    sides: Mapping[str, Entity],
    stands: Mapping[str, pd.DataFrame],
    todo: Sequence[Operation],
    deals: pd.DataFrame,
    known: pd.DataFrame,
    rejections: Sequence[Rejection],
    wishes: Sequence[Wish],
) -> dict[str, pd.DataFrame]:
    plans = {}
    for name, one in sides.items():
        automatic = {wish.source_id for wish in wishes if wish.entity == name}
        mine = [operation for operation in todo if operation.entity == name]
        plans[name] = plan_records(one, stands[name], mine, _codes(rejections, name), automatic)
    contacts = sides[CONTACT]
    tied = {*links(contacts), *contacts.standing.imports} & set(contacts.desired["source_id"])
    mine = [operation for operation in todo if operation.entity == DEAL]
    return {**plans, DEAL: plan_deals(deals, known, mine, _codes(rejections, DEAL), tied)}


def _planned(run: Run, entity: EntitySpec, desired: pd.DataFrame, plan: pd.DataFrame, rejections: Sequence[Rejection]) -> EntityPlan:
    target = run.landed.read_entity(f"target_{entity.name}")
    source_ids = [*desired["source_id"], *_codes(rejections, entity.name)]
    check_sums(plan, source_ids, list(target["target_id"]))
    return EntityPlan(entity, source_ids, desired, target, acknowledged(run, entity.name), plan)


def _codes(rejections: Sequence[Rejection], entity: str) -> dict[str, str]:
    return {one.source_id: one.code for one in reversed(rejections) if one.entity == entity and one.source_id}


def _merged(source: pd.DataFrame, field: str) -> dict[str, str]:
    """Id that is gone → id of the record that took it in."""
    pairs = zip(source["source_id"].tolist(), source[field].tolist(), strict=True)
    return {gone: survivor for survivor, ids in pairs if ids for gone in ids.replace(";", " ").split()}
