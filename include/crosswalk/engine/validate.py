"""Validate: run the spec's rules over what was landed. Critical stops the run, a warning rejects the record, info is a note."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crosswalk.core.plan import travelling
from crosswalk.core.spec.model import EntitySpec
from crosswalk.engine.artifacts import ACCEPTED, RECORD_DECISIONS, REJECTED, RULES, UNREADABLE_ROWS
from crosswalk.engine.attempt import step
from crosswalk.engine.context import Run
from crosswalk.engine.hooks import features_of
from crosswalk.errors import DataError
from crosswalk.validation.suite import RuleResult
from crosswalk.validation.suite import validate as check


def validate(run: Run) -> dict[str, Any]:
    """Split each entity into accepted and rejected records; what a feature decided to leave is not looked at closely.

    Returns counts for XCom. Raises DataError on a critical rule, and what features raise.
    """
    with step(run, "validate"), run.working():
        rejections = UNREADABLE_ROWS.read(run.landed)
        rules: list[RuleResult] = []
        counts: dict[str, Any] = {}
        for entity in run.spec.entities:
            frame = run.landed.read_entity(f"source_{entity.name}")
            target = run.landed.read_entity(f"target_{entity.name}") if entity.unique else None
            result = check(entity, frame, target, travels=_travels(run, entity, frame))
            rules += result.rules
            RULES.write(run.folder, rules)
            _stop_on_critical(run, entity, result.critical)
            rejections += result.rejections
            ACCEPTED.of(entity.name).write(run.folder, result.accepted)
            counts[entity.name] = {"accepted": len(result.accepted), "rejected": len(frame) - len(result.accepted)}
        REJECTED.write(run.folder, rejections)
        return counts


def _travels(run: Run, entity: EntitySpec, frame: pd.DataFrame) -> pd.Series[bool] | None:
    """Let features decide which records travel, and keep their decisions; None: all do."""
    for feature in features_of(run):
        decided = feature.decide(run, entity, frame)
        if decided is not None:
            RECORD_DECISIONS.of(entity.name).write(run.folder, decided.reset_index(drop=True))
            return travelling(decided)
    return None


def _stop_on_critical(run: Run, entity: EntitySpec, critical: list[RuleResult]) -> None:
    if critical:
        rule = critical[0]
        raise DataError.of_rule(
            rule.code,
            operation=f"validating {entity.plural} of {run.key}",
            problem=f"{rule.message} ({rule.column}, {rule.failed} of {rule.checked} records)",
            next_step=f"{rule.fix}; nothing was written",
        )
