from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from crosswalk.core.lookups import Lookups, scan_lookups
from crosswalk.core.mapping import MappingTable
from crosswalk.core.spec.mapping_checks import Surroundings, lookup_names, scan_mapping
from crosswalk.core.system_schema import load_fields
from crosswalk.errors import ConfigurationError
from unit.core.planning import CONTACT, FIELDS, desired, target

HEADER = "target,source,convert,required,blank,note\n"


def source(*records: dict[str, str]) -> pd.DataFrame:
    columns = ["source_id", *CONTACT.source_fields]
    return pd.DataFrame([{name: one.get(name, "") for name in columns} for one in records], columns=columns, dtype="str")


def table(folder: Path, rows: str, lookups: Lookups | None = None) -> MappingTable:
    path = folder / "mapping.csv"
    path.write_text(HEADER + rows)
    fields = (load_fields("smartoffice")["contact"], load_fields("fmg")["contact"])
    return scan_mapping(path, Surroundings("mapping.csv", "contact", *fields, lookups or Lookups({})))[0]


ANN = {
    "source_id": "Contact.7.1", "FirstName": " Ann ", "LastName": "Ash", "PreferredEmail.Address": " Ann@Example.test ",
    "PreferredPhone.AreaCode": "555", "PreferredPhone.Number": "010-4477", "Person.Dob": "1961-4-9", "Person.Gender": "2",
    "TagGroups": "TagGroup.7.10 TagGroup.7.9",
}  # fmt: skip


@pytest.mark.requirement("FMG-08")
def test_a_record_takes_the_targets_shape() -> None:
    mapped = CONTACT.mapping.apply(source(ANN))

    assert mapped.rejections == []
    assert list(mapped.frame.columns) == ["source_id", *FIELDS]
    filled = {name: value for name, value in mapped.frame.loc[0].items() if value}
    assert filled == {
        "source_id": "Contact.7.1", "first_name": "Ann", "last_name": "Ash", "email": "Ann@Example.test", "phone": "+15550104477",
        "birthday": "1961-04-09", "gender": "Female", "groups": "TagGroup.7.9 TagGroup.7.10",
    }  # fmt: skip


@pytest.mark.requirement("SAFE-9", "SAFE-10")
def test_a_record_no_converter_takes_is_rejected_once_a_field_with_its_value_masked() -> None:
    bad = {**ANN, "source_id": "Contact.7.2", "Person.Dob": "1961-13-09", "Person.Gender": "Quillfeather", "LastName": "  "}
    mapped = CONTACT.mapping.apply(source(ANN, bad, {**bad, "source_id": "Contact.7.3", "Person.Gender": ""}))

    assert mapped.frame["source_id"].tolist() == ["Contact.7.1"]
    assert mapped.frame.index.tolist() == [0]
    assert sorted((one.source_id, one.code, one.field, one.masked) for one in mapped.rejections) == [
        ("Contact.7.2", "MAP_VALUE_UNMAPPED", "Person.Gender", "Q***"),
        ("Contact.7.2", "REQUIRED_BLANK", "LastName", "***"),
        ("Contact.7.2", "SRC_BAD_DATE", "Person.Dob", "****-**-**"),
        ("Contact.7.3", "REQUIRED_BLANK", "LastName", "***"),
        ("Contact.7.3", "SRC_BAD_DATE", "Person.Dob", "****-**-**"),
    ]
    assert "Quillfeather" not in str(mapped.rejections)
    assert all(one.entity == "contact" and one.reason and one.fix for one in mapped.rejections)


def test_no_records_make_an_empty_frame_of_the_right_shape() -> None:
    mapped = CONTACT.mapping.apply(source())

    assert (len(mapped.frame), list(mapped.frame.columns)) == (0, ["source_id", *FIELDS])


def test_clear_sends_the_blank() -> None:
    mapped = desired({"source_id": "Contact.7.1"})

    assert CONTACT.mapping.settle(mapped, target({"target_id": "c-1", "source_id": "Contact.7.1", "city": "Salem"})).equals(mapped)


@pytest.mark.parametrize(("blank", "settled"), [("keep", ["new", "old", "new", ""]), ("fill-only", ["old", "old", "new", ""])])
def test_keep_and_fill_only_look_at_what_the_target_holds(tmp_path: Path, blank: str, settled: list[str]) -> None:
    mapping = table(tmp_path, f"city,PreferredAddress.City,text,no,{blank},\n")
    mapped = pd.DataFrame({"source_id": ["1", "2", "3", "4"], "city": ["new", "", "new", ""]}, dtype="str", index=[5, 6, 7, 8])
    held = target(
        {"target_id": "c-1", "source_id": "1", "city": "old"},
        {"target_id": "c-2", "source_id": "2", "city": "old"},
        {"target_id": "c-3", "source_id": "3"},
        {"target_id": "c-8", "city": "nobody's"},
        {"target_id": "c-9", "source_id": "2", "city": "a second row"},
    )
    result = mapping.settle(mapped, held)

    assert result["city"].tolist() == settled
    assert mapped["city"].tolist() == ["new", "", "new", ""]
    assert mapping.settle(mapped, target())["city"].tolist() == ["new", "", "new", ""]


def test_the_digest_names_what_a_table_does(tmp_path: Path) -> None:
    gender = Lookups({"gender": {"1": "Male"}})
    rows = "city,PreferredAddress.City,text,no,clear,\ngender,Person.Gender,lookup:gender,no,clear,\n"
    digest = table(tmp_path, rows, gender).digest

    assert table(tmp_path, "".join(reversed(rows.splitlines(keepends=True))).replace("clear,\n", "clear,a note\n"), gender).digest == digest
    assert table(tmp_path, rows.replace("no,clear", "no,keep", 1), gender).digest != digest
    assert table(tmp_path, rows, Lookups({"gender": {"1": "male"}})).digest != digest


def test_rows_can_be_shown_as_they_stand(tmp_path: Path) -> None:
    mapping = table(tmp_path, "city,PreferredAddress.City,text,no,clear,\n,Greeting,,,,nobody reads it\n")

    assert [asdict(row) for row in mapping.rows][1] == {
        "number": 3, "target": "", "source": "Greeting", "convert": "", "required": False, "blank": "", "note": "nobody reads it",
    }  # fmt: skip
    assert (mapping.source_names, mapping.target_names) == (("PreferredAddress.City",), ("city",))


def test_the_lookups_a_table_refers_to_are_known() -> None:
    assert lookup_names(CONTACT.mapping) == {"gender", "marital_status"}


def test_lookups_are_read_and_unused_ones_named(tmp_path: Path) -> None:
    path = tmp_path / "lookups.csv"
    path.write_text("lookup,source,target,note\na, 1 , One ,\nb,2,,\na,2,Two,\n")
    lookups = Lookups.load(path)

    assert (lookups.names, dict(lookups.get("a")), dict(lookups.get("b"))) == (("a", "b"), {"1": "One", "2": "Two"}, {"2": ""})
    assert lookups.unused({"a"}) == ("b",)


def test_wrong_lookups_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "lookups.csv"
    path.write_text("lookup,source,target,note\na,1,One,\na, 1,Uno,\n,2,Two,\nb, ,Blank,\n")

    assert [(one.code, one.place) for one in scan_lookups(path)[1]] == [
        ("MAP_VALUE_TWICE", "lookups.csv row 3"),
        ("MAP_VALUE_BLANK", "lookups.csv row 4"),
        ("MAP_VALUE_BLANK", "lookups.csv row 5"),
    ]
    with pytest.raises(ConfigurationError):
        Lookups.load(path)
