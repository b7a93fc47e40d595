"""The decision table against the seed's sentences, over the whole cross product; and the page that shows it."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from itertools import product
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

import crosswalk
from crosswalk.core.decisions import load_decisions
from crosswalk.core.facts import load_crm
from integrations.crm_to_mindmatrix.seed_rules import OUTCOMES, Situation, verdict

ROOT = Path(__file__).parents[3]
FOLDER = Path(crosswalk.__file__).parent / "integrations" / "crm_to_mindmatrix"
README = FOLDER / "README.md"
COMPANIES = {"active": "active", "inactive": "inactive", "missing": "unsaid"}
CONTACTS = {"active": "active", "inactive": "inactive", "unknown": "unsaid"}


@pytest.mark.requirement("MIND-02", "MIND-03", "MIND-04", "MIND-05", "MIND-06")
def test_every_combination_is_what_the_seed_says() -> None:
    table = load_decisions(FOLDER)
    frame = pd.DataFrame(list(product(*table.inputs.values())), columns=list(table.inputs), dtype="str")
    assert len(frame) == 3 * 3 * 2 * 4 * 2 * 2
    decided = table.apply(frame)
    wrong = []
    for row, outcome in zip(frame.to_dict("records"), decided["outcome"], strict=True):
        situation = Situation(
            CONTACTS[row["contact"]],
            COMPANIES[row["company"]],
            row["type_in_set"] == "yes",
            row["email"],
            row["known"] == "yes",
            row["delete_inactive"] == "on",
        )
        if OUTCOMES[verdict(situation)] != outcome:
            wrong.append((situation, outcome))
    assert wrong == []


@pytest.mark.requirement("MIND-05", "MIND-06")
def test_only_an_inactive_contact_of_an_active_company_is_ever_deleted() -> None:
    table = load_decisions(FOLDER)
    deleting = [one for one in table.decisions if one.outcome == "delete"]
    assert [(one.allowed["contact"], one.allowed["company"], one.allowed["delete_inactive"]) for one in deleting] == [
        (("inactive",), ("active",), ("on",))
    ]


def test_the_readme_shows_the_table_that_is_used() -> None:
    spec = importlib.util.spec_from_file_location("decision_page", ROOT / "docs" / "decision_page.py")
    assert spec
    assert spec.loader
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    for path, text in page.pages():
        assert path.read_text(encoding="utf-8") == text, "run: python docs/decision_page.py"
    assert README in dict(page.pages())


def test_the_settings_the_spec_has_to_declare_are_schemas_that_keep_their_defaults() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    document = tomllib.loads(block)
    assert set(document["settings"]) == {"filter_field", "filter_values", "delete_inactive"}
    for schema in document["settings"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert jsonschema.Draft202012Validator(schema).is_valid(schema["default"])
    assert document["settings"]["delete_inactive"]["default"] is False
    assert document["entities"][0]["unique"] == "email"


@pytest.mark.requirement("MIND-01")
@pytest.mark.parametrize("system", ["autotask", "connectwise"])
def test_both_crms_fill_the_same_fields_of_mindmatrix(system: str) -> None:
    tables = load_crm(system, "mindmatrix", FOLDER)
    assert set(tables.records.target_names) == set(load_crm("autotask", "mindmatrix", FOLDER).records.target_names)
    assert {"contact_active", "company_id", "company_active", "company_type", "contact_type", "email"} == set(tables.facts.target_names)
    assert "opt_in" not in tables.records.target_names
