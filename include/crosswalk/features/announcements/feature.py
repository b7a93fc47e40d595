"""Announcements: new source records wait in the target until a person links them; linked ones are refreshed, missing ones flagged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from crosswalk.core.spec.key_checks import field_problems
from crosswalk.core.spec.model import ANNOUNCE, EntitySpec, IntegrationSpec, Surroundings
from crosswalk.engine.hooks import Feature
from crosswalk.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

    from crosswalk.core.model import Decided
    from crosswalk.core.ports import Target
    from crosswalk.engine.context import Run
    from crosswalk.engine.hooks import Beat
    from crosswalk.engine.results import DeliveryResult
    from crosswalk.reports.run_report import Report

STATUS_COLUMNS = ("refreshed_at", "missing")
"""The target's own columns: when it last looked at a linked record, and whether the source has it no more."""


class Announcements(Feature):
    """Announces new records of some entities. owners: source field, per entity, with the ids of the records each belongs to."""

    section: ClassVar[str] = "announcements"

    owners: dict[str, str]

    def bind(self, entity: EntitySpec, around: Surroundings) -> tuple[Self, EntitySpec, list[Problem]]:
        owner = self.owners.get(entity.name, "")
        if not owner:
            return self, entity, []
        place = "spec.toml announcements owners"
        wrong = field_problems(entity, place, entity.name, owner, around.source, entity.source_fields, "ids", "MAP_FILTER_MISSING")
        return self, replace(entity, on_new=ANNOUNCE, status_columns=(*entity.status_columns, *STATUS_COLUMNS)), list(wrong)

    def problems(self, entities: Sequence[EntitySpec], settings: Any) -> Iterable[Problem]:  # noqa: ARG002
        names = [entity.name for entity in entities]
        for name in self.owners:
            if name not in names:
                yield Problem("SPEC_UNKNOWN_ENTITY", "spec.toml announcements owners", f"unknown entity {name!r}")

    def links(self, run: Run) -> Mapping[str, Decided]:
        from crosswalk.features.announcements.chosen_links import chosen_links

        return chosen_links(run)

    def after_send(self, run: Run, target: Target, result: DeliveryResult, beat: Beat) -> DeliveryResult:
        from crosswalk.features.announcements.announce import tell

        return tell(run, self.owners, target, result, beat)

    def counts(self, run: Run, step: str) -> Mapping[str, Any]:
        from crosswalk.features.announcements.announce import NEW

        new = NEW.find(run.folder) if step == "load" else None
        return {"announced": sum(map(len, new.values()))} if new else {}

    def report(self, run: Run, report: Report, plan: pd.DataFrame | None) -> None:  # noqa: ARG002
        from crosswalk.features.announcements.announce import NEW, linked_records

        report.waiting = NEW.find(run.folder) or {}
        report.linked = list(linked_records(run))


def owners_of(spec: IntegrationSpec) -> Mapping[str, str]:
    """Give the source field with the owners' ids, per entity whose new records are announced."""
    feature = spec.feature(Announcements)
    return feature.owners if feature else {}
