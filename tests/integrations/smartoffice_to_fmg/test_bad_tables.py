"""Rows M1 to M32 of docs/bad-input.md: tables and specs are checked as a whole before a vendor is asked anything.

The check itself is the golden folders of bad_specs/; here it is met where people meet it: `crosswalk accounts check` and the DAG's
first task.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.definitions.param import ParamsDict

import embedded_airflow  # noqa: F401 - before airflow
from crosswalk.cli import main
from crosswalk.core.model import RunStatus
from crosswalk.errors import ConfigurationError
from crosswalk.integrations import specs
from crosswalk.integrations.specs import load_spec
from crosswalk.orchestration.defaults import sync_params
from crosswalk.orchestration.operators.steps import SelectAccountsOperator
from integration_copy import PACKAGED, changed
from world import World, world

NAME = "smartoffice_to_fmg"
BAD = Path(__file__).parent / "bad_specs"
ROWS = {
    "M1": ("m01_mapping_missing", "MAP_NOT_FOUND mapping.csv"),
    "M2": ("m02_mapping_empty", "MAP_EMPTY mapping.csv"),
    "M3": ("m03_mapping_latin1", "MAP_ENCODING mapping.csv"),
    "M3 UTF-16": ("m03_mapping_utf16", "MAP_ENCODING mapping.csv"),
    "M5": ("m05_semicolons", "MAP_DELIMITER mapping.csv row 1"),
    "M5 tabs": ("m05_tabs", "MAP_DELIMITER mapping.csv row 1"),
    "M6": ("m06_no_header", "MAP_HEADER mapping.csv row 1"),
    "M7": ("m07_unknown_column", "MAP_UNKNOWN_COLUMN mapping.csv row 1"),
    "M8": ("m08_repeated_column", "MAP_DUPLICATE_COLUMN mapping.csv row 1"),
    "M9": ("m09_row_too_short", "MAP_ROW_WIDTH mapping.csv row 7"),
    "M10": ("m10_row_too_long", "MAP_ROW_WIDTH mapping.csv row 7"),
    "M11": ("m11_unknown_source", "MAP_UNKNOWN_SOURCE mapping.csv row 7"),
    "M12": ("m12_unknown_target", "MAP_UNKNOWN_TARGET mapping.csv row 7"),
    "M13": ("m13_target_twice", "MAP_TARGET_TWICE mapping.csv"),
    "M14": ("m14_required_target_not_mapped", "MAP_KEY_MISSING mapping.csv"),
    "M15": ("m15_filter_not_mapped", "MAP_FILTER_MISSING spec.toml entities 2"),
    "M16": ("m16_trailing_space", "MAP_UNKNOWN_SOURCE mapping.csv row 7"),
    "M17": ("m17_look_alike_letter", "MAP_UNKNOWN_SOURCE mapping.csv row 7"),
    "M18": ("m18_wrong_case", "MAP_UNKNOWN_SOURCE mapping.csv row 7"),
    "M19": ("m19_unknown_converter", "MAP_UNKNOWN_TRANSFORM mapping.csv row 7"),
    "M20": ("m20_code_as_converter", "MAP_UNKNOWN_TRANSFORM mapping.csv row 7"),
    "M21": ("m21_text_to_date", "MAP_TYPE mapping.csv row 11"),
    "M23": ("m23_value_twice", "MAP_VALUE_TWICE lookups.csv row 3"),
    "M24": ("m24_required_blank", "MAP_REQUIRED_BLANK mapping.csv row 3"),
    "M25": ("m25_forbidden_field", "MAP_FORBIDDEN_FIELD mapping.csv row 7"),
    "M27": ("", "MAP_TOO_LARGE mapping.csv"),
    "M28": ("m28_formula_in_a_cell", "MAP_UNKNOWN_TARGET mapping.csv row 7"),
    "M29": ("m29_yaml", "MAP_UNSAFE spec.toml entities 2 mapping"),
    "M30": ("m29_yaml", "MAP_UNSAFE spec.toml entities 2 mapping"),
    "M31": ("m31_yes_and_no", "MAP_TYPE mapping.csv row 7"),
}
GUESSES = {"M16", "M18"}


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the integration is looked for, still to be written."""
    monkeypatch.setattr(specs, "_integrations", lambda: tmp_path)
    return tmp_path / NAME


@pytest.mark.requirement("CARD-4")
@pytest.mark.parametrize("row", ROWS)
def test_a_wrong_table_is_refused_before_anything_is_read(row: str, packaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case, expected = ROWS[row]
    changed(BAD / (case or "m12_unknown_target"), packaged)
    if row == "M27":
        (packaged / "mapping.csv").write_text((PACKAGED / "mapping.csv").read_text() + ",,,,,\n" * 1_000_000)
    assert main(["accounts", "check", "fmg", "--json"]) == 1
    lines = json.loads(capsys.readouterr().out)
    assert {line["part"] for line in lines} == {"tables"}, "no connection was tried"
    code, _, place = expected.partition(" ")
    said = [line["message"] for line in lines if line["message"].startswith(f"[{code}] {place}")]
    assert said
    assert ("did you mean" in said[0]) is (row in GUESSES) or row not in GUESSES
    with pytest.raises(ConfigurationError) as caught:
        select({})
    assert [str(problem) for problem in caught.value.problems] == [line["message"] for line in lines]


@pytest.mark.parametrize("row", ["M4"])
def test_a_byte_order_mark_is_no_mistake(row: str, packaged: Path) -> None:
    before = load_spec(NAME, folder=PACKAGED).mapping_digest
    changed(BAD / "m12_unknown_target", packaged)
    (packaged / "mapping.csv").write_text((PACKAGED / "mapping.csv").read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert load_spec(NAME).mapping_digest == before
    assert select({})


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("tables"), contacts=25, groups=3, seed=5) as box:
        box.run(approve=lambda _: True)
        yield box


@pytest.mark.requirement("FMG-08", "SAFE-10")
@pytest.mark.parametrize("row", ["M22"])
def test_a_value_the_table_does_not_know_rejects_its_record(delivered: World, row: str) -> None:
    before, writes = delivered.contacts(), delivered.writes()
    someone = before[0]["source_id"]
    delivered.source_contact(someone, **{"Person.Gender": "9"})
    result = delivered.run()
    found = [r for r in delivered.store.rejected.open(NAME, "summit") if r.source_id == someone]
    assert [(r.code, r.field) for r in found] == [("MAP_VALUE_UNMAPPED", "Person.Gender")]
    rules = json.loads(delivered.zone.report_folder(result.key).read_bytes("report.json"))["rules"]
    assert [rule["failed"] for rule in rules if rule["code"] == "MAP_VALUE_UNMAPPED" and rule["column"] == "Person.Gender"] == [1]
    assert (delivered.contacts(), delivered.writes()) == (before, writes)


@pytest.mark.requirement("SAFE-2")
@pytest.mark.parametrize("row", ["M32"])
def test_a_table_that_would_change_many_records_waits_for_a_person(delivered: World, row: str, tmp_path: Path) -> None:
    before, writes = delivered.contacts(), delivered.writes()
    folder = changed(BAD / "m12_unknown_target", tmp_path / NAME)
    text = (PACKAGED / "mapping.csv").read_text()
    swapped = re.sub(r"PreferredAddress\.(City|Line1)", lambda m: f"PreferredAddress.{'Line1' if m[1] == 'City' else 'City'}", text)
    (folder / "mapping.csv").write_text(swapped)
    result = delivered.with_(spec=load_spec(NAME, folder=folder)).run()
    assert result.status is RunStatus.HELD
    assert [hold["code"] for hold in result.holds] == ["MAP_CHANGED"]
    assert (delivered.contacts(), delivered.writes()) == (before, writes)


def select(conf: Any) -> list[str]:
    """What the DAG's first task does."""
    dag = SimpleNamespace(params=ParamsDict(sync_params()))
    task = SelectAccountsOperator(task_id="accounts", integration=NAME)
    return task.execute({"dag": dag, "dag_run": SimpleNamespace(conf=conf, run_type="manual"), "params": {}})  # type: ignore[typeddict-item]
