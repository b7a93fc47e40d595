"""The fields a system has, as its fields.csv declares them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from crosswalk.core.csv_reader import TableRow, scan_table
from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.errors import ConfigurationError, Problem

COLUMNS = ("entity", "field", "type", "max_length", "required", "note")
FIELD_TYPES = ("text", "email", "phone", "date", "code", "ids", "flag", "money")

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_FORBIDDEN = re.compile(
    r"(^|_)(ssn|ss_(n|no|nr|num|number)|social_security|tax(payer)?_?(id|identification)|tin|itin|passport"
    r"|(driver|drivers)_licen[cs]e|(credit_)?card_(no|number)|bank_account)(_|$)"
)


@dataclass(frozen=True)
class Field:
    """One field. type: one of FIELD_TYPES; a flag is "true", "false" or "".

    max_length: in characters, None when the system names no limit.
    """

    name: str
    type: str
    max_length: int | None = None
    required: bool = False


def load_fields(system: str) -> dict[str, dict[str, Field]]:
    """Read systems/<system>/fields.csv as {entity: {field name: Field}}. Raises ConfigurationError with every problem."""
    known = system_names()
    if system not in known:
        raise ConfigurationError(
            "SPEC_UNKNOWN_SYSTEM",
            operation="reading the fields of a system",
            problem=f"no system is named {quoted(system)}{did_you_mean(system, known)}",
            next_step=f"choose among {', '.join(known)}",
        )
    fields, problems = scan_fields(systems_folder() / system / "fields.csv", f"{system}/fields.csv")
    if problems:
        raise ConfigurationError.from_problems(f"reading the fields of {system}", problems)
    return fields


def system_names() -> list[str]:
    """Name every system that declares fields."""
    return sorted(path.parent.name for path in systems_folder().glob("*/fields.csv"))


def scan_fields(path: Path, place: str) -> tuple[dict[str, dict[str, Field]], list[Problem]]:
    """Read one fields.csv; return what could be read and what is wrong."""
    rows, problems = scan_table(path, COLUMNS, place)
    fields: dict[str, dict[str, Field]] = {}
    for row in rows:
        found = _fault(row, fields)
        if found:
            problems.append(Problem("MAP_TYPE", f"{place} row {row.number}", found))
            continue
        length = int(row["max_length"]) if row["max_length"] else None
        fields.setdefault(row["entity"], {})[row["field"]] = Field(row["field"], row["type"], length, row["required"] == "yes")
    return fields, problems


def is_forbidden(name: str) -> bool:
    """Tell whether a field name says that it holds a social security, tax, passport, licence, card or bank account number."""
    return bool(_FORBIDDEN.search("_".join(_WORDS.findall(name)).lower()))


def systems_folder() -> Path:
    """Return the folder that holds a folder for each system."""
    return Path(str(resources.files("crosswalk.systems")))


def _fault(row: TableRow, fields: dict[str, dict[str, Field]]) -> str:
    if not row["entity"] or not row["field"]:
        return "entity or field is blank"
    if row["field"] in fields.get(row["entity"], {}):
        return f"{row['entity']} has the field {quoted(row['field'])} twice"
    if row["type"] not in FIELD_TYPES:
        return f"unknown type {quoted(row['type'])}{did_you_mean(row['type'], FIELD_TYPES)}"
    if row["max_length"] and not re.fullmatch(r"[1-9][0-9]{0,5}", row["max_length"]):
        return "max_length is not a number of characters"
    return "" if row["required"] in ("yes", "no") else f"required is {quoted(row['required'])}, not 'yes' or 'no'"
