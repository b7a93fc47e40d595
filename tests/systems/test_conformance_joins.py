"""A folder that is laid beside the others joins the conformance suite, with no list edited; one that declares nothing is not overlooked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import crosswalk.systems


@pytest.fixture
def systems(tmp_path: Path) -> Path:
    """The systems of a copy of the package, with ConnectWise in it a second time as `newcrm`."""
    package = tmp_path / "include" / "crosswalk"
    shutil.copytree(Path(crosswalk.systems.__file__).parents[1], package, ignore=shutil.ignore_patterns("__pycache__", "sandbox"))
    shutil.copytree(package / "systems" / "connectwise", package / "systems" / "newcrm")
    shutil.copy(Path(__file__).with_name("test_conformance.py"), tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\nmarkers = requirement\n", encoding="utf-8")
    return package / "systems"


def run(systems: Path, *arguments: str) -> str:
    """Run the suite over a copy; returns what pytest said."""
    folder = systems.parents[2]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, "test_conformance.py"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "include")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False).stdout


def test_a_new_folder_is_put_to_the_test(systems: Path) -> None:
    said = run(systems, "-v", "-k", "newcrm and (read_ends or lost)")
    assert "test_a_read_ends_and_brings_every_record_once[newcrm] PASSED" in said
    assert "2 passed" in said


def test_a_client_that_breaks_a_promise_fails(systems: Path) -> None:
    client = systems / "newcrm" / "conformance.py"
    client.write_text(client.read_text(encoding="utf-8").replace("records=7", "records=8"), encoding="utf-8")
    assert "FAILED test_conformance.py::TestConformance::test_a_read_ends_and_brings_every_record_once[newcrm]" in run(
        systems, "-k", "ends"
    )


def test_a_folder_that_declares_nothing_is_not_overlooked(systems: Path) -> None:
    (systems / "newcrm" / "conformance.py").unlink()
    assert "No module named 'crosswalk.systems.newcrm.conformance'" in run(systems, "-k", "ends")
