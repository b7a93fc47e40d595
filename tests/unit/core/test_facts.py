"""Which CRMs an integration reads from is a matter of tables: a further one is a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import crosswalk
from crosswalk.core.facts import crm_systems, load_crm
from crosswalk.errors import ConfigurationError

PACKAGE = Path(crosswalk.__file__).parent
INTEGRATION = PACKAGE / "integrations" / "crm_to_mindmatrix"
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
def systems(tmp_path: Path) -> Path:
    """The packaged systems' tables, and a third CRM beside them: one folder, nothing else changed."""
    for path in (PACKAGE / "systems").glob("*/*.csv"):
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.parent.name)
    (tmp_path / "thirdcrm").mkdir()
    (tmp_path / "thirdcrm" / "fields.csv").write_text(FIELDS, encoding="utf-8")
    (tmp_path / "thirdcrm" / "mapping_crm_to_mindmatrix.csv").write_text(MAPPING, encoding="utf-8")
    return tmp_path


@pytest.mark.requirement("MIND-01")
def test_the_crms_are_those_with_a_mapping_table() -> None:
    assert crm_systems(INTEGRATION) == ["autotask", "connectwise"]


@pytest.mark.requirement("MIND-01")
def test_a_third_crm_is_a_folder(systems: Path) -> None:
    assert crm_systems(INTEGRATION, systems) == ["autotask", "connectwise", "thirdcrm"]
    tables = load_crm("thirdcrm", "mindmatrix", INTEGRATION, systems=systems)
    row = {
        "source_id": "7",
        "Mail": " Ana@example.test ",
        "Surname": "Ruiz",
        "Enabled": "true",
        "Firm": "9",
        "Firm.Closed": "true",
        "Firm.Kind": "4 2",
    }
    facts = tables.facts.apply(pd.DataFrame([row], dtype="str")).frame.to_dict("records")
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
    assert tables.records.apply(pd.DataFrame([row], dtype="str")).frame.to_dict("records") == [
        {"source_id": "7", "email": "Ana@example.test", "last_name": "Ruiz"}
    ]
    assert tables.source_of("company_type") == "Firm.Kind"


def test_a_fact_a_crm_does_not_have_cannot_be_chosen_by(systems: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_crm("thirdcrm", "mindmatrix", INTEGRATION, systems=systems).source_of("contact_type")
    assert caught.value.code == "FILTER_UNMAPPED"


@pytest.mark.parametrize("system", ["smartoffice", "mindmatrix", "autotsk", ""])
def test_a_system_without_a_table_is_no_crm(system: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_crm(system, "mindmatrix", INTEGRATION)
    assert caught.value.code == "SPEC_UNKNOWN_SYSTEM"


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
        load_crm("thirdcrm", "mindmatrix", INTEGRATION, systems=systems)
    assert sorted(problem.code for problem in caught.value.problems) == sorted(codes)
