"""Readiness and licences: every gap of a client is named and stops that client alone; a licence that lacks stops the run, or its part."""

from __future__ import annotations

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.core.plurals import plural
from crosswalk.errors import AuthRefused
from planning_firm import EVERY_RIGHT, FAMILIES, HOLDINGS, READY, Firm, FirmMaker

pytestmark = pytest.mark.requirement("EMON-01", "EMON-02")

MARRIED, WIFE, WIDOWER = "Contact.7.801", "Contact.7.802", "Contact.7.803"


def relation(firm: Firm, contact: str) -> str:
    """The key relation entered on a contact."""
    listed = firm.control("GET", f"/smartoffice/offices/{firm.office}/relations?limit=100")["relations"]
    return str(next(one["id"] for one in listed if one["Contact"] == contact))


def change_relation(firm: Firm, contact: str, **fields: str) -> None:
    firm.control("PATCH", f"/smartoffice/offices/{firm.office}/relations/{relation(firm, contact)}", **fields)


GAPS = {
    "FIRST_NAME_MISSING": lambda firm: firm.contact(MARRIED, FirstName=" "),
    "NAME_MISSING": lambda firm: firm.contact(MARRIED, LastName=""),
    "BIRTH_DATE_MISSING": lambda firm: firm.contact(MARRIED, **{"Person.Dob": ""}),
    "MARITAL_STATUS_MISSING": lambda firm: firm.contact(MARRIED, **{"Person.Marital": ""}),
    "MARITAL_STATUS_CONFLICT": lambda firm: firm.contact(MARRIED, **{"Person.Marital": "4"}),
    "SPOUSE_MISSING": lambda firm: firm.control("DELETE", f"/smartoffice/offices/{firm.office}/relations/{relation(firm, MARRIED)}"),
    "RELATION_TYPE_MISSING": lambda firm: change_relation(firm, MARRIED, Type=""),
    "SPOUSE_AMBIGUOUS": lambda firm: firm.control(
        "POST", f"/smartoffice/offices/{firm.office}/relations", Type="Wife", Contact=MARRIED, Other="Contact.7.811"
    ),
    "SPOUSE_FIRST_NAME_MISSING": lambda firm: firm.contact(WIFE, FirstName=""),
    "SPOUSE_NAME_MISSING": lambda firm: firm.contact(WIFE, LastName=" "),
    "SPOUSE_BIRTH_DATE_MISSING": lambda firm: firm.contact(WIFE, **{"Person.Dob": ""}),
    "SRC_BAD_DATE": lambda firm: firm.contact(WIFE, **{"Person.Dob": "1963-02-30"}),
    "MAP_VALUE_UNMAPPED": lambda firm: firm.contact(WIDOWER, **{"Person.Marital": "9"}),
    "EMAIL_INVALID": lambda firm: firm.contact(MARRIED, **{"PreferredEmail.Address": "nowhere"}),
}


def test_every_gap_is_named_and_the_others_travel(make_firm: FirmMaker) -> None:
    """Each gap in a firm's client, one run a gap; only that client is rejected, for that reason alone."""
    firm = make_firm()
    checkpoint = firm.control("POST", "/checkpoints")["checkpoint"]
    found = {}
    for code, make in GAPS.items():
        firm.control("POST", f"/checkpoints/{checkpoint}/restore")
        make(firm)
        row = firm.export(MARRIED, WIDOWER, dry_run=True)
        plan = firm.outcomes(row)
        found[code] = sorted(reason for outcome, reason in plan.values() if outcome == "rejected")
        assert sorted(outcome for outcome, _ in plan.values()) == ["create", "rejected"], (code, plan)
    assert found == {code: [code] for code in GAPS}


def test_gaps_of_the_families_are_named_with_their_fix(firm: Firm) -> None:
    row = firm.export(*FAMILIES.values())
    assert row.status is RunStatus.PARTIAL
    assert firm.rejected() == {"Contact.7.812": ["SPOUSE_MISSING"], "Contact.7.814": ["RELATION_TYPE_MISSING"]}
    assert set(firm.clients()) == set(READY)
    rejected = firm.store.rejected.open(row.key.integration, "elm")
    assert all(one.fix and one.reason for one in rejected)
    change_relation(firm, "Contact.7.814", Type="Wife")
    firm.export("Contact.7.814")
    assert firm.rejected()["Contact.7.814"] == ["SPOUSE_BIRTH_DATE_MISSING"]


def test_a_household_is_not_needed(firm: Firm) -> None:
    household = firm.control("GET", f"/smartoffice/offices/{firm.office}/households?limit=1")["households"][0]["id"]
    firm.control("DELETE", f"/smartoffice/offices/{firm.office}/households/{household}")
    assert firm.export(MARRIED).status is RunStatus.SUCCESS


@pytest.mark.parametrize("integration", ["client", "holdings"])
def test_without_the_emoney_licence_the_run_fails_before_anything_is_read(make_firm: FirmMaker, integration: str) -> None:
    firm = make_firm(rights=["FMG", *EVERY_RIGHT[1:]])
    with pytest.raises(AuthRefused) as raised:
        firm.export(MARRIED) if integration == "client" else firm.refresh()
    assert raised.value.code == "RIGHT_MISSING"
    assert "eMoney" in str(raised.value)
    assert firm.asked() == []


@pytest.mark.parametrize("lacking", EVERY_RIGHT[1:])
def test_a_part_without_its_licence_is_left_out_and_nothing_of_it_is_touched(exported: Firm, lacking: str) -> None:
    firm, part = exported, "investment" if lacking == "InvestmentTracking" else "policy"
    firm.link(MARRIED, *firm.items_of(MARRIED))
    before = {item: one for item, one in firm.links().items() if one["kind"] == part}
    for kind in ("investments", "policies"):
        for one in firm.holdings(kind):
            value = {"AccountValue": "1.00"} if kind == "investments" else {"TotalDeathBenefits": "1.00"}
            firm.control("PATCH", f"/smartoffice/offices/{firm.office}/{kind}/{one['id']}", **value)
    firm.rights(*(one for one in EVERY_RIGHT if one != lacking))
    row = firm.refresh()

    assert row.status is RunStatus.SUCCESS
    assert row.counts["left_out"] == [part]
    assert part not in row.counts["plan"]
    assert {item: one for item, one in firm.links().items() if one["kind"] == part} == before
    others = [one["values"] for one in firm.links().values() if one["kind"] != part]
    assert all("1.00" in values.values() for values in others)
    again = firm.account(HOLDINGS).clear(row.key, "validate")
    assert again.counts["left_out"] == [part], "a cleared task sees the run as it was"
    firm.rights(*EVERY_RIGHT)
    back = firm.refresh()
    assert (back.status, back.holds) == (RunStatus.SUCCESS, [])
    assert all("1.00" in one["values"].values() for one in firm.links().values())


def test_without_both_licences_there_is_nothing_to_do(make_firm: FirmMaker) -> None:
    firm = make_firm(rights=["eMoney", "PolicyTracking"])
    with pytest.raises(AuthRefused, match="nothing is left to read"):
        firm.refresh()


@pytest.mark.requirement("EMON-01")
@pytest.mark.parametrize("lacking", ["InvestmentTracking", "PolicyTracking"])
def test_the_report_says_which_part_was_left_out_and_why(exported: Firm, lacking: str) -> None:
    firm, part = exported, "investment" if lacking == "InvestmentTracking" else "policy"
    firm.link(MARRIED, *firm.items_of(MARRIED))
    firm.rights(*(one for one in EVERY_RIGHT if one != lacking))
    report = firm.of(firm.refresh().key).report_folder.read_bytes("report.html").decode()
    firm.rights(*EVERY_RIGHT)
    assert f"{plural(part)} were left out" in report
    assert lacking in report
