from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import crosswalk
from crosswalk.errors import ConfigurationError
from crosswalk.integrations.specs import integration_names, load_spec, resolve_integration

NAME = "smartoffice_to_fmg"
PACKAGED = Path(crosswalk.__file__).parent / "integrations" / NAME


def edited(folder: Path, file: str, find: str, put: str) -> Path:
    shutil.copytree(PACKAGED, folder)
    path = folder / file
    assert find in path.read_text()
    path.write_text(path.read_text().replace(find, put, 1))
    return folder


def test_every_integration_of_the_package_is_right() -> None:
    for name in integration_names():
        spec = load_spec(name)
        assert (spec.name, resolve_integration(spec.short)) == (name, name)
        assert spec.unused_lookups == ()
        assert sum(entity.main for entity in spec.entities) == 1
        assert set(spec.limits) <= {entity.name for entity in spec.entities}


def test_an_entity_knows_its_fields_and_rules() -> None:
    contact = load_spec(NAME).entity("contact")

    assert contact.unique_source == "PreferredEmail.Address"
    assert load_spec(NAME).entity("group").unique_source == ""
    assert contact.target_fields["phone"].max_length == 40
    assert list(contact.source_fields) == list(contact.mapping.source_names)
    assert {rule.entity for rule in contact.expectations} == {"contact"}
    with pytest.raises(KeyError):
        load_spec(NAME).entity("household")


def test_a_lookup_of_a_rule_becomes_its_values() -> None:
    rules = {rule.column: rule for rule in load_spec(NAME).entity("contact").expectations}

    assert rules["Person.Gender"].kwargs == {"value_set": ["1", "2"]}
    assert rules["email_key"].survivor == "target_then_lowest_id"


@pytest.mark.parametrize("name", ["fmg", NAME])
def test_an_integration_is_found_by_either_name(name: str) -> None:
    assert resolve_integration(name) == NAME


@pytest.mark.parametrize("name", ["", "fgm", "../smartoffice_to_fmg", "smartoffice_to_FMG", "."])
def test_an_unknown_integration_is_refused_with_the_known_ones(name: str) -> None:
    for look in (resolve_integration, load_spec):
        with pytest.raises(ConfigurationError, match=NAME) as raised:
            look(name)
        assert raised.value.code == "SPEC_NOT_FOUND"


def test_a_guess_is_made_at_a_misspelt_integration() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'fmg'"):
        resolve_integration("fgm")


@pytest.mark.parametrize(
    ("file", "find", "put", "mapping_too"),
    [
        ("mapping.csv", "Greeting,text,no,clear", "Greeting,text,no,keep", True),
        ("lookups.csv", "Separated", "separated", True),
        ("spec.toml", "max_deletes = 500", "max_deletes = 400", False),
        ("spec.toml", "contact = 30000", "contact = 29999", False),
        ("spec.toml", 'code = "NAME_MISSING"', 'code = "NAME_BLANK"', False),
        ("spec.toml", "20[0-4]", "20[0-5]", False),
    ],
)
def test_the_digest_changes_with_the_content(tmp_path: Path, file: str, find: str, put: str, mapping_too: bool) -> None:
    old, new = load_spec(NAME), load_spec(NAME, folder=edited(tmp_path / NAME, file, find, put))

    assert new.digest != old.digest
    assert (new.mapping_digest != old.mapping_digest) == mapping_too


@pytest.mark.parametrize(
    ("find", "put"), [("# SmartOffice", "# Smart Office"), ("contact = 30000\ngroup = 1000", "group = 1000\ncontact = 30000")]
)
def test_the_digest_does_not_change_with_the_writing(tmp_path: Path, find: str, put: str) -> None:
    assert load_spec(NAME, folder=edited(tmp_path / NAME, "spec.toml", find, put)).digest == load_spec(NAME).digest


def test_an_unused_value_table_is_listed(tmp_path: Path) -> None:
    folder = edited(tmp_path / NAME, "lookups.csv", "gender,1,Male", "state,OR,Oregon,\ngender,1,Male")

    assert load_spec(NAME, folder=folder).unused_lookups == ("state",)


def test_a_field_may_be_left_out_visibly(tmp_path: Path) -> None:
    folder = edited(tmp_path / NAME, "mapping.csv", "nickname,Greeting,text,no,clear,", ",Greeting,,,,the account wants no nicknames")
    contact = load_spec(NAME, folder=folder).entity("contact")

    assert "Greeting" not in contact.source_fields
    assert "nickname" not in contact.target_fields


def test_a_spec_is_read_without_pandas() -> None:
    code = "import sys; from crosswalk.integrations import specs; specs.load_spec('smartoffice_to_fmg'); print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("keys", "right"),
    [
        ('type = "expect_column_value_lengths_to_be_between"\nmax_value = 40', True),
        ('type = "expect_column_value_lengths_to_be_between"\nmin_value = 0\nmax_value = 40', True),
        ('type = "expect_column_value_lengths_to_be_between"\nmax_value = -1', False),
        ('type = "expect_column_value_lengths_to_be_between"\nmax_value = true', False),
        ('type = "expect_column_value_lengths_to_be_between"', False),
        ('type = "expect_column_values_to_not_match_regex"\nregex = "^none@"', True),
        ('type = "expect_column_values_to_not_match_regex"\nregex = 5', False),
        ('type = "expect_column_values_to_match_strftime_format"\nstrftime_format = "%m/%d/%Y"', True),
        ('type = "expect_column_values_to_match_strftime_format"\nstrftime_format = "%"', False),
        ('type = "expect_column_values_to_match_strftime_format"\nstrftime_format = 7', False),
        ('type = "expect_column_values_to_be_in_set"\nvalue_set = ["a", "b"]', True),
        ('type = "expect_column_values_to_be_in_set"\nvalue_set = ["a", 1]', False),
        ('type = "expect_column_values_to_be_in_set"\nlookup = ["gender"]', False),
        ('type = "expect_column_values_to_not_be_null"\nregex = "x"', False),
    ],
)
def test_an_expectation_has_the_keys_of_its_type(tmp_path: Path, keys: str, right: bool) -> None:
    shared = 'entity = "contact"\ncolumn = "Greeting"\ncode = "GREETING_ODD"\nseverity = "info"\nmessage = "m"\nfix = "f"'
    rule = f"[[expectations]]\n{shared}\n{keys}\n"
    folder = edited(tmp_path / NAME, "spec.toml", "[[expectations]]", f"{rule}\n[[expectations]]")
    if right:
        assert load_spec(NAME, folder=folder).entity("contact").expectations[0].code == "GREETING_ODD"
        return
    with pytest.raises(ConfigurationError) as raised:
        load_spec(NAME, folder=folder)
    assert [problem.place.split(" ")[:3] for problem in raised.value.problems] == [["spec.toml", "expectations", "1"]]


SETTING = '[settings.notes]\ntype = "boolean"\ndescription = "whether notes are written"\ndefault = {default}\n\n[limits]'


def test_an_account_may_say_what_the_spec_declares(tmp_path: Path) -> None:
    folder = edited(tmp_path / NAME, "spec.toml", "[limits]", SETTING.format(default="false"))

    assert load_spec(NAME, folder=folder).settings["notes"]["default"] is False


@pytest.mark.parametrize(
    ("find", "put", "code"),
    [
        ("[limits]", SETTING.format(default='"no"'), "SPEC_TYPE"),
        ("[limits]", SETTING.format(default="false").replace('"boolean"', '"bool"'), "SPEC_TYPE"),
        ("[limits]", '[settings.notes]\ntype = "boolean"\n\n[limits]', "SPEC_MISSING_KEY"),
        ('dag = "fmg_daily_sync"', "", "SPEC_MISSING_KEY"),
        ('frequencies = ["daily", "manual"]', "frequencies = []", "SPEC_TYPE"),
    ],
)
def test_a_setting_of_the_spec_is_a_schema_with_description_and_default(tmp_path: Path, find: str, put: str, code: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_spec(NAME, folder=edited(tmp_path / NAME, "spec.toml", find, put))
    assert [problem.code for problem in raised.value.problems] == [code]
