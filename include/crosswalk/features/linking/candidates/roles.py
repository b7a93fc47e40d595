"""Which columns of a frame are compared, and as what: the table candidates.csv of an integration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crosswalk.core.csv_reader import read_table
from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.errors import ConfigurationError, Problem

COLUMNS = ("entity", "field", "compared_as", "note")
KINDS: Mapping[str, tuple[str, ...]] = {
    "contact": ("email", "phone", "first", "last", "company"),
    "company": ("website", "phone", "name", "city"),
}
"""What the fields of each kind of record may be compared as."""
SEVERAL = ("email", "phone", "website")
"""What a record may have in several fields; of the others one field at most."""


@dataclass(frozen=True)
class Roles:
    """What is compared of one kind of record. fields: role → columns, the same on both sides; a role may be missing."""

    kind: str
    fields: Mapping[str, tuple[str, ...]]

    def columns(self, role: str) -> tuple[str, ...]:
        """Name the columns of a role, () for none."""
        return self.fields.get(role, ())


def load_roles(path: Path) -> dict[str, Roles]:
    """Read candidates.csv by entity. Raises ConfigurationError with every problem (MAP_…)."""
    fields: dict[str, dict[str, tuple[str, ...]]] = {}
    problems: list[Problem] = []
    for row in read_table(path, COLUMNS):
        found = _fault(row["entity"], row["compared_as"], fields)
        if found:
            problems.append(Problem("MAP_TYPE", f"{path.name} row {row.number}", found))
            continue
        roles = fields.setdefault(row["entity"], {})
        roles[row["compared_as"]] = (*roles.get(row["compared_as"], ()), row["field"])
    if problems:
        raise ConfigurationError.from_problems(f"reading the table {path.name}", problems)
    return {entity: Roles(entity, roles) for entity, roles in fields.items()}


def scan_roles(path: Path) -> tuple[dict[str, Roles], list[Problem]]:
    """Read candidates.csv by entity, with what is wrong in it."""
    try:
        return load_roles(path), []
    except ConfigurationError as error:
        return {}, [*error.problems] or [Problem(error.code, path.name, error.problem, error.next_step)]


def _fault(entity: str, role: str, fields: Mapping[str, Mapping[str, tuple[str, ...]]]) -> str:
    if entity not in KINDS:
        return f"unknown entity {quoted(entity)}{did_you_mean(entity, KINDS)}"
    if role not in KINDS[entity]:
        return f"a {entity} is not compared as {quoted(role)}{did_you_mean(role, KINDS[entity])}"
    return f"a {entity} has one {role} at most" if role not in SEVERAL and role in fields.get(entity, {}) else ""
