"""Read a mapping table and check it as a whole, before anything is read from a system. Every problem is named, not only the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from crosswalk.core.converters import CONVERTERS, Converter, lookup_converter
from crosswalk.core.csv_reader import TableRow, scan_table
from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.core.lookups import Lookups
from crosswalk.core.mapping import BLANKS, CLEAR, MappingRow, MappingTable
from crosswalk.core.system_schema import Field, is_forbidden
from crosswalk.errors import Problem

COLUMNS = ("target", "source", "convert", "required", "blank", "note")
LOOKUP = "lookup:"
READS = {
    "text": {"text", "email", "phone"},
    "code": {"code", "text"},
    "date": {"date"},
    "ids": {"ids"},
    "flag": {"flag"},
    "money": {"money"},
}
"""Which field types a converter may be given for each type it takes."""


@dataclass(frozen=True)
class Surroundings:
    """What a table is checked against. place: how messages name the file."""

    place: str
    entity: str
    source: Mapping[str, Field]
    target: Mapping[str, Field]
    lookups: Lookups

    def converter(self, name: str) -> Converter | None:
        """Find a converter by the text of a `convert` cell."""
        lookup = name.removeprefix(LOOKUP)
        if name.startswith(LOOKUP) and lookup in self.lookups.names:
            return lookup_converter(lookup, self.lookups.get(lookup))
        return CONVERTERS.get(name)


def scan_mapping(path: Path, around: Surroundings) -> tuple[MappingTable, list[Problem]]:
    """Read one mapping table; return what could be read and what is wrong."""
    table_rows, problems = scan_table(path, COLUMNS)
    rows = tuple(_row(row) for row in table_rows)
    for raw, row in zip(table_rows, rows, strict=True):
        place = f"{around.place} row {row.number}"
        problems += [Problem(code, place, found, fix) for code, found, fix in _row_faults(raw, row, around)]
    if table_rows:
        problems += [Problem(code, around.place, found, fix) for code, found, fix in _table_faults(rows, around)]
    return _table(rows, around), problems


def lookup_names(table: MappingTable) -> set[str]:
    """Name the value tables that a mapping table refers to."""
    return {row.convert.removeprefix(LOOKUP) for row in table.sent if row.convert.startswith(LOOKUP)}


Fault = tuple[str, str, str]
"""Code, what was found, what to do."""


def _row(row: TableRow) -> MappingRow:
    return MappingRow(row.number, row["target"], row["source"], row["convert"], row["required"] == "yes", row["blank"], row["note"])


def _table(rows: tuple[MappingRow, ...], around: Surroundings) -> MappingTable:
    converters = {row.target: found for row in rows if row.target and (found := around.converter(row.convert))}
    used = sorted({row.convert.removeprefix(LOOKUP) for row in rows if row.convert.startswith(LOOKUP)})
    digests = {name: around.lookups.digest(name) for name in used if name in around.lookups.names}
    return MappingTable(around.entity, rows, converters, around.source, digests)


def _row_faults(raw: TableRow, row: MappingRow, around: Surroundings) -> Iterator[Fault]:
    yield from _source_faults(row, around)
    if not row.target:
        if not row.note.strip():
            yield "MAP_NOTE_MISSING", f"{quoted(row.source)} is not sent and nothing says why", "say why in the note, or name a target"
        return
    yield from _target_faults(row, around)
    yield from _cell_faults(raw)
    yield from _converter_faults(row, around)
    yield from _blank_faults(row, around)


def _source_faults(row: MappingRow, around: Surroundings) -> Iterator[Fault]:
    for name in row.sources:
        if row.target and is_forbidden(name):
            yield "MAP_FORBIDDEN_FIELD", f"source field {quoted(name)} may not leave its system", "remove the row"
        elif name not in around.source:
            found = f"unknown source field {quoted(name)}{did_you_mean(name, around.source)}"
            yield "MAP_UNKNOWN_SOURCE", found, f"use a field of the source's fields.csv for {around.entity}"


def _target_faults(row: MappingRow, around: Surroundings) -> Iterator[Fault]:
    if is_forbidden(row.target):
        yield "MAP_FORBIDDEN_FIELD", f"target field {quoted(row.target)} may not be filled", "remove the row"
    elif row.target not in around.target:
        found = f"unknown target field {quoted(row.target)}{did_you_mean(row.target, around.target)}"
        yield "MAP_UNKNOWN_TARGET", found, f"use a field of the target's fields.csv for {around.entity}"


def _cell_faults(raw: TableRow) -> Iterator[Fault]:
    if raw["required"] not in ("yes", "no"):
        yield "MAP_TYPE", f"required is {quoted(raw['required'])}", "write 'yes' or 'no'"
    if raw["blank"] not in BLANKS:
        yield "MAP_TYPE", f"blank is {quoted(raw['blank'])}{did_you_mean(raw['blank'], BLANKS)}", f"write one of {', '.join(BLANKS)}"


def _converter_faults(row: MappingRow, around: Surroundings) -> Iterator[Fault]:
    source = [around.source[name].type for name in row.sources if name in around.source]
    target = around.target[row.target].type if row.target in around.target else ""
    converter = around.converter(row.convert)
    if not row.convert and target and [target] != source:
        yield "MAP_TYPE", f"{' and '.join(source) or 'nothing'} does not become {target} by itself", "name a converter"
    elif converter is None:
        known = [*CONVERTERS, *(LOOKUP + name for name in around.lookups.names)]
        found = f"unknown converter {quoted(row.convert)}{did_you_mean(row.convert, known)}"
        yield "MAP_UNKNOWN_TRANSFORM", found, f"use one of {', '.join(known)}; expressions are never evaluated"
    elif len(converter.takes) != len(row.sources):
        found = f"{converter.name} takes {len(converter.takes)} source field(s), the row names {len(row.sources)}"
        yield "MAP_ARITY", found, 'join several source fields by " + "'
    else:
        yield from _type_faults(converter, row, around, target)


def _type_faults(converter: Converter, row: MappingRow, around: Surroundings, target: str) -> Iterator[Fault]:
    for name, taken in zip(row.sources, converter.takes, strict=True):
        if name in around.source and around.source[name].type not in READS[taken]:
            yield "MAP_TYPE", f"{converter.name} takes {taken}, {name} is {around.source[name].type}", "name another converter"
    if target and converter.gives != target:
        yield "MAP_TYPE", f"{converter.name} gives {converter.gives}, {row.target} is {target}", "name another converter"


def _blank_faults(row: MappingRow, around: Surroundings) -> Iterator[Fault]:
    needed = row.target in around.target and around.target[row.target].required
    if needed and not row.required:
        yield "MAP_REQUIRED_BLANK", f"{row.target} is required, a blank source would blank it", "write 'yes' in required"
    if row.required and row.blank in BLANKS and row.blank != CLEAR:
        yield "MAP_REQUIRED_BLANK", f"a required source has no blank to {row.blank}", f"write '{CLEAR}' in blank"
    lookup = row.convert.removeprefix(LOOKUP)
    if row.required and row.convert.startswith(LOOKUP) and lookup in around.lookups.names:
        blanking = sum(value == "" for value in around.lookups.get(lookup).values())
        if blanking:
            yield "MAP_REQUIRED_BLANK", f"{blanking} value(s) of lookup {quoted(lookup)} blank a required field", "fill in their target"


def _table_faults(rows: tuple[MappingRow, ...], around: Surroundings) -> Iterator[Fault]:
    targets = [row.target for row in rows if row.target]
    for name in sorted({name for name in targets if targets.count(name) > 1}):
        yield "MAP_TARGET_TWICE", f"target field {quoted(name)} is filled by {targets.count(name)} rows", "keep one of them"
    for name, declared in around.target.items():
        if declared.required and name not in targets:
            yield "MAP_KEY_MISSING", f"required target field {name} is not mapped", "map a source field to it"
    sent = {name for row in rows if row.target for name in row.sources}
    ignored = {name for row in rows if not row.target for name in row.sources}
    for name in sorted(sent & ignored):
        yield "MAP_SOURCE_UNMAPPED", f"source field {quoted(name)} is sent and said not to be sent", "keep one of the rows"
    for name in sorted(set(around.source) - sent - ignored):
        fix = "map it, or give it a row without target and with a note"
        yield "MAP_SOURCE_UNMAPPED", f"source field {name} is neither mapped nor ignored", fix
