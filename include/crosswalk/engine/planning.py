"""One entity's frames on the way to a plan, and the plan by which the target follows the source."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crosswalk.core.model import Outcome, Rejection
from crosswalk.core.plan import check_sums, late_rejections, plan_entity
from crosswalk.core.spec.model import LIST, EntitySpec
from crosswalk.engine.context import Run
from crosswalk.engine.operations import only_known
from crosswalk.engine.run_options import decided
from crosswalk.features.eligibility.landing import fates_of, shaped
from crosswalk.features.optouts.delivery import with_opt_outs


@dataclass(frozen=True)
class Planned:
    """One entity's frames on the way to a plan."""

    entity: EntitySpec
    source_ids: list[str]
    desired: pd.DataFrame
    target: pd.DataFrame
    delivered: pd.DataFrame
    plan: pd.DataFrame


def plan_difference(run: Run, rejections: list[Rejection]) -> list[Planned]:
    """Plan every entity: the target follows the source. rejections: those of validate; what the mapping and the plan reject is added."""
    planned: list[Planned] = []
    group_ids: set[str] = set()
    for entity in run.spec.entities:
        one = _plan_one(run, entity, rejections, group_ids)
        planned.append(one)
        if entity.name == "group":
            kept = one.plan.loc[one.plan["outcome"] == Outcome.REJECTED.value, ["source_id", "target_id"]]
            group_ids = set(one.desired["source_id"]) | set(kept.loc[kept["target_id"] != "", "source_id"])
    return planned


def _plan_one(run: Run, entity: EntitySpec, rejections: list[Rejection], group_ids: set[str]) -> Planned:
    accepted = run.folder.read_frame(f"accepted_{entity.name}")
    target = run.landed.read_entity(f"target_{entity.name}")
    fates = fates_of(run, entity)
    mapped = shaped(entity, accepted, fates)
    rejections += mapped.rejections
    desired = entity.mapping.settle(mapped.frame, target)
    if entity.slice_field:
        desired[entity.slice_field] = only_known(desired[entity.slice_field], group_ids)
    delivered = acknowledged(run, entity.name)
    rejected = {r.source_id: r.code for r in reversed(rejections) if r.entity == entity.name and r.source_id}
    ids, links = _known_ids(run, entity, delivered), decided(run).get(entity.name, {})
    plan = plan_entity(entity, desired, target, delivered, rejected, fates, known_ids=ids, scope=scope_of(run), decided=links.keys())
    if run.store.runs.get(run.key).replays is None:
        plan = with_opt_outs(run, plan, target)
    source_ids = [*desired["source_id"], *rejected]
    rejections += late_rejections(entity, plan, rejected)
    check_sums(plan, source_ids, list(target["target_id"]))
    return Planned(entity, source_ids, desired, target, delivered, plan)


def acknowledged(run: Run, entity: str) -> pd.DataFrame:
    """What the target last acknowledged; a backfill looks at a night of which today's ledger knows nothing."""
    delivered = run.store.ledger.delivered(run.key.integration, run.key.account, entity)
    return delivered if run.store.runs.get(run.key).replays is None else delivered.head(0)


def _known_ids(run: Run, entity: EntitySpec, delivered: pd.DataFrame) -> dict[str, str]:
    """Source id → id in the target, of all its list ever acknowledged; none when the list is nobody's, whatever it held before."""
    if run.spec.delivery != LIST or first_delivery(run) or run.store.runs.get(run.key).replays is not None:
        return {}
    former = run.store.ledger.former(run.key.integration, run.key.account, entity.name)
    return {**_ids(former), **_ids(delivered)}


def _ids(records: pd.DataFrame) -> dict[str, str]:
    return dict(zip(records["source_id"], records["target_id"], strict=True))


def scope_of(run: Run) -> frozenset[str] | None:
    """Ids of the groups the account is narrowed to, as they were read; None: all."""
    manifest = run.landed.manifest()
    if manifest.scope is None or run.narrowed is not None or "source_group" not in manifest.entities:
        return None
    return frozenset(run.landed.read_entity("source_group")["source_id"])


def first_delivery(run: Run) -> bool:
    """Whether no source owns the target's list yet: its first delivery replaces it."""
    return run.spec.delivery == LIST and run.landed.manifest().target_state.managed_by is None
