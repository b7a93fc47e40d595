"""The house rules a command can check: sizes, names, pages that must agree with the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for room in ("include", "dags", "plugins", "benchmarks", "docs") for path in (ROOT / room).rglob("*.py")]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_can_be_read_at_a_sitting(path: Path) -> None:
    limit = 60 if path.parent.name == "dags" else 300
    assert len(path.read_text(encoding="utf-8").splitlines()) <= limit
    assert path.stem not in {"utils", "util", "helpers", "common", "misc", "manager"}


def test_nothing_catches_everything_or_touches_the_path() -> None:
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert "sys.path" not in text, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ExceptHandler):
                assert not (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}), path
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                assert not any(module.split(".")[0] == "include" for module in modules), path


def test_tests_name_requirements_that_exist() -> None:
    known = set(re.findall(r"^\| ([A-Z]+-\d+) \|", (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8"), re.MULTILINE))
    used = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for marker in re.findall(r"mark\.requirement\(([^)]*)\)", path.read_text(encoding="utf-8")):
            used |= set(re.findall(r'"([A-Z]+-\d+)"', marker))
    assert used <= known
    assert {"FMG-01", "FMG-02", "FMG-03", "FMG-04", "FMG-05", "FMG-06", "FMG-08", "FMG-09", "FMG-11"} <= used
    assert {"CARD-1", "CARD-2", "CARD-4", "CARD-5", "CARD-7", "CARD-8"} <= used
    assert {"SAFE-1", "SAFE-2", "SAFE-3", "SAFE-6", "SAFE-8", "SAFE-9"} <= used


@pytest.mark.requirement("CARD-1", "CARD-2")
def test_the_top_level_and_the_packages_are_what_the_card_asks() -> None:
    for name in ("README.md", "pyproject.toml", "dags", "plugins", "include", "tests", "docker-compose.yaml", ".astro"):
        assert (ROOT / name).exists(), name
    text = "\n".join(path.read_text(encoding="utf-8") for path in [*SOURCES, *(ROOT / "tests").rglob("*.py")])
    for module in ("airflow", "pandas", "sqlalchemy", "great_expectations", "requests", "pytest", "moto"):
        assert re.search(rf"^\s*(import|from) {module}\b", text, re.MULTILINE), module


def test_no_page_or_lock_names_a_host_it_must_not() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "--hash=sha256:" in lock
    assert not re.search(r"^-|https?:|file:", lock, re.MULTILINE)
