"""Features can be taken out: without the folder of one, but for its ports, the tests of integrations that do not use it still pass."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import crosswalk
from crosswalk.engine.hooks import Feature
from crosswalk.integrations.features import FEATURES
from crosswalk.integrations.specs import integration_names, load_spec

PACKAGE = Path(crosswalk.__file__).parent
TESTS = Path(__file__).parents[1] / "integrations"

RUNS = {
    "carriers_to_fmo": "carriers_to_fmo/test_ingest.py::test_three_kinds_of_file_become_one_book_and_the_next_hour_does_nothing",
    "crm_to_flex": "crm_to_flex/test_flex_runs.py::test_nothing_is_written_before_somebody_decided_and_everything_waits",
    "crm_to_mindmatrix": "crm_to_mindmatrix/test_runs.py::test_a_deleted_contact_is_put_back_by_an_undo_and_the_next_run_asks",
    "fmo_to_agent_crm": "fmo_to_agent_crm/test_provisioning.py::test_a_dry_run_makes_nothing_and_says_what_would_go",
    "smartoffice_to_emoney": "smartoffice_to_emoney/test_export.py::test_who_is_asked_for_is_created_with_the_spouse_and_nobody_else",
    "smartoffice_to_emoney_holdings": "smartoffice_to_emoney/test_holdings.py::"
    "test_what_a_person_chose_is_linked_as_classified_and_nothing_else",
    "smartoffice_to_fmg": "smartoffice_to_fmg/test_retry_and_drift.py::test_a_retry_delivers_the_corrected_record_and_nothing_else",
}
"""A test of whole runs per integration; with --full all tests of its file."""

KEPT = {"__init__.py", "ports.py"}
"""Ports stay: a system that can more than one integration needs implements them, such as SmartOffice the write-back's notes."""

TAKEN_ALONG = {"optouts": ("optouts", "writeback")}
"""The write-back adds to the list of opt-outs: the one feature that needs another."""


def without(features: tuple[str, ...], folder: Path) -> Path:
    """Copy the package and take the features' folders out, with their lines in the tuple of features."""
    copied = folder / "crosswalk"
    shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    for feature in features:
        for path in (copied / "features" / feature).iterdir():
            if path.name not in KEPT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    declared = copied / "integrations" / "features.py"
    modules = tuple(f"crosswalk.features.{feature}." for feature in features)
    text = declared.read_text(encoding="utf-8")
    gone = [
        name.name
        for node in ast.parse(text).body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(modules)
        for name in node.names
    ]
    lines = [line for line in text.splitlines() if not any(module in line for module in modules) and line.strip(" ,") not in gone]
    declared.write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", FEATURES, ids=lambda kind: kind.section)
def test_integrations_that_do_not_use_a_feature_do_without_it(kind: type[Feature], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    gone = TAKEN_ALONG.get(kind.section, (kind.section,))
    others = [name for name in integration_names() if all(one.section not in gone for one in load_spec(name).features)]
    assert others and set(RUNS) == set(integration_names())
    full = request.config.getoption("--full")
    chosen = [f"{TESTS}/{RUNS[name].partition('::')[0] if full else RUNS[name]}" for name in others]
    library = without(gone, tmp_path / "lib")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *chosen]
    environment = {**os.environ, "PYTHONPATH": str(library), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, cwd=TESTS.parents[1], env=environment, capture_output=True, text=True, timeout=290, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
