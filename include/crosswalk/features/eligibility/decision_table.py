"""Decision tables: what becomes of a record, by what is known of it. Rows match combinations of inputs, each exactly once.

A table is two files: the inputs with their values, and the rows. A cell holds one value of its input, several separated by a space, or
"any". Data flow: frame of inputs → outcome and reason, one row a record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from crosswalk.core.csv_reader import TableRow, scan_table
from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.core.model import Outcome
from crosswalk.errors import ConfigurationError, DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

INPUTS, DECISIONS = "decision_inputs.csv", "decision.csv"
ANY = "any"
DECIDED = (Outcome.CREATE, Outcome.UPDATE, Outcome.DELETE, Outcome.FROZEN, Outcome.EXCLUDED)
"""What a row may decide; `unchanged` and `rejected` are found out later."""

_REASON = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_SHOWN = 3  # combinations named in a message; all are counted


@dataclass(frozen=True)
class Decision:
    """One row. allowed: the values it matches, by input."""

    number: int
    allowed: Mapping[str, tuple[str, ...]]
    outcome: str
    reason: str
    note: str


@dataclass(frozen=True)
class DecisionTable:
    """A checked table. inputs: the values of each, in order. chosen: position of the row for each combination, in their order."""

    inputs: Mapping[str, tuple[str, ...]]
    decisions: tuple[Decision, ...]
    chosen: tuple[int, ...] = field(repr=False)

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Decide each record: `outcome` and `reason` on the frame's index.

        frame: a column of texts for each input. Raises DataError DECISION_INPUT for a value that is none of its input's.
        """
        import numpy as np
        import pandas as pd

        place = np.zeros(len(frame), dtype=np.intp)
        for name, values in self.inputs.items():
            codes = pd.Index(values, dtype="str").get_indexer(pd.Index(frame[name]))
            if (codes < 0).any():
                found = f"{int((codes < 0).sum())} record(s) hold something else than {', '.join(values)} in {name}"
                raise DataError("DECISION_INPUT", operation="deciding what becomes of records", problem=found)
            place = place * len(values) + codes
        rows = np.array(self.chosen, dtype=np.intp)[place]
        outcomes, reasons = (np.array([getattr(row, name) for row in self.decisions], dtype=object)[rows] for name in ("outcome", "reason"))
        return pd.DataFrame({"outcome": outcomes, "reason": reasons}, index=frame.index, dtype="str")


def load_decisions(folder: Path) -> DecisionTable:
    """Read and check both files. Raises ConfigurationError with every problem found (MAP_…)."""
    inputs, problems = _scan_inputs(folder / INPUTS)
    rows, found = scan_table(folder / DECISIONS, (*inputs, "outcome", "reason", "note")) if inputs else ([], [])
    problems += found
    decisions = tuple(_decision(row, inputs) for row in rows)
    for row, decision in zip(rows, decisions, strict=True):
        problems += _row_problems(row, decision, inputs)
    chosen: tuple[int, ...] = ()
    if not problems:
        chosen, problems = _chosen(inputs, decisions)
    if problems:
        raise ConfigurationError.from_problems(f"reading the decision table of {folder.name}", problems)
    return DecisionTable(inputs, decisions, chosen)


def _scan_inputs(path: Path) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    rows, problems = scan_table(path, ("input", "value", "meaning"))
    inputs: dict[str, tuple[str, ...]] = {}
    for row in rows:
        known = inputs.get(row["input"], ())
        if row["value"] in known or not row["input"] or row["value"] in ("", ANY) or " " in row["value"]:
            found = f"value {quoted(row['value'])} of {quoted(row['input'])} stands there twice, or is no word of its own"
            fix = f"name each value once, none of them {ANY!r}"
            problems.append(Problem("MAP_DECISION_VALUE", f"{path.name} row {row.number}", found, fix))
        inputs[row["input"]] = (*known, row["value"])
    return inputs, problems


def _decision(row: TableRow, inputs: Mapping[str, tuple[str, ...]]) -> Decision:
    allowed = {name: values if row[name] == ANY else tuple(row[name].split(" ")) for name, values in inputs.items()}
    return Decision(row.number, allowed, row["outcome"], row["reason"], row["note"])


def _row_problems(row: TableRow, decision: Decision, inputs: Mapping[str, tuple[str, ...]]) -> Iterator[Problem]:
    place = f"{DECISIONS} row {row.number}"
    for name, values in inputs.items():
        for value in decision.allowed[name]:
            if value not in values:
                found = f"{name} has no value {quoted(value)}{did_you_mean(value, values)}"
                yield Problem("MAP_DECISION_VALUE", place, found, f"use {', '.join(values)} or {ANY}")
    if decision.outcome not in DECIDED:
        found = f"outcome is {quoted(decision.outcome)}{did_you_mean(decision.outcome, DECIDED)}"
        yield Problem("MAP_DECISION_OUTCOME", place, found, f"use {', '.join(DECIDED)}")
    if not _REASON.fullmatch(decision.reason):
        yield Problem(
            "MAP_DECISION_OUTCOME", place, f"reason is {quoted(decision.reason)}", "write a reason in upper case, such as TYPE_NOT_CHOSEN"
        )


def _chosen(inputs: Mapping[str, tuple[str, ...]], decisions: tuple[Decision, ...]) -> tuple[tuple[int, ...], list[Problem]]:
    """Give the row of each combination, and a problem for what no row matches and for each two rows that match the same."""
    chosen: list[int] = []
    gaps: list[str] = []
    doubles: dict[tuple[int, int], list[str]] = {}
    for combination in product(*inputs.values()):
        named = dict(zip(inputs, combination, strict=True))
        matching = [number for number, one in enumerate(decisions) if all(value in one.allowed[name] for name, value in named.items())]
        chosen.append(matching[0] if matching else 0)
        text = ", ".join(f"{name} {value}" for name, value in named.items())
        if not matching:
            gaps.append(text)
        for other in matching[1:]:
            doubles.setdefault((decisions[matching[0]].number, decisions[other].number), []).append(text)
    problems = [Problem("MAP_DECISION_GAP", DECISIONS, f"no row matches {_listed(gaps)}")] if gaps else []
    for (first, second), texts in doubles.items():
        found = f"rows {first} and {second} both match {_listed(texts)}"
        problems.append(Problem("MAP_DECISION_OVERLAP", DECISIONS, found))
    return tuple(chosen), problems


def _listed(texts: list[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return f"{len(texts)} combination(s): {'; '.join(texts[:_SHOWN])}{more}"
