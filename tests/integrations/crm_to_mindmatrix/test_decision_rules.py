"""The decision table against the seed's sentences, over the whole cross product; and the page that shows it."""

from __future__ import annotations

import importlib.util
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

import crosswalk
from crosswalk.features.eligibility.decision_table import load_decisions
from crosswalk.features.eligibility.feature import EligibilityFeature
from crosswalk.integrations.specs import load_spec
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


@pytest.mark.requirement("MIND-02", "MIND-05")
def test_an_account_that_says_nothing_deletes_nobody_and_has_to_choose() -> None:
    spec = load_spec("crm_to_mindmatrix")
    defaults = {name: schema["default"] for name, schema in spec.settings.items()}
    assert defaults == {"filter_field": "company_type", "filter_values": [], "delete_inactive": False, "at": "02:00"}
    assert spec.delivery == "records"


@pytest.mark.requirement("MIND-01")
@pytest.mark.parametrize("system", ["autotask", "connectwise"])
def test_both_crms_fill_the_same_fields_of_mindmatrix(system: str) -> None:
    spec = load_spec("crm_to_mindmatrix", source=system)
    entity, feature = spec.entity("contact"), spec.feature(EligibilityFeature)
    assert feature is not None
    assert set(entity.target_fields) == set(load_spec("crm_to_mindmatrix", source="autotask").entity("contact").target_fields)
    facts = {"contact_active", "company_id", "company_active", "company_type", "contact_type", "email"}
    assert set(feature.tables.facts.target_names) == facts
    assert "opt_in" not in entity.target_fields
