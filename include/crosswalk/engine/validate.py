"""Validate: the expectations of the spec over what was landed. Critical stops the run, a warning rejects the record, info is a note."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from crosswalk.core.spec.model import EntitySpec
from crosswalk.engine.context import Run
from crosswalk.engine.rejections import write_rejections
from crosswalk.errors import DataError
from crosswalk.features.eligibility.landing import decide_records
from crosswalk.features.eligibility.rules import travelling
from crosswalk.features.inbound_files.intake import rejected_rows
from crosswalk.validation.suite import RuleResult
from crosswalk.validation.suite import validate as check


def validate(run: Run) -> dict[str, Any]:
    """Split each entity into accepted and rejected records; what a decision table lets stay is not looked at closely.

    Returns counts for XCom. Raises DataError on a critical rule, and what `decide_records` raises.
    """
    with run.step("validate"), run.working():
        rejections = rejected_rows(run)
        rules: list[RuleResult] = []
        counts: dict[str, Any] = {}
        for entity in run.spec.entities:
            frame = run.landed.read_entity(f"source_{entity.name}")
            target = run.landed.read_entity(f"target_{entity.name}") if entity.unique else None
            decided = decide_records(run, entity, frame)
            result = check(entity, frame, target, travels=None if decided is None else travelling(decided))
            rules += result.rules
            run.folder.write_bytes("rules.json", json.dumps([asdict(rule) for rule in rules]).encode())
            _stop_on_critical(run, entity, result.critical)
            rejections += result.rejections
            run.folder.write_frame(f"accepted_{entity.name}", result.accepted)
            counts[entity.name] = {"accepted": len(result.accepted), "rejected": len(frame) - len(result.accepted)}
        write_rejections(run.folder, "rejected", rejections)
        return counts


def rules_of(run: Run) -> list[dict[str, Any]]:
    """The rule results validate landed; empty when it has not run."""
    if not run.folder.exists("rules.json"):
        return []
    return list(json.loads(run.folder.read_bytes("rules.json")))


def _stop_on_critical(run: Run, entity: EntitySpec, critical: list[RuleResult]) -> None:
    if critical:
        rule = critical[0]
        raise DataError(
            rule.code,
            operation=f"validating {entity.plural} of {run.key}",
            problem=f"{rule.message} ({rule.column}, {rule.failed} of {rule.checked} records)",
            next_step=f"{rule.fix}; nothing was written",
        )
