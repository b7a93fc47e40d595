"""The suite: one landed entity in, its accepted records, its rejections and how each rule ended out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from crosswalk.core.masking import mask
from crosswalk.core.model import Rejection
from crosswalk.core.spec.expectations import EMAIL_KEY, SOURCE_ID
from crosswalk.core.survivorship import keep_one
from crosswalk.validation import engine
from crosswalk.validation.engine import Finding
from crosswalk.validation.frame import ROW, checked_frame, keys, trimmed
from crosswalk.validation.outcomes import RuleResult, Validated
from crosswalk.validation.spec_rules import ALL_TEXT, CONTROL_CHARACTERS, Rule, rules_of, text_columns

if TYPE_CHECKING:
    from crosswalk.core.spec.model import EntitySpec

__all__ = ["RuleResult", "Validated", "validate"]

_DERIVED = {EMAIL_KEY, ALL_TEXT}


def validate(
    entity: EntitySpec, frame: pd.DataFrame, known_target: pd.DataFrame | None, travels: pd.Series[bool] | None = None
) -> Validated:
    """Check one entity against its rules.

    A failed critical rule is returned in `.critical`, for the step to raise; a failed warning rejects its records; info is
    only counted. Rules with a survivor look at the records no other rule rejected.

    Args:
        entity: the spec of the entity.
        frame: `source_id` and the source fields, all text, "" is blank.
        known_target: the target's rows as last read, `source_id` and the target fields; None when there are none.
        travels: which records are meant to travel, None for all; of the others only the ids are checked.

    Raises DataError VALIDATION_RULE_BROKEN when a rule could not be evaluated.
    """
    rules = rules_of(entity)
    checked = checked_frame(frame, _columns(rules), text_columns(entity), entity.unique_source)
    first = [rule for rule in rules if not rule.expectation.survivor]
    last = [rule for rule in rules if rule.expectation.survivor]
    findings = _findings(first, checked, travels)
    sound = checked.drop(index=list(_rejected(findings)))[[SOURCE_ID, *{rule.expectation.column for rule in last}, ROW]]
    sound = sound if travels is None else sound[travels.to_numpy(dtype=bool)[sound.index]]
    known = _known(known_target, entity.unique)
    for rule, finding in zip(last, engine.run([rule.expectation for rule in last], sound), strict=True):
        findings[rule] = _settled(rule, finding, sound, known)
    results = {rule: _result(rule, findings[rule]) for rule in rules}
    return Validated(
        accepted=frame[~pd.Series(range(len(frame)), index=frame.index).isin(_rejected(findings))].reset_index(drop=True),
        rejections=_rejections(rules, findings, frame),
        rules=list(results.values()),
        critical=[result for result in results.values() if result.severity == "critical" and result.status == "failed"],
    )


def _findings(rules: Sequence[Rule], checked: pd.DataFrame, travels: pd.Series[bool] | None) -> dict[Rule, Finding]:
    """Evaluate rules, those about the same records together; a rule about no record at all finds nothing.

    travels: which records are meant to travel, None for all; rules about ids look at the others, too.
    """
    if travels is not None:
        ids = [rule for rule in rules if rule.expectation.column == SOURCE_ID]
        rest = [rule for rule in rules if rule.expectation.column != SOURCE_ID]
        return _findings(ids, checked, None) | _findings(rest, checked[travels.to_numpy(dtype=bool)], None)
    about: dict[str, list[Rule]] = {}
    for rule in rules:
        about.setdefault(json.dumps(rule.expectation.when, sort_keys=True), []).append(rule)
    found: dict[Rule, Finding] = {}
    for some in about.values():
        when = some[0].expectation.when
        frame = checked[_are_meant(checked, when)] if when else checked
        results = engine.run([rule.expectation for rule in some], frame) if len(frame) or not when else [Finding(0, ())] * len(some)
        found |= dict(zip(some, results, strict=True))
    return found


def _are_meant(checked: pd.DataFrame, when: Mapping[str, Sequence[str]]) -> pd.Series[bool]:
    meant = pd.Series(True, index=checked.index)
    for column, values in when.items():
        meant &= checked[column].fillna("").isin(values)
    return meant


def _columns(rules: Iterable[Rule]) -> list[str]:
    named = (column for rule in rules for column in (rule.expectation.column, *rule.expectation.when))
    return [SOURCE_ID, *(column for column in named if column not in _DERIVED)]


def _known(target: pd.DataFrame | None, field: str) -> dict[str, str]:
    """Who has which address in the target: {e-mail key: source id}."""
    if target is None or not field:
        return {}
    held = target[target[SOURCE_ID] != ""]
    return dict(zip(keys(trimmed(held[field])), held[SOURCE_ID], strict=True))


def _settled(rule: Rule, finding: Finding, sound: pd.DataFrame, known: dict[str, str]) -> Finding:
    """Of the records that share a value, leave the one that keeps it out of the finding."""
    shared = sound.loc[list(finding.rows), [SOURCE_ID, rule.expectation.column]].set_axis([SOURCE_ID, "key"], axis=1).fillna("")
    losers = keep_one(shared, known)
    return Finding(finding.checked, tuple(int(row) for row in shared.index[shared[SOURCE_ID].isin(losers)]))


def _rejects(rule: Rule) -> bool:
    return rule.expectation.severity == "warning"


def _rejected(findings: dict[Rule, Finding]) -> set[int]:
    return {row for rule, finding in findings.items() if _rejects(rule) for row in finding.rows}


def _result(rule: Rule, finding: Finding) -> RuleResult:
    one = rule.expectation
    return RuleResult(
        code=one.code,
        type=one.type,
        entity=one.entity,
        column=one.column,
        severity=one.severity,
        message=one.message,
        checked=finding.checked,
        failed=len(finding.rows),
        status="failed" if finding.rows else "passed",
        fix=one.fix,
    )


def _rejections(rules: Sequence[Rule], findings: dict[Rule, Finding], frame: pd.DataFrame) -> list[Rejection]:
    """One rejection for each record, code and field, as the records were read."""
    found: dict[tuple[int, str, str], Rejection] = {}
    for rule in filter(_rejects, rules):
        for row in findings[rule].rows:
            for column, kind in _at_fault(rule, frame, row):
                found.setdefault((row, rule.expectation.code, column), _rejection(rule, frame, row, column, kind))
    return [found[place] for place in sorted(found, key=lambda place: place[0])]


def _at_fault(rule: Rule, frame: pd.DataFrame, row: int) -> Iterable[tuple[str, str]]:
    if len(rule.fields) == 1:
        return rule.fields
    bad = re.compile(CONTROL_CHARACTERS[:-1] + "\ud800-\udfff]")
    return [(column, kind) for column, kind in rule.fields if bad.search(str(frame[column].iat[row]).strip())]


def _rejection(rule: Rule, frame: pd.DataFrame, row: int, column: str, kind: str) -> Rejection:
    one = rule.expectation
    source_id = str(frame[SOURCE_ID].iat[row]).strip()
    return Rejection(
        entity=one.entity,
        source_id=source_id,
        code=one.code,
        field=column,
        reason=one.message if source_id else f"{one.message} (record {row + 1} as read)",
        fix=one.fix,
        masked=mask(kind, str(frame[column].iat[row]).strip()),
    )
