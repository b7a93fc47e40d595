"""Where features and planners hook into a run. The engine calls these and knows none of them by name.

A feature overrides the points it needs; all others do nothing. The engine walks `features_of(run)` in the order of
features/__init__.py. A planner is the one strategy that makes an integration's plan and carries it out; without a feature that
brings another one it is the engine's own (planning.py): the target follows the source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from crosswalk.core.spec.model import EntitySpec, SpecFeature

if TYPE_CHECKING:  # a spec is read by tasks that need no pandas, and that would be most of their time
    import pandas as pd

    from crosswalk.core.model import Decided, Hold, Rejection
    from crosswalk.core.ports import Delivery, Operation, Source, Target
    from crosswalk.engine.context import Run
    from crosswalk.engine.results import DeliveryRecord, DeliveryResult, EntityPlan, Frames, Outgoing, Refused, SendResult
    from crosswalk.reports.run_report import Report

Beat = Callable[[], None]
"""Keeps the lease; called after every page and batch."""


class Planner(Protocol):
    """How plans are made and carried out."""

    def plan(self, run: Run, rejections: list[Rejection]) -> list[EntityPlan]:
        """Plan every entity. rejections: those of validate; what the mapping and the plan reject is added."""

    def digest(self, run: Run) -> Mapping[str, Any]:
        """Give what the plan's hash covers beside its rows."""

    def before_send(self, run: Run, beat: Beat) -> None:
        """See that the plan still stands, before anything is sent. May be repeated. Raises SafetyStop PLAN_OUTDATED."""

    def operations(self, run: Run, entity: EntitySpec, outgoing: Outgoing) -> tuple[list[Operation], Refused]:
        """List what is sent of one entity, in order, and what cannot be because the target refused what it depends on."""

    def verify(self, run: Run, record: DeliveryRecord, after: Frames) -> None:
        """Compare what was sent with what the target holds now. Raises DataError TGT_READBACK_DIFFERS."""

    def record(self, run: Run, sent: SendResult, after: Frames) -> None:
        """Keep what a delivery that is over came to."""


class Feature(SpecFeature):
    """What a feature adds to a run of an integration that uses it."""

    @property
    def planner(self) -> Planner | None:
        """The planner it brings; None: the engine's own."""
        return None

    def before_read(self, run: Run, source: Source, *, again: bool = False) -> Mapping[str, Mapping[str, str]]:  # noqa: ARG002
        """Prepare the source before it is read. again: before load compares an approved plan with the source read once more.

        Returns picklists to land with the snapshot, {source field: {value: label}}.
        """
        return {}

    def decide(self, run: Run, entity: EntitySpec, frame: pd.DataFrame) -> pd.DataFrame | None:  # noqa: ARG002
        """Decide which landed records of an entity travel: source_id, outcome, reason on the frame's index; None: all do."""
        return None

    def links(self, run: Run) -> Mapping[str, Decided]:  # noqa: ARG002
        """Name the links a person chose for this run, by entity."""
        return {}

    def adjust(self, run: Run, plan: pd.DataFrame, target: pd.DataFrame) -> pd.DataFrame:  # noqa: ARG002
        """Change what the plan of one entity does. target: its frame as it is."""
        return plan

    def holds(self, run: Run) -> Iterable[Hold]:  # noqa: ARG002
        """Name what a person has to look at before the plan is delivered."""
        return ()

    def may_close(self, run: Run, entity: EntitySpec, source_ids: list[str]) -> set[str] | None:  # noqa: ARG002
        """Name the records whose open rejections this run may close; None: all of the entity."""
        return None

    def before_send(self, run: Run, target: Target, before: Frames) -> None:
        """Prepare a delivery that was not begun yet. before: the target's frames the plan was made for."""

    def guard(self, run: Run, target: Target, delivery: Delivery) -> Delivery:  # noqa: ARG002
        """Wrap the open delivery."""
        return delivery

    def amend(self, run: Run, operations: Iterable[Operation]) -> Iterable[Operation]:  # noqa: ARG002
        """Change operations before they are sent."""
        return operations

    def verify(self, run: Run, target: Target, before: Frames, after: Frames) -> None:
        """Check what the target holds after a delivery. Raises DataError."""

    def after_send(self, run: Run, target: Target, result: DeliveryResult, beat: Beat) -> DeliveryResult:  # noqa: ARG002
        """Tell the target more once the delivery is over; return the result with the target's frames as they are now. May be repeated."""
        return result

    def left_behind(self, run: Run) -> int:  # noqa: ARG002
        """Count what was not delivered beside rejected records."""
        return 0

    def counts(self, run: Run, step: str) -> Mapping[str, Any]:  # noqa: ARG002
        """Give counts for the run reference that tasks exchange, after "extract" or "load"."""
        return {}

    def report(self, run: Run, report: Report, plan: pd.DataFrame | None) -> None:
        """Add a section to the report. plan: None until there is one."""


def features_of(run: Run) -> tuple[Feature, ...]:
    """Give the features of the run's integration, in their order."""
    return tuple(one for one in run.spec.features if isinstance(one, Feature))


def links_of(run: Run) -> dict[str, Decided]:
    """Give all links a person chose for this run, by entity."""
    return {entity: links for one in features_of(run) for entity, links in one.links(run).items()}
