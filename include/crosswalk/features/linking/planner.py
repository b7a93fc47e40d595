"""The linking planner: people's decisions become the plan, its operations and its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswalk.core.model import Rejection
from crosswalk.core.ports import Operation
from crosswalk.core.spec.model import EntitySpec
from crosswalk.engine.context import Run
from crosswalk.engine.hooks import Beat
from crosswalk.engine.results import DeliveryRecord, EntityPlan, Frames, Outgoing, Refused, SendResult
from crosswalk.features.linking.apply import check_applied, record_applied, require_standing, to_send
from crosswalk.features.linking.candidates.roles import Roles
from crosswalk.features.linking.make_plan import operations_digest, plan_linking


class LinkingPlanner:
    """Implements engine.hooks.Planner: decisions and links become operations."""

    def __init__(self, candidates: Mapping[str, Roles], merged_ids: Mapping[str, str]) -> None:
        self._candidates = candidates
        self._merged_ids = merged_ids

    def plan(self, run: Run, rejections: list[Rejection]) -> list[EntityPlan]:
        return plan_linking(run, self._candidates, self._merged_ids, rejections)

    def digest(self, run: Run) -> Mapping[str, Any]:
        return {"operations": operations_digest(run)}

    def before_send(self, run: Run, beat: Beat) -> None:
        require_standing(run, self._merged_ids, beat)

    def operations(self, run: Run, entity: EntitySpec, outgoing: Outgoing) -> tuple[list[Operation], Refused]:
        return to_send(run, entity.name, outgoing.plan, outgoing.sent)

    def verify(self, run: Run, record: DeliveryRecord, after: Frames) -> None:
        check_applied(run, record.sent, after)

    def record(self, run: Run, sent: SendResult, after: Frames) -> None:
        record_applied(run, sent, after)
