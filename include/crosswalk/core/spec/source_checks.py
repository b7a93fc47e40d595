"""Which systems an integration reads from: the one it names, or every one that has a mapping table for it.

A mapping table by source is named with "{source}" in spec.toml. It stands beside spec.toml, or, of a system that brings it along, in that
system's own folder as mapping_<integration>.csv.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from crosswalk.core import system_schema as fields
from crosswalk.core.did_you_mean import quoted
from crosswalk.errors import Problem

EVERY = "*"
"""What spec.toml says in `source`: every system with a mapping table."""

BY_SOURCE = "{source}"


def source_systems(source: str, mappings: Iterable[str], integration: str, folder: Path) -> list[str]:
    """Name the systems. mappings: as the entities name their tables."""
    if source != EVERY:
        return [source] if source else []
    tables = [name for name in mappings if BY_SOURCE in name]
    known = fields.system_names() if tables else []
    return [one for one in known if all(mapping_path(name, one, integration, folder).is_file() for name in tables)]


def mapping_path(mapping: str, system: str, integration: str, folder: Path) -> Path:
    """Say where a mapping table is, or would be."""
    beside = folder / mapping.replace(BY_SOURCE, system)
    if BY_SOURCE not in mapping or beside.is_file():
        return beside
    return fields.systems_folder() / system / f"mapping_{integration}.csv"


def mapping_name_problems(mapping: str, source: str, place: str) -> Iterator[Problem]:
    """A mapping table is a CSV file beside spec.toml, one a source where there may be several."""
    if re.search(r"\.ya?ml$", mapping, re.IGNORECASE):
        yield Problem("MAP_UNSAFE", f"{place} mapping", "YAML is not read")
    elif not re.fullmatch(r"[a-z][a-z0-9_]*\.csv", mapping.replace(BY_SOURCE, "x")):
        yield Problem("SPEC_TYPE", f"{place} mapping", "not the name of a CSV file beside spec.toml", "write it as mapping.csv")
    elif (BY_SOURCE in mapping) != (source == EVERY):
        found = f"source is {quoted(source)}, and the table is {'one for each' if BY_SOURCE in mapping else 'one for all'}"
        yield Problem("SPEC_TYPE", f"{place} mapping", found, f'name a table with {BY_SOURCE} exactly where source is "{EVERY}"')
