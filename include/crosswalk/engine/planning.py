"""The engine's own planner: the target follows the source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crosswalk.core.mapping import Mapped
from crosswalk.core.model import UNDO, Outcome, Rejection
from crosswalk.core.plan import Fates, check_sums, fates_of, late_rejections, payload_hashes, plan_entity
from crosswalk.core.ports import Operation
from crosswalk.core.spec.model import EntitySpec
from crosswalk.engine.artifacts import ACCEPTED, RECORD_DECISIONS
from crosswalk.engine.context import Run
from crosswalk.engine.delivery_style import style_of
from crosswalk.engine.hooks import Beat, Planner, features_of, links_of
from crosswalk.engine.operations import SENT, only_known, operations
from crosswalk.engine.results import DeliveryRecord, EntityPlan, Frames, Outgoing, Refused, SendResult
from crosswalk.errors import DataError


class FollowSource:
    """Plans the difference between source and target, entity by entity."""

    def plan(self, run: Run, rejections: list[Rejection]) -> list[EntityPlan]:
        planned: list[EntityPlan] = []
        group_ids: set[str] = set()
        for entity in run.spec.entities:
            one = _plan_one(run, entity, rejections, group_ids)
            planned.append(one)
            if entity.name == "group":
                kept = one.plan.loc[one.plan["outcome"] == Outcome.REJECTED.value, ["source_id", "target_id"]]
                group_ids = set(one.desired["source_id"]) | set(kept.loc[kept["target_id"] != "", "source_id"])
        return planned

    def digest(self, run: Run) -> Mapping[str, Any]:  # noqa: ARG002
        return {}

    def before_send(self, run: Run, beat: Beat) -> None:
        pass

    def operations(self, run: Run, entity: EntitySpec, outgoing: Outgoing) -> tuple[list[Operation], Refused]:
        links = links_of(run).get(entity.name, {})
        made = operations(entity, outgoing.plan, outgoing.desired, outgoing.before, outgoing.mode, outgoing.groups, links)
        return list(made), []

    def verify(self, run: Run, record: DeliveryRecord, after: Frames) -> None:
        for entity in run.spec.entities:
            _compare(run, entity, record, after[entity.name])

    def record(self, run: Run, sent: SendResult, after: Frames) -> None:
        pass


_FOLLOW_SOURCE = FollowSource()


def planner_of(run: Run) -> Planner:
    """Give the planner of the run's integration."""
    return next((one.planner for one in features_of(run) if one.planner is not None), _FOLLOW_SOURCE)


def _compare(run: Run, entity: EntitySpec, record: DeliveryRecord, after: pd.DataFrame) -> None:
    """Every record sent is there as sent, after an undo of a list under the very id it had; every record deleted is gone."""
    key = style_of(run).undo_key if record.mode == UNDO else ["source_id"]
    done = record.rows(entity.name)[1]
    found = after[key].assign(now=payload_hashes(after, entity.target_fields))
    sent = done[done["outcome"].isin(SENT)].merge(found, on=key, how="left")
    differ = sent[sent["now"] != sent["payload_hash"]]
    deleted = done[done["outcome"] == Outcome.DELETE.value]
    left = deleted[deleted["target_id"].isin(set(after["target_id"]))]
    if len(differ) or len(left):
        example = next(iter([*differ["source_id"], *left["target_id"]]))
        raise DataError(
            "TGT_READBACK_DIFFERS",
            operation=f"reading back {entity.plural} of {run.key}",
            problem=f"{len(differ)} record(s) are not as sent and {len(left)} deleted one(s) are still there, such as {example}",
        )


def _plan_one(run: Run, entity: EntitySpec, rejections: list[Rejection], group_ids: set[str]) -> EntityPlan:
    accepted = ACCEPTED.of(entity.name).read(run.folder)
    target = run.landed.read_entity(f"target_{entity.name}")
    fates = _fates(run, entity)
    mapped = _shaped(entity, accepted, fates)
    rejections += mapped.rejections
    desired = entity.mapping.settle(mapped.frame, target)
    if entity.partition_field:
        desired[entity.partition_field] = only_known(desired[entity.partition_field], group_ids)
    delivered = acknowledged(run, entity.name)
    rejected = {r.source_id: r.code for r in reversed(rejections) if r.entity == entity.name and r.source_id}
    ids, links = _known_ids(run, entity, delivered), links_of(run).get(entity.name, {})
    plan = plan_entity(entity, desired, target, delivered, rejected, fates, known_ids=ids, scope=scope_of(run), decided=links.keys())
    for feature in features_of(run):
        plan = feature.adjust(run, plan, target)
    source_ids = [*desired["source_id"], *rejected]
    rejections += late_rejections(entity, plan, rejected)
    check_sums(plan, source_ids, list(target["target_id"]))
    return EntityPlan(entity, source_ids, desired, target, delivered, plan)


def acknowledged(run: Run, entity: str) -> pd.DataFrame:
    """What the target last acknowledged; a backfill looks at a night of which today's ledger knows nothing."""
    delivered = run.store.ledger.delivered(run.key.integration, run.key.account, entity)
    return delivered.head(0) if run.backfill else delivered


def _known_ids(run: Run, entity: EntitySpec, delivered: pd.DataFrame) -> dict[str, str]:
    """Source id → id in the target, of all its list ever acknowledged; none when the list is nobody's, whatever it held before."""
    style = style_of(run)
    if style.visible_at_once or style.first_delivery(run) or run.backfill:
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


def _fates(run: Run, entity: EntitySpec) -> Fates:
    """Read what features decided about the records that do not travel."""
    decisions = RECORD_DECISIONS.of(entity.name)
    return fates_of(decisions.read(run.folder)) if decisions.exists(run.folder) else {}


def _shaped(entity: EntitySpec, accepted: pd.DataFrame, fates: Fates) -> Mapped:
    """Bring records into the target's shape. One that does not travel is no matter for a converter: it is blank where that rejects it."""
    mapped = entity.mapping.apply(accepted)
    lost = sorted(fates.keys() - set(mapped.frame["source_id"]))
    blank = pd.DataFrame({"source_id": lost}, columns=mapped.frame.columns, dtype="str").fillna("")
    frame = pd.concat([mapped.frame, blank], ignore_index=True) if lost else mapped.frame
    return Mapped(frame, [one for one in mapped.rejections if one.source_id not in fates])
