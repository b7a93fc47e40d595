"""Golden files of the integration: source.jsonl becomes expected.jsonl and rejected.jsonl; each of bad_specs/ is refused as it says.

`pytest --golden` rewrites what is expected; the diff is then read.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import crosswalk
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.errors import ConfigurationError
from crosswalk.integrations.specs import load_spec
from integration_copy import changed

HERE = Path(__file__).parent
NAME = "smartoffice_to_fmg"
PACKAGED = Path(crosswalk.__file__).parent / "integrations" / NAME
CASES = sorted(path.name for path in (HERE / "bad_specs").iterdir())


@pytest.fixture(scope="module")
def spec() -> IntegrationSpec:
    return load_spec(NAME)


@pytest.mark.requirement("FMG-08", "CARD-4")
def test_the_tables_turn_source_records_into_what_is_expected(spec: IntegrationSpec, golden: bool) -> None:
    expected, rejected = [], []
    for entity in spec.entities:
        records = [one for one in read("source.jsonl") if one.pop("entity") == entity.name]
        columns = ["source_id", *entity.source_fields]
        mapped = entity.mapping.apply(pd.DataFrame(records, columns=columns, dtype="str").fillna(""))
        expected += [{"entity": entity.name, **row} for row in mapped.frame.to_dict("records")]
        rejected += [asdict(one) for one in mapped.rejections]
    if golden:
        compare("expected.jsonl", expected, golden)
    assert [filled(one) for one in read("expected.jsonl")] == [filled(one) for one in expected]
    compare("rejected.jsonl", rejected, golden)


@pytest.mark.requirement("FMG-08")
def test_the_sample_uses_every_field_and_every_lookup_value(spec: IntegrationSpec) -> None:
    """A column added since, whose text is only copied, needs no sample: the fourteen show how that is done."""
    for entity in spec.entities:
        records = [one for one in read("source.jsonl") if one.pop("entity") == entity.name]
        used = {name for one in records for name, value in one.items() if value}
        made = [one for one in read("expected.jsonl") if one["entity"] == entity.name]
        shown = [row for row in entity.mapping.sent if row.convert != "text" or row.target in FOURTEEN or entity.name != "contact"]
        assert used <= {"source_id", *entity.source_fields}
        assert used >= {"source_id", *(name for row in shown for name in row.sources)}
        assert all(any(one[row.target] for one in made) for row in shown)
    assert {one["marital_status"] for one in made} >= {"Single", "Married", "Divorced", "Widowed", "Separated", "Domestic Partner"}


FOURTEEN = {
    "first_name": "FirstName", "last_name": "LastName", "email": "PreferredEmail.Address", "address_1": "PreferredAddress.Line1",
    "address_2": "PreferredAddress.Line2", "city": "PreferredAddress.City", "state": "PreferredAddress.State",
    "zip": "PreferredAddress.ZipCode", "phone": "PreferredPhone.AreaCode + PreferredPhone.Number", "birthday": "Person.Dob",
    "gender": "Person.Gender", "marital_status": "Person.Marital", "client_anniversary": "ReviewDate", "nickname": "Greeting",
}  # fmt: skip
"""The field map as the requirement has it."""


@pytest.mark.requirement("FMG-08")
def test_the_field_map_is_the_requirements(spec: IntegrationSpec) -> None:
    rows = {row.target: row.source for row in spec.entity("contact").mapping.sent}

    assert rows.pop("groups") == "TagGroups"
    assert rows.items() >= FOURTEEN.items()
    assert spec.unused_lookups == ()


@pytest.mark.requirement("FMG-09")
def test_limits_and_safety_numbers_are_those_promised(spec: IntegrationSpec) -> None:
    assert spec.limits == {"contact": 30_000, "group": 1_000}
    assert (spec.safety.max_deletes, spec.safety.max_delete_share, spec.safety.delete_floor, spec.safety.max_slice_loss) == (
        500,
        0.05,
        10,
        0.2,
    )


@pytest.mark.parametrize("case", CASES)
def test_a_bad_spec_is_refused_with_all_its_problems(case: str, tmp_path: Path, golden: bool) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_spec(NAME, folder=changed(HERE / "bad_specs" / case, tmp_path / NAME))
    found = [f"{problem.code} {problem.place}" for problem in raised.value.problems]
    compare(f"bad_specs/{case}/expected.txt", found, golden)
    assert raised.value.code == raised.value.problems[0].code
    assert all(problem.problem and problem.next_step and str(tmp_path) not in str(problem) for problem in raised.value.problems)


def test_the_spec_itself_is_read_from_any_folder(tmp_path: Path, spec: IntegrationSpec) -> None:
    shutil.copytree(PACKAGED, tmp_path / NAME)

    assert load_spec(NAME, folder=tmp_path / NAME).digest == spec.digest


def filled(record: dict[str, Any]) -> dict[str, Any]:
    """The record without its blank values, so that a new column changes only what it fills."""
    return {name: value for name, value in record.items() if value}


def read(name: str) -> Iterator[dict[str, Any]]:
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def compare(name: str, found: list[Any], golden: bool) -> None:
    lines = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in found]
    if golden:
        (HERE / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert (HERE / name).read_text(encoding="utf-8").splitlines() == lines
