"""What is expected of source records, in Great Expectations' own names, and how a spec declares it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic import Field as Constraint

from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.core.lookups import Lookups
from crosswalk.core.toml_reader import unknown_key
from crosswalk.errors import Problem

Severity = Literal["critical", "warning", "info"]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$", max_length=40)]

SOURCE_ID = "source_id"
EMAIL_KEY = "email_key"
UNIQUE = "expect_column_values_to_be_unique"
SURVIVOR = "target_then_lowest_id"


@dataclass(frozen=True)
class Expectation:
    """One rule. type and kwargs as Great Expectations names them; survivor: who keeps a value that must be unique ("" nobody).

    when: which records it is about, as values by source field ("" for blank), all of them to hold; empty: every record.
    """

    entity: str
    type: str
    column: str
    code: str
    severity: Severity
    message: str
    fix: str
    survivor: str
    kwargs: Mapping[str, Any]
    when: Mapping[str, Sequence[str]] = field(default_factory=dict)


class ExpectationSection(BaseModel):
    """The keys every [[expectations]] table has; those of its type come on top."""

    model_config = ConfigDict(strict=True)

    entity: str
    type: str
    column: str
    code: Code
    severity: Severity
    message: Text
    fix: Text
    survivor: Literal["", "target_then_lowest_id"] = ""
    when: dict[str, Annotated[list[str], Constraint(min_length=1)]] = {}


def _is_regex(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(re.compile(value))
    except re.error:
        return False


def _is_date_format(value: object) -> bool:
    if not isinstance(value, str) or "%" not in value:
        return False
    try:
        return bool(datetime.strptime(datetime(2001, 2, 3, tzinfo=UTC).strftime(value), value))  # noqa: DTZ007 only its form is tried
    except ValueError:
        return False


def _is_values(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _is_length(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


KEYS: dict[str, tuple[Callable[[object], bool], str]] = {
    "regex": (_is_regex, "a regular expression"),
    "strftime_format": (_is_date_format, "a date format such as %Y-%m-%d"),
    "value_set": (_is_values, "a list of texts"),
    "lookup": (lambda value: isinstance(value, str), "the name of a value table"),
    "min_value": (_is_length, "a number of characters"),
    "max_value": (_is_length, "a number of characters"),
}
"""What a key of an expectation must hold."""

EXPECTATIONS: dict[str, tuple[str, ...]] = {
    "expect_column_values_to_not_be_null": (),
    UNIQUE: (),
    "expect_column_values_to_be_valid_email": (),
    "expect_column_values_to_match_regex": ("regex",),
    "expect_column_values_to_not_match_regex": ("regex",),
    "expect_column_values_to_match_strftime_format": ("strftime_format",),
    "expect_column_values_to_be_in_set": ("value_set", "lookup"),
    "expect_column_value_lengths_to_be_between": ("min_value", "max_value"),
}
"""Every expectation a spec may name, and the keys of its own; at least one of them is needed."""


def own_keys(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an [[expectations]] table says beyond the keys all of them have."""
    return {name: value for name, value in section.items() if name not in ExpectationSection.model_fields}


def unknown_keys(own: Iterable[str], place: str) -> list[Problem]:
    """Name the keys that no expectation has, for one whose type cannot be looked at."""
    known = [*ExpectationSection.model_fields, *KEYS]
    return [unknown_key(name, known, place, "SPEC") for name in own if name not in KEYS]


def scan_expectation(
    section: ExpectationSection, own: Mapping[str, Any], place: str, lookups: Lookups
) -> tuple[Expectation, list[Problem]]:
    """Check the type and the keys of one expectation; its entity and column are checked by the spec."""
    problems = list(_type_problems(section, own, place, lookups))
    kwargs = {name: value for name, value in own.items() if name != "lookup"}
    if not problems and "lookup" in own:
        kwargs["value_set"] = list(lookups.get(own["lookup"]))
    return Expectation(**section.model_dump(), kwargs=kwargs), problems


def _type_problems(section: ExpectationSection, own: Mapping[str, Any], place: str, lookups: Lookups) -> Iterator[Problem]:
    allowed = EXPECTATIONS.get(section.type)
    if allowed is None:
        found = f"unknown expectation {quoted(section.type)}{did_you_mean(section.type, EXPECTATIONS)}"
        yield Problem("SPEC_UNKNOWN_EXPECTATION", place, found, f"use one of {', '.join(EXPECTATIONS)}")
        return
    if section.survivor and section.type != UNIQUE:
        yield Problem("SPEC_TYPE", f"{place} survivor", "only a rule about unique values has a survivor", "remove the key")
    if section.survivor and section.when:
        yield Problem("SPEC_TYPE", f"{place} when", "a rule with a survivor is about all records", "remove the key")
    if allowed and not set(own) & set(allowed):
        yield Problem("SPEC_MISSING_KEY", place, f"{section.type} needs {' or '.join(allowed)}")
    for name, value in own.items():
        if name == "mostly":
            fix = "remove it: a rule holds for every record; severity says what a failure means"
            yield Problem("SPEC_UNKNOWN_KEY", place, "mostly is not allowed", fix)
        elif name not in allowed:
            yield unknown_key(name, [*ExpectationSection.model_fields, *allowed], place, "SPEC")
        elif not KEYS[name][0](value):
            yield Problem("SPEC_TYPE", f"{place} {name}", f"not {KEYS[name][1]}")
        elif name == "lookup" and value not in lookups.names:
            found = f"unknown lookup {quoted(value)}{did_you_mean(value, lookups.names)}"
            yield Problem("SPEC_UNKNOWN_LOOKUP", place, found)
