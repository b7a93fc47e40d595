"""One carrier as its folder declares it: how its files are recognised and read (carrier.toml), its columns, its mapping table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.core.lookups import Lookups, scan_lookups
from crosswalk.core.mapping import MappingTable
from crosswalk.core.spec.mapping_checks import Surroundings, scan_mapping
from crosswalk.core.system_schema import Field, load_fields, scan_fields
from crosswalk.core.toml_reader import scan_section, scan_toml
from crosswalk.errors import ConfigurationError, Problem

DERIVED = {"policy": ("carrier",), "member": ("policy", "writing_agent_npn"), "agent": ("npn",)}
"""Fields the source fills itself: no mapping table may."""

ROW = "row"
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class _Footer(BaseModel):
    """How the row of totals is told: its first filled cell fits `label`.

    counts: the label's group `count`, or the next filled cell where it has none, is the number of rows. sum: a column whose cell there is
    the sum of the column.
    """

    model_config = ConfigDict(strict=True)

    label: Pattern
    required: bool = True
    counts: bool = False
    sum: str = ""


class _Declared(BaseModel):
    """carrier.toml, as it is written."""

    model_config = ConfigDict(strict=True)

    title: str
    kind: Literal["table", "x12_834"]
    files: Pattern
    encoding: Literal["utf-8", "windows-1252", "utf-16"] = "utf-8"
    delimiter: Literal[",", ";", "|", "\t"] = ","
    dates: list[str] = ["%Y-%m-%d"]
    header_within: int = 1
    blanks: list[str] = []
    numbers: list[str] = []
    policy_number: Pattern
    whole_book: bool = False
    every_day: bool = False
    frozen: bool = False
    broker_qualifiers: list[str] = []
    footer: _Footer | None = None


@dataclass(frozen=True)
class Carrier:
    """A carrier, checked.

    files: pattern of a file's name, with the group `date` (YYYYMMDD) where names are dated. In `declared` (carrier.toml): numbers,
    columns in which a workbook's number is its digits; whole_book, each file holds all policies, so that an agent who loses many
    holds it; every_day, a day left out holds it; frozen, a column that is not declared stops it.
    """

    name: str
    declared: _Declared
    columns: Mapping[str, Field]
    mapping: MappingTable
    files: re.Pattern[str]
    policy_number: re.Pattern[str]
    footer: re.Pattern[str] | None

    @property
    def required_columns(self) -> list[str]:
        """Columns a file has to have."""
        return [name for name, field in self.columns.items() if field.required]


@cache
def entity_fields() -> Mapping[str, Mapping[str, Field]]:
    """Give the fields of policy, member and agent, from fields.csv."""
    return load_fields("carriers")


@cache
def row_fields() -> Mapping[str, Field]:
    """Name what a mapping table of a carrier may fill: the fields of policy, member and agent, without those the source fills."""
    return {name: one for entity, fields in entity_fields().items() for name, one in fields.items() if name not in DERIVED[entity]}


def carrier_names(folder: Path | None = None) -> list[str]:
    """Name every carrier."""
    return sorted(path.parent.name for path in (folder or _carriers()).glob("*/carrier.toml"))


@cache
def load_carrier(name: str, folder: Path | None = None) -> Carrier:
    """Read and check one carrier. folder: where carriers' folders are, instead of the package.

    Raises ConfigurationError CARRIER_UNKNOWN, and one with every problem found (CARRIER_…, MAP_…).
    """
    root = folder or _carriers()
    if name not in (known := carrier_names(root)):
        raise ConfigurationError(
            "CARRIER_UNKNOWN",
            operation="looking for a carrier",
            problem=f"none is named {quoted(name)}{did_you_mean(name, known)}",
        )
    carrier, problems = _scan(name, root / name)
    if carrier is None or problems:
        raise ConfigurationError.from_problems(f"reading the carrier {name}", problems)
    return carrier


def _scan(name: str, folder: Path) -> tuple[Carrier | None, list[Problem]]:
    document, problems = scan_toml(folder / "carrier.toml", f"{name}/carrier.toml", "CARRIER")
    declared, found = scan_section(_Declared, document, f"{name}/carrier.toml", "CARRIER")
    columns, more = scan_fields(folder / "columns.csv", f"{name}/columns.csv")
    problems += [*found, *more]
    lookups = Lookups({})
    if (folder / "lookups.csv").exists():
        lookups, more = scan_lookups(folder / "lookups.csv")
        problems += more
    around = Surroundings(f"{name}/mapping.csv", ROW, columns.get(ROW, {}), row_fields(), lookups)
    mapping, more = scan_mapping(folder / "mapping.csv", around)
    problems += more
    if declared is None:
        return None, problems
    problems += _declared_problems(name, declared, mapping)
    if problems:
        return None, problems
    footer = re.compile(declared.footer.label, re.IGNORECASE) if declared.footer else None
    patterns = re.compile(declared.files, re.IGNORECASE), re.compile(declared.policy_number)
    return Carrier(name, declared, columns[ROW], mapping, *patterns, footer), []


def _declared_problems(name: str, declared: _Declared, mapping: MappingTable) -> Iterator[Problem]:
    place = f"{name}/carrier.toml"
    for key, pattern in (("files", declared.files), ("policy_number", declared.policy_number)):
        try:
            re.compile(pattern)
        except re.error:
            yield Problem("CARRIER_PATTERN", f"{place} {key}", "it is no regular expression")
    exact = {source for row in mapping.sent if row.target in ("writing_agent_npn", "policy_number") for source in row.sources}
    agents = {source for row in mapping.sent if row.target == "writing_agent_npn" for source in row.sources}
    named = [*declared.numbers, *filter(None, [declared.footer.sum] if declared.footer else [])]
    for column in named:
        if column not in mapping.source_fields:
            found = f"unknown column {quoted(column)}{did_you_mean(column, mapping.source_fields)}"
            yield Problem("CARRIER_COLUMN", place, found)
    for column in agents & set(declared.numbers):
        found = f"{column} holds the writing agent's NPN, and a number may have lost its zeros"
        yield Problem("CARRIER_NPN_NUMBER", f"{place} numbers", found)
    if not exact:
        yield Problem(
            "MAP_KEY_MISSING",
            f"{name}/mapping.csv",
            "neither policy number nor writing agent is mapped",
            "map both policy_number and writing_agent_npn",
        )
    converters = {row.target: row.convert for row in mapping.sent}
    if converters.get("writing_agent_npn", "npn") != "npn":
        fix = "write npn: anything else could widen who sees a policy"
        yield Problem("MAP_TYPE", f"{name}/mapping.csv", "the writing agent is not converted as an NPN", fix)


def _carriers() -> Path:
    return Path(str(resources.files("crosswalk.systems.carriers")))
