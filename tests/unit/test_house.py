"""The house rules a command can check: sizes, names, pages that must agree with the code."""

from __future__ import annotations

import ast
import re
import tomllib
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


PAGES = [path for path in ROOT.rglob("*.md") if not {".venv", ".git", ".local"} & set(path.relative_to(ROOT).parts)]
GENERATED = re.compile(r"<!-- (\w+) -->\n.*?<!-- (?:/|end of )\1 -->", re.DOTALL)
WIDE = {
    "docs/requirements.md": "a table in which each promise has one row",
    "docs/errors.md": "generated from the error catalog",
    "docs/store.md": "generated from the store's tables",
}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_have_no_line_that_cannot_be_reviewed(path: Path) -> None:
    """Blocks that code writes between marks follow the code's own words and may be wider."""
    if str(path.relative_to(ROOT)) in WIDE:
        return
    lines = GENERATED.sub("", path.read_text(encoding="utf-8")).splitlines()
    assert [line[:80] for line in lines if len(line) > 140] == []


def test_the_readme_can_be_read_at_a_sitting() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 100


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"https?:", link)]
    assert [to for to, _, _ in links if to and not (path.parent / to).exists()] == []
    named = [((path.parent / to).resolve() if to else path, anchor) for to, _, anchor in links if anchor]
    assert [anchor for page, anchor in named if page.suffix == ".md" and anchor not in _anchors(page)] == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in (ROOT / "docs").glob("*.md") if path.name != "README.md" and f"({path.name})" not in index] == []


def test_decisions_are_numbered_once_and_references_to_them_exist() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [int(path.name[:4]) for path in pages]
    assert numbers == list(range(1, len(pages) + 1))
    for number, path in zip(numbers, pages, strict=True):
        assert path.read_text(encoding="utf-8").startswith(f"# {number}. "), path
    for path in [*PAGES, *SOURCES, *(ROOT / "tests").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert {int(one) for one in re.findall(r"(?:\bADRs?\s+|\badr/)(\d+)", text)} <= set(numbers), path


INTEGRATIONS = sorted(path.parent for path in (ROOT / "include" / "crosswalk" / "integrations").glob("*/spec.toml"))
TESTED_ELSEWHERE = {"smartoffice_to_emoney_holdings": "smartoffice_to_emoney"}  # one firm, one office and one accounts file for both


@pytest.mark.parametrize("folder", INTEGRATIONS, ids=lambda folder: folder.name)
def test_an_integration_has_a_runbook_tests_and_a_demo_scenario(folder: Path) -> None:
    assert (folder / "README.md").exists(), "write its runbook"
    tests = ROOT / "tests" / "integrations" / TESTED_ELSEWHERE.get(folder.name, folder.name)
    assert list(tests.glob("test_*.py")), "write its tests and golden files"
    spec = tomllib.loads((folder / "spec.toml").read_text(encoding="utf-8"))
    scenarios = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "include/crosswalk/local/scenarios").glob("*.py"))
    assert f'"{spec["short"]}"' in scenarios or spec["dag"] in scenarios, "add it to a demo scenario"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
