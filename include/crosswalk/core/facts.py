"""What a decision needs to know of a record, whichever CRM it comes from: facts.csv names it, a mapping table by CRM says where it stands.

A CRM's table is mapping_<system>.csv beside the integration's other tables, or, for a CRM that brings it along, in the system's own
folder as mapping_<integration>.csv. Its targets are the facts and the fields of the target system.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from crosswalk.core.fields import Field, scan_fields
from crosswalk.core.lookups import Lookups, scan_lookups
from crosswalk.core.mapping import MappingTable
from crosswalk.core.mapping_checks import Surroundings, scan_mapping
from crosswalk.core.suggestions import did_you_mean, quoted
from crosswalk.errors import ConfigurationError, Problem

FACTS = "facts.csv"
LOOKUPS = "lookups.csv"


@dataclass(frozen=True)
class CrmTables:
    """One CRM's tables for one entity. facts: gives the facts and `shared`, a field of both; records: gives the target's fields."""

    system: str
    facts: MappingTable
    records: MappingTable

    def source_of(self, fact: str) -> str:
        """Name the source field behind a fact, which the CRM's picklists go by. Raises ConfigurationError FILTER_UNMAPPED."""
        source = next((row.source for row in self.facts.sent if row.target == fact), "")
        if not source:
            raise ConfigurationError(
                "FILTER_UNMAPPED",
                doing=f"looking for {fact} of {self.system}",
                found="its mapping table says nothing of it",
                fix="choose by another field, or map it",
            )
        return source


def crm_systems(folder: Path, systems: Path | None = None) -> list[str]:
    """Name the CRMs an integration reads from: those with a mapping table. folder: the integration's."""
    known = (systems or _systems()).glob("*/fields.csv")
    return sorted(path.parent.name for path in known if mapping_path(path.parent.name, folder, systems).is_file())


def mapping_path(system: str, folder: Path, systems: Path | None = None) -> Path:
    """Say where a CRM's mapping table is, or would be."""
    beside = folder / f"mapping_{system}.csv"
    return beside if beside.is_file() else (systems or _systems()) / system / f"mapping_{folder.name}.csv"


def load_crm(
    system: str, target: str, folder: Path, *, entity: str = "contact", shared: str = "email", systems: Path | None = None
) -> CrmTables:
    """Read and check one CRM's mapping table. shared: the target field that decisions look at as well.

    Raises ConfigurationError with every problem found (MAP_…), SPEC_UNKNOWN_SYSTEM for a system that is no CRM of the integration.
    """
    known = crm_systems(folder, systems)
    if system not in known:
        found, fix = f"{quoted(system)} has no mapping table for it{did_you_mean(system, known)}", f"choose among {', '.join(known)}"
        raise ConfigurationError("SPEC_UNKNOWN_SYSTEM", doing=f"reading the CRMs of {folder.name}", found=found, fix=fix)
    home = systems or _systems()
    facts, problems = scan_fields(folder / FACTS, FACTS)
    both = [scan_fields(home / name / "fields.csv", f"{name}/fields.csv") for name in (system, target)]
    lookups, found_problems = scan_lookups(folder / LOOKUPS) if (folder / LOOKUPS).is_file() else (Lookups({}), [])
    problems += [*found_problems, *both[0][1], *both[1][1]]
    source, fields = (one[0].get(entity, {}) for one in both)
    wanted = facts.get(entity, {})
    path = mapping_path(system, folder, systems)
    around = Surroundings(path.name, entity, source, {**_optional(wanted), **fields}, lookups)
    table, found_here = scan_mapping(path, around)
    problems += [*found_here, *_fact_problems(table, wanted, fields, path.name)]
    if problems:
        raise ConfigurationError.from_problems(f"reading the tables of {system} for {folder.name}", problems)
    return CrmTables(system, _only(table, {*wanted, shared}), _only(table, set(fields)))


def _optional(facts: Mapping[str, Field]) -> dict[str, Field]:
    """A fact may be blank in a record; `required` says that it has to be mapped."""
    return {name: replace(field, required=False) for name, field in facts.items()}


def _fact_problems(table: MappingTable, facts: Mapping[str, Field], fields: Mapping[str, Field], place: str) -> Iterator[Problem]:
    for name in sorted(facts.keys() & fields.keys()):
        yield Problem("MAP_TARGET_TWICE", FACTS, f"{name} is a fact and a field of the target", "give the fact another name")
    for name, fact in facts.items():
        if fact.required and name not in table.target_names:
            yield Problem("MAP_KEY_MISSING", place, f"the fact {name} is not mapped", "say which source field holds it")


def _only(table: MappingTable, targets: set[str]) -> MappingTable:
    rows = tuple(row for row in table.rows if row.target in targets)
    return replace(table, rows=rows)


def _systems() -> Path:
    return Path(str(resources.files("crosswalk.systems")))
