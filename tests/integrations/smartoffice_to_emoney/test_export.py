"""Client export: who is asked for is created; who exists is updated only when a person, or the form, says so."""

from __future__ import annotations

from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.engine.approve import answer, update_question
from crosswalk.engine.context import Run
from crosswalk.engine.run_options import ASK, LEAVE, UPDATE
from crosswalk.errors import ConfigurationError, SafetyStop
from planning_firm import CLIENTS, FAMILIES, READY, Firm

MARRIED, WIDOWER, CHILD = "Contact.7.801", "Contact.7.803", "Contact.7.808"


@pytest.mark.requirement("EMON-03", "EMON-05")
def test_who_is_asked_for_is_created_with_the_spouse_and_nobody_else(firm: Firm) -> None:
    row = firm.export(MARRIED, WIDOWER)
    clients = firm.clients()

    assert (row.status, set(clients)) == (RunStatus.SUCCESS, {MARRIED, WIDOWER})
    assert (clients[MARRIED]["maritalStatus"], clients[WIDOWER]["maritalStatus"]) == ("Married", "Widowed")
    assert clients[WIDOWER]["spouse"] is None
    spouse = clients[MARRIED]["spouse"]
    assert spouse["firstName"]
    assert spouse["cellPhone"].startswith("+1")
    assert spouse["jobTitle"]
    assert not spouse.keys() & {"addressLine1", "homePhone", "fax", "email"}, "N/A in the seed's table"


@pytest.mark.requirement("EMON-03")
def test_a_household_means_its_head(firm: Firm) -> None:
    members = firm.control("GET", f"/smartoffice/offices/{firm.office}/members?limit=100")["members"]
    household = next(one["HouseHold"] for one in members if one["Contact"] == CHILD)
    firm.export(household)
    assert set(firm.clients()) == {FAMILIES["grown child"]}


@pytest.mark.requirement("EMON-03")
@pytest.mark.parametrize("wanted", ["Contact.7.99999", "HouseHold.7.99999", "Quinn Quill"])
def test_whom_nobody_knows_is_said_before_anything_is_written(firm: Firm, wanted: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        firm.export(MARRIED, wanted)
    assert raised.value.code in ("SCOPE_CONTACT", "SCOPE_HOUSEHOLD", "SCOPE_ID")
    assert firm.written() == []
    assert "Quinn" not in str(raised.value)


@pytest.mark.requirement("EMON-03", "SAFE-5")
def test_an_export_asked_for_twice_creates_nobody_twice(exported: Firm) -> None:
    exported.forget()
    row = exported.export(*READY, existing=ASK)
    assert (row.status, row.counts["plan"]["client"], exported.written()) == (RunStatus.SUCCESS, {"unchanged": len(READY)}, [])


def changed(firm: Firm) -> None:
    """One client differs, another is new."""
    firm.contact(MARRIED, Company="Changed Inc", **{"HomePhone.Number": "555-0199"})


@pytest.fixture
def half(firm: Firm) -> Firm:
    """One client is in eMoney and differs by now; the widower is not."""
    firm.export(MARRIED)
    changed(firm)
    firm.forget()
    return firm


@pytest.mark.requirement("EMON-04", "SAFE-3")
def test_a_client_who_exists_is_asked_about_and_yes_updates(half: Firm) -> None:
    asked: list[tuple[str, str]] = []

    def yes(run: Run) -> bool:
        asked.append(update_question(run))
        return True

    row = half.export(MARRIED, WIDOWER, existing=ASK, approve=yes)
    ((subject, body),) = asked

    assert "do you want to update client's information?" in subject
    assert f"| {MARRIED} | employerName |" in body
    assert f"| {MARRIED} | homePhone |" in body
    assert not [word for word in ("Changed", "555-0199", "5550199") if word in body], "values are masked"
    assert (row.status, row.decided_by) == (RunStatus.SUCCESS, "in_process")
    assert half.clients()[MARRIED]["employerName"] == "Changed Inc"
    assert set(half.clients()) == {MARRIED, WIDOWER}


@pytest.mark.requirement("EMON-04", "SAFE-3", "SAFE-6")
def test_no_leaves_the_client_untouched_and_the_rest_goes_on(half: Firm) -> None:
    before = half.clients()[MARRIED]
    row = half.export(MARRIED, WIDOWER, existing=ASK, approve=lambda _run: False)

    assert row.status is RunStatus.SUCCESS
    assert half.clients()[MARRIED] == before
    assert WIDOWER in half.clients()
    assert half.outcomes(row) == {MARRIED: ("excluded", "left_as_is"), WIDOWER: ("create", "new")}
    assert half.written() == ["create client"]


@pytest.mark.requirement("EMON-04")
@pytest.mark.parametrize(("existing", "outcome"), [(UPDATE, ("update", "source")), (LEAVE, ("excluded", "left_as_is"))])
def test_the_form_answers_in_advance(half: Firm, existing: str, outcome: tuple[str, str]) -> None:
    before = half.clients()[MARRIED]
    row = half.export(MARRIED, WIDOWER, existing=existing)

    assert (row.status, row.holds) == (RunStatus.SUCCESS, [])
    assert half.outcomes(row)[MARRIED] == outcome
    assert (half.clients()[MARRIED] == before) == (existing == LEAVE)


@pytest.mark.requirement("SAFE-3", "EMON-04")
def test_an_answer_about_another_plan_counts_for_nothing(half: Firm) -> None:
    row = half.export(MARRIED, WIDOWER, existing=ASK)
    assert (row.status, [hold["code"] for hold in row.holds]) == (RunStatus.HELD, ["CLIENT_EXISTS"])
    for yes in (True, False):
        answer(half.of(row.key), yes=yes, plan_hash="0" * 64, by="oncall")
        with pytest.raises(SafetyStop) as raised:
            half.account(CLIENTS).clear(row.key, "load")
        assert raised.value.code == "PLAN_NOT_APPROVED"
    assert half.written() == []


@pytest.mark.requirement("SAFE-3")
def test_an_answer_ends_when_the_source_changes(half: Firm) -> None:
    def late(_run: Run) -> bool:
        half.contact(MARRIED, Company="Changed again")
        return True

    with pytest.raises(SafetyStop, match="PLAN_OUTDATED"):
        half.export(MARRIED, existing=ASK, approve=late)
    assert half.written() == []


@pytest.mark.requirement("SAFE-8")
def test_a_dry_run_shows_the_plan_and_writes_nothing(half: Firm) -> None:
    row = half.export(MARRIED, WIDOWER, existing=ASK, dry_run=True)
    assert (row.status, half.written()) == (RunStatus.DRY_RUN, [])
    assert half.outcomes(row) == {MARRIED: ("update", "source"), WIDOWER: ("create", "new")}


@pytest.mark.requirement("EMON-05")
def test_a_divorce_takes_the_spouse_away_and_a_marriage_brings_one(exported: Firm) -> None:
    relations = exported.control("GET", f"/smartoffice/offices/{exported.office}/relations?limit=100")["relations"]
    (wife,) = [one for one in relations if one["Contact"] == MARRIED]
    exported.control("DELETE", f"/smartoffice/offices/{exported.office}/relations/{wife['id']}")
    exported.contact(MARRIED, **{"Person.Marital": "3"})
    exported.export(MARRIED)
    assert (exported.clients()[MARRIED]["maritalStatus"], exported.clients()[MARRIED]["spouse"]) == ("Divorced", None)
    new: dict[str, Any] = {"Type": "Spouse", "Contact": MARRIED, "Other": "Contact.7.811"}
    exported.control("POST", f"/smartoffice/offices/{exported.office}/relations", **new)
    exported.contact(MARRIED, **{"Person.Marital": "2"})
    exported.export(MARRIED)
    assert exported.clients()[MARRIED]["spouse"]["cellPhone"]


@pytest.mark.requirement("SAFE-6")
def test_clients_somebody_else_made_are_left_alone(firm: Firm) -> None:
    firm.control("POST", f"/emoney/firms/{firm.firm}/clients", firstName="Own", lastName="Client")
    before = firm.clients()
    row = firm.export(WIDOWER)
    assert (row.status, row.holds) == (RunStatus.SUCCESS, [])
    assert {name: one for name, one in firm.clients().items() if name != WIDOWER} == before
