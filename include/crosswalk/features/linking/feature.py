"""Linking: people decide which records of two systems match; linked records follow the source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import PrivateAttr

from crosswalk.core.spec.key_checks import field_problems
from crosswalk.core.spec.model import EntitySpec, IntegrationSpec, Surroundings
from crosswalk.engine.hooks import Feature
from crosswalk.errors import Problem
from crosswalk.features.linking.candidates.roles import Roles, scan_roles

if TYPE_CHECKING:
    import pandas as pd

    from crosswalk.engine.context import Run
    from crosswalk.engine.hooks import Planner
    from crosswalk.reports.run_report import Report

CANDIDATES = "candidates.csv"


class Linking(Feature):
    """Lets people decide which records match. merged_ids: source field, per entity, with the ids of records it was merged with.

    candidates.csv says what is compared.
    """

    section: ClassVar[str] = "linking"

    merged_ids: dict[str, str]
    _roles: Mapping[str, Roles] | None = PrivateAttr(default=None)

    def bind(self, entity: EntitySpec, around: Surroundings) -> tuple[Self, EntitySpec, list[Problem]]:
        bound, problems = self, list[Problem]()
        if self._roles is None:
            roles, problems = scan_roles(around.folder / CANDIDATES)
            bound = self.model_copy()
            bound._roles = roles
        name, place = self.merged_ids.get(entity.name, ""), "spec.toml linking merged_ids"
        wrong = field_problems(entity, place, entity.name, name, around.source, entity.source_fields, "text", "MAP_FILTER_MISSING")
        return bound, entity, [*problems, *wrong]

    def problems(self, entities: Sequence[EntitySpec], settings: Any) -> Iterable[Problem]:  # noqa: ARG002
        names = [entity.name for entity in entities]
        for name in self.merged_ids:
            if name not in names:
                yield Problem("SPEC_UNKNOWN_ENTITY", "spec.toml linking merged_ids", f"unknown entity {name!r}")

    @property
    def content(self) -> object:
        return [self.section, self.merged_ids, [[name, dict(roles.fields)] for name, roles in self.candidates.items()]]

    @property
    def candidates(self) -> Mapping[str, Roles]:
        """What is compared to find out which records may match, by entity."""
        return self._roles or {}

    @property
    def planner(self) -> Planner:
        from crosswalk.features.linking.planner import LinkingPlanner

        return LinkingPlanner(self.candidates, self.merged_ids)

    def report(self, run: Run, report: Report, plan: pd.DataFrame | None) -> None:
        """Count the records that wait for a person."""
        from crosswalk.core.model import Outcome
        from crosswalk.features.linking.link_plan import MATCH_FOUND, WAITING
        from crosswalk.features.linking.review_files import review_address
        from crosswalk.reports.run_report import Undecided

        if plan is None:
            return
        waiting = plan[plan["reason"].isin(WAITING.values()) & (plan["outcome"] == Outcome.EXCLUDED.value)]
        for name in self.candidates:
            reasons = waiting.loc[waiting["entity"] == name, "reason"]
            if len(reasons):
                address = review_address(run.key.integration, run.key.account, name)
                report.undecided.append(Undecided(name, len(reasons), int((reasons == MATCH_FOUND).sum()), address))


def candidates_of(spec: IntegrationSpec) -> Mapping[str, Roles]:
    """Give what is compared in an integration where people link, by entity; {} elsewhere."""
    linking = spec.feature(Linking)
    return linking.candidates if linking else {}
