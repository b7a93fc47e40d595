"""Which records travel, where a decision table says so: picklists are landed with the snapshot, decided is before records are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pandas as pd

from crosswalk.core.mapping import Mapped
from crosswalk.features.eligibility.rules import Filter, chosen_values, decide, fates

if TYPE_CHECKING:
    from crosswalk.core.plan import Fates
    from crosswalk.core.ports import LabelledSource, Source
    from crosswalk.core.spec.model import EntitySpec
    from crosswalk.engine.context import Run
    from crosswalk.features.eligibility.facts import Eligibility

Choices = dict[str, dict[str, str]]
"""Source field → the entries of its picklist, {value: label}."""


def read_choices(run: Run, source: Source) -> Choices:
    """Read the picklists that the account's labels are looked up in.

    Raises ConfigurationError FILTER_LABEL_UNKNOWN, FILTER_EMPTY, FILTER_UNMAPPED, and what the source raises.
    """
    choices: Choices = {}
    for entity in run.spec.entities:
        if entity.eligibility is not None:
            field = _filter_field(run, entity.eligibility)
            choices[field] = cast("LabelledSource", source).choices(field)
            _filter(run, entity.eligibility, choices)
    return choices


def decide_records(run: Run, entity: EntitySpec, frame: pd.DataFrame) -> pd.DataFrame | None:
    """Decide each landed record: source_id, outcome, reason, on the frame's index; None where all records travel.

    Raises DataError COMPANIES_HIDDEN or CONTACTS_HIDDEN, ConfigurationError as `read_choices`: a backfill looks up today's labels.
    """
    if entity.eligibility is None:
        return None
    facts = entity.eligibility.facts.apply(frame).frame
    target = run.landed.read_entity(f"target_{entity.name}")
    decided = decide(
        entity.eligibility.decisions,
        facts.set_index(frame.index),
        _filter(run, entity.eligibility, run.landed.manifest().choices),
        set(target["source_id"]),
        delete_inactive=bool(run.settings.options["delete_inactive"]),
        what=str(run.key),
    )
    run.folder.write_frame(_file(entity), decided.reset_index(drop=True))
    return decided


def fates_of(run: Run, entity: EntitySpec) -> Fates:
    """Tell what was decided about the records that do not travel."""
    return {} if entity.eligibility is None else fates(run.folder.read_frame(_file(entity)))


def shaped(entity: EntitySpec, accepted: pd.DataFrame, fates: Fates) -> Mapped:
    """Bring records into the target's shape. One that does not travel is no matter for a converter: it is blank where that takes it."""
    mapped = entity.mapping.apply(accepted)
    lost = sorted(fates.keys() - set(mapped.frame["source_id"]))
    blank = pd.DataFrame({"source_id": lost}, columns=mapped.frame.columns, dtype="str").fillna("")
    frame = pd.concat([mapped.frame, blank], ignore_index=True) if lost else mapped.frame
    return Mapped(frame, [one for one in mapped.rejections if one.source_id not in fates])


def _file(entity: EntitySpec) -> str:
    return f"decided_{entity.name}"


def _filter_field(run: Run, eligibility: Eligibility) -> str:
    return eligibility.source_of(run.settings.options["filter_field"], str(run.key))


def _filter(run: Run, eligibility: Eligibility, choices: Choices) -> Filter:
    fact, labels = run.settings.options["filter_field"], run.settings.options["filter_values"]
    picklist = choices.get(_filter_field(run, eligibility), {})
    return Filter(fact, chosen_values(labels, picklist, f"{fact} of {run.key}"))
