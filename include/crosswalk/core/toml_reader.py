"""Read our own TOML documents section by section, so that one mistake does not hide another."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from crosswalk.core.csv_reader import scan_text
from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.errors import Problem

Section = TypeVar("Section", bound=BaseModel)


def scan_toml(path: Path, place: str, prefix: str) -> tuple[dict[str, Any], list[Problem]]:
    """Read a TOML file. Problem codes begin with the prefix (SPEC, ACCOUNT)."""
    text, problems = scan_text(path, place, prefix)
    if problems:
        return {}, problems
    try:
        return tomllib.loads(text), []
    except tomllib.TOMLDecodeError as error:
        found = f"not TOML: {error}"
    except (ValueError, RecursionError):
        found = "not TOML we could want: a number too long or too many brackets"
    return {}, [Problem(f"{prefix}_SYNTAX", place, found)]


def scan_section(model: type[Section], data: Any, place: str, prefix: str) -> tuple[Section | None, list[Problem]]:
    """Check one table of a document against its model; None when it cannot be used. An unknown key alone does not make it unusable."""
    section, problems, wrong = _scan(model, data, place, prefix)
    return (None if wrong else section), problems


def scan_usable(model: type[Section], data: Any, place: str, prefix: str, instead: Mapping[str, Any]) -> tuple[Section, list[Problem]]:
    """As `scan_section`, with what `instead` holds in the place of values that are missing or wrong."""
    section, problems, _ = _scan(model, data, place, prefix, instead)
    return section, problems


def _scan(
    model: type[Section], data: Any, place: str, prefix: str, instead: Mapping[str, Any] = MappingProxyType({})
) -> tuple[Section, list[Problem], bool]:
    if not isinstance(data, Mapping):
        problem = Problem(f"{prefix}_TYPE", place, "not a table of keys and values")
        return model.model_construct(**instead), [problem], True
    known = list(model.model_fields)
    problems = [unknown_key(name, known, place, prefix) for name in data if name not in known]
    values = {name: value for name, value in data.items() if name in known}
    try:
        return model.model_validate(values), problems, False
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
    wrong = {fault["loc"][0] for fault in faults}
    usable = {name: value for name, value in values.items() if name not in wrong}
    return model.model_construct(**{**instead, **usable}), problems + [_problem(dict(fault), place, prefix) for fault in faults], True


def unknown_key(name: str, known: list[str], place: str, prefix: str) -> Problem:
    """Name a key that means nothing here."""
    found = f"unknown key {quoted(name)}{did_you_mean(name, known)}"
    return Problem(f"{prefix}_UNKNOWN_KEY", place, found, f"use the keys {', '.join(known)}")


def _problem(fault: dict[str, Any], place: str, prefix: str) -> Problem:
    where = " ".join([place, *map(str, fault["loc"])])
    if fault["type"] == "missing":
        return Problem(f"{prefix}_MISSING_KEY", where, "the key is missing")
    return Problem(f"{prefix}_TYPE", where, str(fault["msg"]))
