"""What a decision needs to know of a record, whichever source it comes from: facts.csv names it, the source's mapping table says where it
stands. The targets of such a table are the facts and the fields of the target system.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from crosswalk.core.mapping import MappingTable
from crosswalk.core.model import Outcome
from crosswalk.core.system_schema import Field, scan_fields
from crosswalk.errors import ConfigurationError, Problem
from crosswalk.features.eligibility.decision_table import INPUTS, DecisionTable, load_decisions

FACTS = "facts.csv"

SETTINGS = ("filter_field", "filter_values", "delete_inactive")
"""What an integration has to let its accounts say."""

VALUES: Mapping[str, tuple[str, ...]] = {
    "contact": ("active", "inactive", "unknown"),
    "company": ("active", "inactive", "missing"),
    "type_in_set": ("yes", "no"),
    "email": ("valid", "missing", "invalid", "shared"),
    "known": ("yes", "no"),
    "delete_inactive": ("on", "off"),
}
"""The inputs of a decision table, as features.eligibility.rules makes them."""


@dataclass(frozen=True)
class Eligibility:
    """Which records of an entity travel. facts: gives the facts and the unique field of both; decisions: what becomes of a record."""

    facts: MappingTable
    decisions: DecisionTable

    @property
    def digest(self) -> list[object]:
        """What it decides, for a digest."""
        rows = [[sorted(one.allowed.items()), one.outcome, one.reason] for one in self.decisions.decisions]
        return [self.facts.digest, rows]

    @property
    def deletes(self) -> bool:
        """Whether a record may be deleted by decision."""
        return any(one.outcome == Outcome.DELETE for one in self.decisions.decisions)

    def source_of(self, fact: str, what: str) -> str:
        """Name the source field behind a fact, which the source's picklists go by. Raises ConfigurationError FILTER_UNMAPPED."""
        source = next((row.source for row in self.facts.sent if row.target == fact), "")
        if not source:
            raise ConfigurationError(
                "FILTER_UNMAPPED",
                operation=f"looking for {fact} of {what}",
                problem="the mapping table of its source says nothing of it",
            )
        return source


def scan_facts(folder: Path, entity: str) -> tuple[dict[str, Field], list[Problem]]:
    """Read the facts of an entity; return what could be read and what is wrong."""
    facts, problems = scan_fields(folder / FACTS, FACTS)
    return facts.get(entity, {}), problems


def optional(facts: Mapping[str, Field]) -> dict[str, Field]:
    """Give the facts as fields a mapping table may fill: one may be blank in a record; `required` says that it has to be mapped."""
    return {name: replace(field, required=False) for name, field in facts.items()}


def scan_eligibility(
    table: MappingTable, facts: Mapping[str, Field], target: Mapping[str, Field], unique: str, folder: Path, place: str
) -> tuple[Eligibility | None, list[Problem]]:
    """Take the facts out of a source's mapping table and read the decision table; None when there are problems."""
    problems = list(_fact_problems(table, facts, target, place))
    try:
        decisions = load_decisions(folder)
    except ConfigurationError as error:
        return None, [*problems, *error.problems]
    return Eligibility(_only(table, {*facts, unique}), decisions), problems


def decision_problems(eligibility: Eligibility | None, settings: Collection[str], place: str) -> Iterator[Problem]:
    """Say what keeps a spec from deciding: a setting nobody can make, or a table over other inputs than there are."""
    for name in SETTINGS:
        if name not in settings:
            yield Problem("SPEC_MISSING_KEY", place, f"no setting {name} is declared", f"declare [settings.{name}]")
    found = {} if eligibility is None else {name: set(values) for name, values in eligibility.decisions.inputs.items()}
    if eligibility is not None and found != {name: set(values) for name, values in VALUES.items()}:
        known = "; ".join(f"{name}: {', '.join(values)}" for name, values in VALUES.items())
        yield Problem("MAP_DECISION_VALUE", INPUTS, "its inputs are not those a decision is made by", f"declare {known}")


def without_facts(table: MappingTable, target: Mapping[str, Field]) -> MappingTable:
    """Leave the rows that fill a field of the target, and those that say what is not sent."""
    return _only(table, {*target, ""})


def _fact_problems(table: MappingTable, facts: Mapping[str, Field], target: Mapping[str, Field], place: str) -> Iterator[Problem]:
    for name in sorted(facts.keys() & target.keys()):
        yield Problem("MAP_TARGET_TWICE", FACTS, f"{name} is a fact and a field of the target", "give the fact another name")
    for name, fact in facts.items():
        if fact.required and name not in table.target_names:
            yield Problem("MAP_KEY_MISSING", place, f"the fact {name} is not mapped", "add a row that says which source field holds it")


def _only(table: MappingTable, targets: set[str]) -> MappingTable:
    return replace(table, rows=tuple(row for row in table.rows if row.target in targets))
