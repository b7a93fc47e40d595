"""Great Expectations behind its one function: a rule that cannot run is never a pass, and nothing is said that should not be."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crosswalk.core.spec.expectations import Expectation
from crosswalk.core.spec.model import EntitySpec
from crosswalk.errors import DataError
from crosswalk.validation.suite import validate

RULE = Expectation(
    "group", "expect_column_values_to_match_regex", "Name", "NAME_STYLE", "warning", "odd", "rename it", "", {"regex": "^[A-Z]"}
)

QUIET = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
import pandas as pd
from crosswalk.integrations.specs import load_spec
from crosswalk.validation.suite import validate
print("great_expectations" in sys.modules)
frame = pd.DataFrame({"source_id": ["TagGroup.7.1"], "Name": ["canary-name-41"]}, dtype="str")
print(len(validate(load_spec("smartoffice_to_fmg").entity("group"), frame, None).accepted))
print("great_expectations" in sys.modules)
"""


@pytest.mark.parametrize(
    "broken",
    [
        {"kwargs": {"regex": "("}},
        {"kwargs": {"regex": "x", "nonsense": 1}},
        {"type": "expect_column_values_to_be_splendid"},
        {"column": "Nome"},
        {"type": "expect_column_values_to_be_between", "kwargs": {"min_value": 3}},
    ],
    ids=["bad regex", "unknown argument", "unknown expectation", "no such column", "type it cannot compare"],
)
def test_a_rule_that_cannot_run_stops_the_run(group: EntitySpec, broken: dict[str, Any]) -> None:
    frame = pd.DataFrame({"source_id": ["TagGroup.7.1"], "Name": ["canary-name-41"]}, dtype="str")
    with pytest.raises(DataError) as raised:
        validate(replace(group, expectations=(RULE, replace(RULE, code="BROKEN_ONE", **broken))), frame, None)
    assert raised.value.code == "VALIDATION_RULE_BROKEN"
    assert "BROKEN_ONE" in raised.value.problem
    assert "NAME_STYLE" not in raised.value.problem
    assert "canary-name-41" not in str(raised.value)


def test_every_broken_rule_is_named(group: EntitySpec) -> None:
    frame = pd.DataFrame({"source_id": [""], "Name": [""]}, dtype="str")
    rules = tuple(replace(RULE, code=f"BROKEN_{number}", column=f"Nome{number}") for number in range(3))
    with pytest.raises(DataError, match=r"BROKEN_0.*BROKEN_1.*BROKEN_2"):
        validate(replace(group, expectations=rules), frame, None)


def test_the_library_is_loaded_late_and_keeps_quiet(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, cwd=tmp_path, check=True, timeout=120)
    assert done.stdout.split() == ["False", "1", "True"]
    assert not [line for line in done.stderr.splitlines() if "great_expectations" in line or "%|" in line]
    assert "canary-name-41" not in done.stderr
    assert list(tmp_path.iterdir()) == []
