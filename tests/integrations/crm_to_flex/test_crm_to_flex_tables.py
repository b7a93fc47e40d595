"""Golden files: source.jsonl becomes expected.jsonl and rejected.jsonl. `pytest --golden` rewrites them; the diff is then read."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import crosswalk
from crosswalk.core.mapping import FILL_ONLY
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.core.system_schema import load_fields
from crosswalk.features.linking.candidates.roles import load_roles
from crosswalk.integrations.specs import load_spec

HERE = Path(__file__).parent
PACKAGED = Path(crosswalk.__file__).parent / "integrations" / "crm_to_flex"


@pytest.fixture(scope="module")
def spec() -> IntegrationSpec:
    return load_spec("crm_to_flex")


def test_the_tables_turn_source_records_into_what_is_expected(spec: IntegrationSpec, golden: bool) -> None:
    expected, rejected = [], []
    for entity in spec.entities:
        records = [one for one in read("source.jsonl") if one.pop("entity") == entity.name]
        columns = ["source_id", *entity.source_fields]
        mapped = entity.mapping.apply(pd.DataFrame(records, columns=columns, dtype="str").fillna(""))
        expected += [{"entity": entity.name, **row} for row in mapped.frame.to_dict("records")]
        rejected += [asdict(one) for one in mapped.rejections]
    for name, records in (("expected.jsonl", expected), ("rejected.jsonl", rejected)):
        if golden:
            (HERE / name).write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records), encoding="utf-8")
        assert read(name) == records


def test_the_sample_fills_every_field(spec: IntegrationSpec) -> None:
    for entity in spec.entities:
        made = [one for one in read("expected.jsonl") if one["entity"] == entity.name]
        assert all(any(one[name] for one in made) for name in entity.target_fields), entity.name


@pytest.mark.requirement("FLEX-04", "FLEX-07")
def test_what_a_person_typed_in_flex_is_never_overwritten_unless_a_row_says_so(spec: IntegrationSpec) -> None:
    assert {row.blank for name in ("company", "contact") for row in spec.entity(name).mapping.sent} == {FILL_ONLY}


@pytest.mark.requirement("FLEX-03")
def test_a_company_s_name_as_a_text_makes_no_company(spec: IntegrationSpec) -> None:
    assert "company_name" not in spec.entity("deal").mapping.source_names
    assert {row.source for row in spec.entity("company").mapping.rows} == set(load_fields("hubspot")["company"])


def test_what_is_compared_is_a_field_of_flex() -> None:
    for entity, roles in load_roles(PACKAGED / "candidates.csv").items():
        assert {name for names in roles.fields.values() for name in names} <= load_fields("flex")[entity].keys()


def test_the_settings_have_the_seed_s_default_resource_type(spec: IntegrationSpec) -> None:
    assert spec.settings["default_resource_type"]["default"] == "Clients"
    assert spec.settings["link_automatically"]["default"] is False


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]
