from __future__ import annotations

from pathlib import Path

import pytest

from crosswalk.core.system_schema import Field, is_forbidden, load_fields, scan_fields, system_names
from crosswalk.errors import ConfigurationError

HEADER = "entity,field,type,max_length,required,note\n"


def test_every_system_declares_its_fields() -> None:
    for system in system_names():
        for entity, fields in load_fields(system).items():
            assert entity and fields
    assert {"smartoffice", "fmg"} <= set(system_names())


def test_a_field_has_type_length_and_whether_it_is_required() -> None:
    contact = load_fields("fmg")["contact"]

    assert contact["last_name"] == Field("last_name", "text", 100, required=True)
    assert contact["birthday"] == Field("birthday", "date", None, required=False)


@pytest.mark.parametrize("system", ["smartofice", "../fmg", ""])
def test_an_unknown_system_is_refused(system: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_fields(system)
    assert raised.value.code == "SPEC_UNKNOWN_SYSTEM"


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (",name,text,,no,", "entity or field is blank"),
        ("contact,,text,,no,", "entity or field is blank"),
        ("contact,name,txt,,no,", "unknown type 'txt' (did you mean 'text'?)"),
        ("contact,name,text,ten,no,", "max_length is not a number of characters"),
        ("contact,name,text,0,no,", "max_length is not a number of characters"),
        ("contact,name,text,,No,", "required is 'No', not 'yes' or 'no'"),
        ("contact,id,text,,no,", "contact has the field 'id' twice"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, found: str) -> None:
    path = tmp_path / "fields.csv"
    path.write_text(f"{HEADER}contact,id,text,,no,\n{row}\n")
    fields, problems = scan_fields(path, "fmg/fields.csv")

    assert [(one.code, one.place, one.problem) for one in problems] == [("MAP_TYPE", "fmg/fields.csv row 3", found)]
    assert list(fields["contact"]) == ["id"]


def test_wrong_fields_of_a_system_stop_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "fields.csv").write_text("entity;field\n")
    monkeypatch.setattr("crosswalk.core.system_schema.systems_folder", lambda: tmp_path)
    with pytest.raises(ConfigurationError) as raised:
        load_fields("acme")
    assert raised.value.problems[0].place == "acme/fields.csv row 1"


@pytest.mark.parametrize(
    "name",
    ["SSN", "Person.SSN", "PersonSSN", "ssn", "Ssn_last4", "SocialSecurityNumber", "social_security", "TaxID", "Person.TaxId", "tax_id",
     "TaxpayerID", "TIN", "ITIN", "PassportNo", "DriversLicense", "CreditCardNumber", "card_no", "BankAccount", "SSNumber"],
)  # fmt: skip
def test_numbers_that_may_not_travel_are_recognised(name: str) -> None:
    assert is_forbidden(name)


@pytest.mark.parametrize("name", ["ClassName", "BusinessName", "last_name", "Setting", "Martin", "TaxBracket", "Postcard", "License", ""])
def test_ordinary_names_are_not_mistaken_for_them(name: str) -> None:
    assert not is_forbidden(name)


def test_no_declared_field_is_a_forbidden_one() -> None:
    names = [name for system in system_names() for fields in load_fields(system).values() for name in fields]

    assert not [name for name in names if is_forbidden(name)]
