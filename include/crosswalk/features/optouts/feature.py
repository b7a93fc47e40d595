"""Opt-outs: whoever opted out once, in the target or by an activity, gets no mail, even under a new address (FMG-06).

An opt-out follows the person to any new address: the suppression list knows people by id and by address. It is read as a load begins,
so that people who opt out while a plan waits are on it, and again after the load.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from crosswalk.core.spec.model import EntitySpec, Surroundings
from crosswalk.engine.hooks import Feature
from crosswalk.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

    from crosswalk.core.ports import Operation, Target
    from crosswalk.engine.context import Run
    from crosswalk.engine.results import Frames

OPTED_OUT = "opted_out"
"""The target's own column: "true" for a record that wants no mail."""


class OptOuts(Feature):
    """Keeps opt-outs in force. entities: those whose records say whether they want mail."""

    section: ClassVar[str] = "optouts"

    entities: list[str]

    def bind(self, entity: EntitySpec, around: Surroundings) -> tuple[Self, EntitySpec, list[Problem]]:  # noqa: ARG002
        if entity.name in self.entities:
            entity = replace(entity, status_columns=(*entity.status_columns, OPTED_OUT))
        return self, entity, []

    def problems(self, entities: Sequence[EntitySpec], settings: Any) -> Iterable[Problem]:  # noqa: ARG002
        names = [entity.name for entity in entities]
        for name in self.entities:
            if name not in names:
                yield Problem("SPEC_UNKNOWN_ENTITY", "spec.toml optouts entities", f"unknown entity {name!r}")

    def adjust(self, run: Run, plan: pd.DataFrame, target: pd.DataFrame) -> pd.DataFrame:
        from crosswalk.features.optouts.enforcement import with_opt_outs

        return plan if run.backfill else with_opt_outs(run, plan, target)

    def before_send(self, run: Run, target: Target, before: Frames) -> None:
        from crosswalk.features.optouts.enforcement import note_opt_outs

        note_opt_outs(run, target, before)

    def amend(self, run: Run, operations: Iterable[Operation]) -> Iterable[Operation]:
        from crosswalk.features.optouts.enforcement import suppressed

        people = suppressed(run)
        for one in operations:
            email = one.values.get("email") if one.op == "upsert" else None
            if email is not None and people.holds(source_id=one.source_id, target_id=one.target_id, email=email):
                yield replace(one, values={**one.values, OPTED_OUT: "true"})
            else:
                yield one

    def verify(self, run: Run, target: Target, before: Frames, after: Frames) -> None:
        from crosswalk.features.optouts.enforcement import check_opt_outs

        check_opt_outs(run, target, before, after)
