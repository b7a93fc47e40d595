"""Which CRMs an integration reads from is a matter of tables: a further one is a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import crosswalk
from crosswalk.core.spec.model import EntitySpec
from crosswalk.errors import ConfigurationError
from crosswalk.features.eligibility.facts import Eligibility
from crosswalk.features.eligibility.feature import EligibilityFeature
from crosswalk.integrations.specs import load_spec

PACKAGE = Path(crosswalk.__file__).parent
NAME = "crm_to_mindmatrix"
FIELDS = """entity,field,type,max_length,required,note
contact,Mail,email,,no,
contact,Surname,text,,no,
contact,Enabled,flag,,no,
contact,Firm,text,,no,
contact,Firm.Closed,flag,,no,
contact,Firm.Kind,ids,,no,
contact,Hobby,text,,no,
"""
MAPPING = """target,source,convert,required,blank,note
contact_active,Enabled,flag,no,clear,
company_id,Firm,text,no,clear,
company_active,Firm.Closed,flag_not,no,clear,
company_type,Firm.Kind,ids,no,clear,
email,Mail,email,no,clear,
last_name,Surname,text,no,clear,
,Hobby,,,,nobody needs it
"""


@pytest.fixture
def systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packaged systems' tables, and a third CRM beside them: one folder, nothing else changed."""
    for path in (PACKAGE / "systems").glob("*/*.csv"):
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.parent.name)
    (tmp_path / "thirdcrm").mkdir()
    (tmp_path / "thirdcrm" / "fields.csv").write_text(FIELDS, encoding="utf-8")
    (tmp_path / "thirdcrm" / "mapping_crm_to_mindmatrix.csv").write_text(MAPPING, encoding="utf-8")
    monkeypatch.setattr("crosswalk.core.system_schema.systems_folder", lambda: tmp_path)
    return tmp_path


def third() -> tuple[EntitySpec, Eligibility]:
    spec = load_spec(NAME, source="thirdcrm")
    feature = spec.feature(EligibilityFeature)
    assert feature is not None
    return spec.entity("contact"), feature.tables


@pytest.mark.requirement("MIND-01")
def test_the_crms_are_those_with_a_mapping_table() -> None:
    assert load_spec(NAME).sources == ("autotask", "connectwise")


@pytest.mark.requirement("MIND-01")
@pytest.mark.usefixtures("systems")
def test_a_third_crm_is_a_folder() -> None:
    assert load_spec(NAME).sources == ("autotask", "connectwise", "thirdcrm")
    entity, eligibility = third()
    row = {
        "source_id": "7",
        "Mail": " Ana@example.test ",
        "Surname": "Ruiz",
        "Enabled": "true",
        "Firm": "9",
        "Firm.Closed": "true",
        "Firm.Kind": "4 2",
    }
    facts = eligibility.facts.apply(pd.DataFrame([row], dtype="str")).frame.to_dict("records")
    assert facts == [
        {
            "source_id": "7",
            "contact_active": "true",
            "company_id": "9",
            "company_active": "false",
            "company_type": "2 4",
            "email": "Ana@example.test",
        }
    ]
    assert entity.mapping.apply(pd.DataFrame([row], dtype="str")).frame.to_dict("records") == [
        {"source_id": "7", "email": "Ana@example.test", "last_name": "Ruiz"}
    ]
    assert set(entity.source_fields) == set(row) - {"source_id"}
    assert eligibility.source_of("company_type", "acme") == "Firm.Kind"


@pytest.mark.usefixtures("systems")
def test_a_fact_a_crm_does_not_have_cannot_be_chosen_by() -> None:
    with pytest.raises(ConfigurationError) as caught:
        third()[1].source_of("contact_type", "acme")
    assert caught.value.code == "FILTER_UNMAPPED"


@pytest.mark.parametrize("system", ["smartoffice", "mindmatrix", "autotsk"])
def test_a_system_without_a_table_is_no_crm(system: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_spec(NAME, source=system)
    assert caught.value.code == "SPEC_UNKNOWN_SYSTEM"


def test_a_source_of_another_integration_is_none_of_this_one() -> None:
    assert load_spec("smartoffice_to_fmg").sources == ("smartoffice",)
    with pytest.raises(ConfigurationError, match="SPEC_UNKNOWN_SYSTEM"):
        load_spec("smartoffice_to_fmg", source="autotask")


@pytest.mark.parametrize(
    ("find", "put", "codes"),
    [
        ("company_id,Firm,text,no,clear,\n", "", ["MAP_SOURCE_UNMAPPED", "MAP_KEY_MISSING"]),
        ("contact_active,Enabled,flag,", "contact_active,Enabled,text,", ["MAP_TYPE", "MAP_TYPE"]),
        ("company_type,", "company_typ,", ["MAP_UNKNOWN_TARGET", "MAP_KEY_MISSING"]),
        ("email,Mail,email,no,clear,\n", "email,Mail,email,no,clear,\nemail,Mail,email,no,clear,\n", ["MAP_TARGET_TWICE"]),
    ],
)
def test_a_table_that_cannot_be_right_is_refused_as_a_whole(systems: Path, find: str, put: str, codes: list[str]) -> None:
    path = systems / "thirdcrm" / "mapping_crm_to_mindmatrix.csv"
    path.write_text(MAPPING.replace(find, put), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_spec(NAME)
    assert sorted(problem.code for problem in caught.value.problems) == sorted(codes)


CHANGES = [
    ("every mapped", 'source = "*"', 'source = "autotask"', ["SPEC_TYPE"]),
    ("no table by source", 'mapping = "mapping_{source}.csv"', 'mapping = "mapping.csv"', ["SPEC_UNKNOWN_SYSTEM"]),
    ("no setting", "[settings.filter_values]", "[settings.filter_valuse]", ["SPEC_MISSING_KEY"]),
    ("an entity of another type", 'travel\nentity = "contact"', "travel\nentity = 1", ["SPEC_TYPE"]),
]


@pytest.mark.parametrize(("find", "put", "codes"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES])
def test_a_spec_that_cannot_decide_is_refused(tmp_path: Path, find: str, put: str, codes: list[str]) -> None:
    copied = tmp_path / NAME
    shutil.copytree(PACKAGE / "integrations" / NAME, copied)
    spec = copied / "spec.toml"
    text = spec.read_text(encoding="utf-8")
    assert text.count(find) == 1
    spec.write_text(text.replace(find, put), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_spec(NAME, copied)
    assert set(codes) <= {problem.code for problem in caught.value.problems}


def test_problems_of_all_tables_are_said_at_once(tmp_path: Path) -> None:
    copied = tmp_path / NAME
    shutil.copytree(PACKAGE / "integrations" / NAME, copied)
    for name, find, put in (
        ("mapping_autotask.csv", "email,emailAddress,email", "email,emailAdress,email"),
        ("mapping_connectwise.csv", "contact_active,inactiveFlag,flag_not", "contact_active,inactiveFlag,flagnot"),
        ("decision.csv", "any,inactive,any,any,yes,any,frozen", "any,inactive,any,any,yes,any,frosen"),
        ("decision_inputs.csv", "delete_inactive,off", "delete_inactive,of"),
    ):
        text = (copied / name).read_text(encoding="utf-8")
        assert text.count(find) == 1
        (copied / name).write_text(text.replace(find, put), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_spec(NAME, copied)
    found = [(problem.code, problem.place.split(" ")[0]) for problem in caught.value.problems]
    assert ("MAP_UNKNOWN_SOURCE", "mapping_autotask.csv") in found
    assert ("MAP_UNKNOWN_TRANSFORM", "mapping_connectwise.csv") in found
    assert ("MAP_DECISION_VALUE", "decision.csv") in found
    assert found.count(("MAP_DECISION_OUTCOME", "decision.csv")) == 1
