"""The rules of one entity: the expectations of its spec and those its mapping table and the target's fields imply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosswalk.core.spec.expectations import EMAIL_KEY, SOURCE_ID, Expectation

if TYPE_CHECKING:
    from crosswalk.core.spec.model import EntitySpec

ALL_TEXT = "all text fields"
"""Derived column: every mapped text field of the record, joined, so that one rule looks at all of them."""

CONTROL_CHARACTERS = "[\x00-\x1f\x7f-\x9f]"
"""C0 and C1 controls, in a form both Python and RE2 read. Lone surrogates are made U+0000 before the rule runs."""

_FREE_TEXT = {"text", "email", "phone"}
_MEASURED = {"text", "email"}  # converters that give the text they take, trimmed


@dataclass(frozen=True, eq=False)
class Rule:
    """One expectation, with where it points in the source.

    fields: the source fields a failure is laid at, with the type their value is masked as.
    """

    expectation: Expectation
    fields: tuple[tuple[str, str], ...]


def rules_of(entity: EntitySpec) -> list[Rule]:
    """List the rules of one entity: the spec's in their order, then the derived ones."""
    kinds = _kinds(entity)
    stated = [Rule(one, _pointed_at(one, entity, kinds)) for one in entity.expectations]
    return [*stated, *_bad_character(entity, kinds), *_too_long(entity, kinds)]


def text_columns(entity: EntitySpec) -> list[str]:
    """Name the mapped source fields that hold free text, each once, in the order of the table."""
    return [column for column in entity.mapping.source_names if entity.source_fields[column].type in _FREE_TEXT]


def _kinds(entity: EntitySpec) -> dict[str, str]:
    """What each mapped source field becomes in the target: the type its value is masked as."""
    return {column: entity.target_fields[row.target].type for row in entity.mapping.sent for column in row.sources}


def _pointed_at(one: Expectation, entity: EntitySpec, kinds: dict[str, str]) -> tuple[tuple[str, str], ...]:
    column = entity.unique_source if one.column == EMAIL_KEY else one.column
    return ((column, "ids" if column == SOURCE_ID else kinds.get(column, "text")),)


def _bad_character(entity: EntitySpec, kinds: dict[str, str]) -> Iterator[Rule]:
    columns = text_columns(entity)
    if columns:
        yield Rule(
            Expectation(
                entity=entity.name,
                type="expect_column_values_to_not_match_regex",
                column=ALL_TEXT,
                code="SRC_BAD_CHARACTER",
                severity="warning",
                message="the text holds a control character",
                fix="type the value again in the source record; it was probably pasted from another program",
                survivor="",
                kwargs={"regex": CONTROL_CHARACTERS},
            ),
            tuple((column, kinds[column]) for column in columns),
        )


def _too_long(entity: EntitySpec, kinds: dict[str, str]) -> Iterator[Rule]:
    for row in entity.mapping.sent:
        most = entity.target_fields[row.target].max_length
        if most is None or len(row.sources) != 1 or row.convert not in _MEASURED:
            continue
        column = row.sources[0]
        yield Rule(
            Expectation(
                entity=entity.name,
                type="expect_column_value_lengths_to_be_between",
                column=column,
                code="FIELD_TOO_LONG",
                severity="warning",
                message=f"the value is longer than the {most} characters the target takes",
                fix=f"shorten {column} in the source record",
                survivor="",
                kwargs={"max_value": most},
            ),
            ((column, kinds[column]),),
        )
