"""Write the decision table of an integration into its README, between two marks, from decision.csv and decision_inputs.csv.

python docs/decision_page.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import crosswalk
from crosswalk.core.csv_reader import read_table
from crosswalk.features.eligibility.decision_table import DECISIONS, INPUTS, DecisionTable, load_decisions

INTEGRATIONS = Path(crosswalk.__file__).parent / "integrations"
BLOCK = re.compile(r"<!-- decisions -->\n.*?<!-- /decisions -->", re.DOTALL)


def pages() -> Iterator[tuple[Path, str]]:
    """Give each README with a decision table, and its text as it should be."""
    for path in sorted(INTEGRATIONS.glob(f"*/{DECISIONS}")):
        page = path.with_name("README.md")
        block = f"<!-- decisions -->\n{rendered(path.parent)}\n<!-- /decisions -->"
        yield page, BLOCK.sub(lambda _, block=block: block, page.read_text(encoding="utf-8"))


def rendered(folder: Path) -> str:
    """The inputs with their meanings, and one row a decision."""
    table = load_decisions(folder)
    meanings = [
        f"| {row['input']} | {row['value']} | {row['meaning']} |" for row in read_table(folder / INPUTS, ("input", "value", "meaning"))
    ]
    lines = ["| input | value | means |", "|---|---|---|", *meanings, "", *_decisions(table)]
    return "\n".join(lines)


def _decisions(table: DecisionTable) -> Iterator[str]:
    yield "| " + " | ".join([*(name.replace("_", " ") for name in table.inputs), "outcome", "reason", ""]) + " |"
    yield "|" + "---|" * (len(table.inputs) + 3)
    for one in table.decisions:
        cells = ["any" if one.allowed[name] == values else " or ".join(one.allowed[name]) for name, values in table.inputs.items()]
        yield "| " + " | ".join([*cells, f"**{one.outcome}**", f"`{one.reason}`", one.note]) + " |"


if __name__ == "__main__":
    for page, text in pages():
        page.write_text(text, encoding="utf-8")
