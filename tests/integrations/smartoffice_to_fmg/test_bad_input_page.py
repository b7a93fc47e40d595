"""docs/bad-input.md has every row of the bar, and what it calls tested is the id of a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PAGE = (ROOT / "docs" / "bad-input.md").read_text(encoding="utf-8")
ROWS = {row: (what, tests) for row, what, tests in re.findall(r"^\| ([SMC]\d+) \|[^|]+\| ([^|]+) \|([^|]*)\|$", PAGE, re.MULTILINE)}


def test_every_row_of_the_bar_is_there() -> None:
    expected = [f"{section}{number}" for section, last in (("S", 36), ("M", 32), ("C", 34)) for number in range(1, last + 1)]
    assert list(ROWS) == expected


def test_every_row_has_a_test_or_a_reason() -> None:
    for row, (what, tests) in ROWS.items():
        assert ("does not apply: " in what) is (not tests.strip()), row


def test_what_is_called_tested_is_the_id_of_a_test() -> None:
    for row, (_, tests) in ROWS.items():
        for reference in re.findall(r"`([^`]+)`", tests):
            path, _, function = reference.partition("::")
            tree = ast.parse((ROOT / path if "/" in path else HERE / path).read_text(encoding="utf-8"))
            names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
            assert function in names if function else row in texts, (row, reference)
