"""Golden cases: what the sandbox's families become, record by record, through the tables. `pytest --golden` rewrites what is expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crosswalk.integrations.specs import load_spec
from planning_firm import CLIENTS, FAMILIES, HOLDINGS, Firm

HERE = Path(__file__).parent


@pytest.mark.requirement("EMON-05", "EMON-09", "EMON-10")
def test_the_families_become_what_is_expected(firm: Firm, golden: bool) -> None:
    """A married couple, a widower, domestic partners, a grown child, a trust-owned policy, numbers of 3, 4, 5 and 20 characters, loans."""
    made: list[dict[str, Any]] = []
    for row in (firm.export(*FAMILIES.values(), dry_run=True), firm.refresh(dry_run=True)):
        run = firm.of(row.key)
        for entity in run.spec.entities:
            mapped = entity.mapping.apply(run.folder.read_frame(f"accepted_{entity.name}")).frame
            made += [{"entity": entity.name, **one} for one in mapped.sort_values("source_id").to_dict("records")]
    compare(HERE / "expected.jsonl", made, golden)


@pytest.mark.requirement("EMON-05")
def test_the_contact_map_is_the_seeds() -> None:
    rows = {row.target: row.source for row in load_spec(CLIENTS).entity("client").mapping.sent}
    both = {
        "firstName": "FirstName", "lastName": "LastName", "dateOfBirth": "Person.Dob", "cellPhone": "CellPhone.AreaCode + CellPhone.Number",
        "employerName": "Company", "employerAddressLine1": "BusinessAddress.Line1", "employerCity": "BusinessAddress.City",
        "workPhone": "BusinessPhone.AreaCode + BusinessPhone.Number", "workFax": "BusinessFax.AreaCode + BusinessFax.Number",
        "jobTitle": "Person.JobTitle",
    }  # fmt: skip
    client = {
        "addressLine1": "ResidenceAddress.Line1", "homePhone": "HomePhone.AreaCode + HomePhone.Number", "fax": "Fax.AreaCode + Fax.Number",
        "email": "PreferredEmail.Address", "maritalStatus": "Person.Marital",
    }  # fmt: skip
    assert {name: rows[name] for name in (*both, *client)} == {**both, **client}
    spouse = {f"spouse.{name}": " + ".join(f"Spouse.{one}" for one in source.split(" + ")) for name, source in both.items()}
    assert {name: rows[name] for name in spouse} == spouse
    assert not {f"spouse.{name}" for name in ("addressLine1", "city", "homePhone", "fax", "email")} & rows.keys(), "N/A cells"


@pytest.mark.requirement("EMON-09", "EMON-10")
def test_the_maps_of_investments_and_policies_are_the_seeds() -> None:
    spec = load_spec(HOLDINGS)
    assert {row.target: row.source for row in spec.entity("investment").mapping.sent} == {
        "assetName": "AccountName", "holdingsValue": "AccountValue", "cashBalance": "LoanBalance", "totalValue": "NetValue",
        "typeOfFunds": "Options", "owner": "Owner",
    }  # fmt: skip
    assert {row.target: row.source for row in spec.entity("policy").mapping.sent} == {
        "policyName": "Carrier.Name + PlanName", "policyNumber": "PolicyNumber", "owner": "PrimaryInsuredOwner",
        "deathBenefit": "TotalDeathBenefits",
    }  # fmt: skip


def test_the_two_integrations_say_the_same_of_an_account() -> None:
    """They read one accounts file."""
    one, other = load_spec(CLIENTS), load_spec(HOLDINGS)
    assert (one.accounts, one.settings, one.frequencies, one.source, one.target) == (
        other.accounts, other.settings, other.frequencies, other.source, other.target,
    )  # fmt: skip


def compare(path: Path, found: list[dict[str, Any]], golden: bool) -> None:
    lines = [json.dumps(one, ensure_ascii=False) for one in found]
    if golden:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert path.read_text(encoding="utf-8").splitlines() == lines
