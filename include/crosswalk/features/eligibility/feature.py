"""Eligibility: a decision table says which records travel. Picklists are landed with the snapshot; the decision comes before validation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from pydantic import PrivateAttr

from crosswalk.core.spec.model import EntitySpec, Surroundings
from crosswalk.core.system_schema import Field
from crosswalk.engine.hooks import Feature
from crosswalk.errors import Problem
from crosswalk.features.eligibility.facts import Eligibility, decision_problems, optional, scan_eligibility, scan_facts, without_facts

if TYPE_CHECKING:
    import pandas as pd

    from crosswalk.core.ports import Source
    from crosswalk.engine.context import Run
    from crosswalk.features.eligibility.ports import LabelledSource
    from crosswalk.features.eligibility.rules import Filter

Choices = Mapping[str, Mapping[str, str]]
"""Source field → the entries of its picklist, {value: label}."""


class EligibilityFeature(Feature):
    """Decides which records of one entity travel, by facts.csv, decision_inputs.csv and decision.csv of the integration."""

    section: ClassVar[str] = "eligibility"

    entity: str
    _tables: Eligibility | None = PrivateAttr(default=None)

    def extra_targets(self, folder: Path, entity: str) -> tuple[dict[str, Field], list[Problem]]:
        if entity != self.entity:
            return {}, []
        facts, problems = scan_facts(folder, entity)
        return optional(facts), problems

    def bind(self, entity: EntitySpec, around: Surroundings) -> tuple[Self, EntitySpec, list[Problem]]:
        if entity.name != self.entity:
            return self, entity, []
        facts, _ = scan_facts(around.folder, entity.name)
        tables, problems = scan_eligibility(entity.mapping, facts, around.target, entity.unique, around.folder, around.mapping)
        problems += decision_problems(tables, around.settings, "spec.toml eligibility")
        bound = self.model_copy()
        bound._tables = tables
        deletes = entity.may_delete or (tables is not None and tables.deletes)
        return bound, replace(entity, mapping=without_facts(entity.mapping, around.target), may_delete=deletes), problems

    def problems(self, entities: Sequence[EntitySpec], settings: Any) -> Iterable[Problem]:  # noqa: ARG002
        if self.entity not in [entity.name for entity in entities]:
            yield Problem("SPEC_UNKNOWN_ENTITY", "spec.toml eligibility entity", f"unknown entity {self.entity!r}")

    @property
    def content(self) -> object:
        return [self.section, self.entity, [] if self._tables is None else self._tables.digest]

    @property
    def tables(self) -> Eligibility:
        """The facts and decisions of the entity. Raises ValueError for a spec that was not read whole."""
        if self._tables is None:
            raise ValueError("the tables of eligibility were not read")
        return self._tables

    def before_read(self, run: Run, source: Source, *, again: bool = False) -> Choices:
        """Read the picklists the account's labels are looked up in.

        Raises ConfigurationError FILTER_LABEL_UNKNOWN, FILTER_EMPTY, FILTER_UNMAPPED, and what the source raises.
        """
        if again:
            return {}
        field = self._filter_field(run)
        choices = {field: cast("LabelledSource", source).choices(field)}
        self._filter(run, choices)
        return choices

    def decide(self, run: Run, entity: EntitySpec, frame: pd.DataFrame) -> pd.DataFrame | None:
        """Decide each landed record. A backfill looks up today's labels.

        Raises DataError COMPANIES_HIDDEN or CONTACTS_HIDDEN, ConfigurationError as `before_read`.
        """
        from crosswalk.features.eligibility.rules import decide

        if entity.name != self.entity:
            return None
        facts = self.tables.facts.apply(frame).frame
        target = run.landed.read_entity(f"target_{entity.name}")
        return decide(
            self.tables.decisions,
            facts.set_index(frame.index),
            self._filter(run, run.landed.manifest().choices),
            set(target["source_id"]),
            delete_inactive=bool(run.settings.options["delete_inactive"]),
            what=str(run.key),
        )

    def _filter_field(self, run: Run) -> str:
        return self.tables.source_of(run.settings.options["filter_field"], str(run.key))

    def _filter(self, run: Run, choices: Choices) -> Filter:
        from crosswalk.features.eligibility.rules import Filter, chosen_values

        fact, labels = run.settings.options["filter_field"], run.settings.options["filter_values"]
        picklist = dict(choices.get(self._filter_field(run), {}))
        return Filter(fact, chosen_values(labels, picklist, f"{fact} of {run.key}"))
