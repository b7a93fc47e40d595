"""Value tables: this code of the source means that value of the target."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from crosswalk.core.csv_reader import scan_table
from crosswalk.core.did_you_mean import quoted
from crosswalk.errors import ConfigurationError, Problem

COLUMNS = ("lookup", "source", "target", "note")


@dataclass(frozen=True)
class Lookups:
    """The value tables of one integration by name: {lookup: {source value: target value}}."""

    tables: Mapping[str, Mapping[str, str]]

    @classmethod
    def load(cls, path: Path) -> Lookups:
        """Read lookups.csv. Raises ConfigurationError with every problem."""
        lookups, problems = scan_lookups(path)
        if problems:
            raise ConfigurationError.from_problems(f"reading the value tables of {path.name}", problems)
        return lookups

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.tables)

    def get(self, name: str) -> Mapping[str, str]:
        """Return one value table. Raises KeyError for a name that is not in `names`."""
        return self.tables[name]

    def unused(self, used: Iterable[str]) -> tuple[str, ...]:
        """Name the value tables that nothing refers to."""
        return tuple(sorted(set(self.tables) - set(used)))

    def digest(self, name: str) -> str:
        """Return the sha256 of one value table; the order of its rows does not matter."""
        return sha256(json.dumps(self.get(name), sort_keys=True).encode()).hexdigest()


def scan_lookups(path: Path) -> tuple[Lookups, list[Problem]]:
    """Read lookups.csv; return what could be read and what is wrong."""
    rows, problems = scan_table(path, COLUMNS)
    tables: dict[str, dict[str, str]] = {}
    for row in rows:
        place = f"{path.name} row {row.number}"
        table = tables.setdefault(row["lookup"], {})
        if not row["lookup"].strip() or not row["source"].strip():
            problems.append(Problem("MAP_VALUE_BLANK", place, "lookup or source is blank"))
        elif row["source"].strip() in table:
            found = f"lookup {quoted(row['lookup'])} has the value {quoted(row['source'])} twice"
            problems.append(Problem("MAP_VALUE_TWICE", place, found))
        else:
            table[row["source"].strip()] = row["target"].strip()
    return Lookups(tables), problems
