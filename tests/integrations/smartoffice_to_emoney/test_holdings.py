"""Linked investments and policies: refreshed, announced when they are new, flagged when they vanish, linked only by a person."""

from __future__ import annotations

import json

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.errors import ConfigurationError, DataError
from crosswalk.features.announcements.prompt import NOTHING, accept, offers
from planning_firm import HOLDINGS, Firm

MARRIED, TRUST, WIDOWER = "Contact.7.801", "Contact.7.809", "Contact.7.803"


@pytest.fixture
def linked(exported: Firm) -> Firm:
    """A firm in which the married couple's items are linked, but for the policy."""
    items = [one for one in exported.items_of(MARRIED) if one.startswith("Investment")]
    exported.link(MARRIED, *items, asset="Retirement", ownership="Joint")
    exported.forget()
    return exported


def change(firm: Firm, item: str, **fields: str) -> None:
    kind = "investments" if item.startswith("Investment") else "policies"
    firm.control("PATCH", f"/smartoffice/offices/{firm.office}/{kind}/{item}", **fields)


@pytest.mark.requirement("EMON-06", "EMON-09")
def test_what_a_person_chose_is_linked_as_classified_and_nothing_else(linked: Firm) -> None:
    links = linked.links()
    assert set(links) == {"Investment.7.1", "Investment.7.2"}
    assert {(one["assetType"], one["ownership"]) for one in links.values()} == {("Retirement", "Joint")}
    source = {one["id"]: one for one in linked.holdings("investments")}
    for item, one in links.items():
        values, theirs = one["values"], source[item]
        assert (values["assetName"], values["typeOfFunds"], values["owner"]) == (theirs["AccountName"], theirs["Options"], theirs["Owner"])
        assert float(values["cashBalance"] or "nan") == pytest.approx(float(theirs["LoanBalance"]))


@pytest.mark.requirement("EMON-06", "SAFE-9")
def test_a_decision_is_kept_with_who_took_it(linked: Firm) -> None:
    from sqlalchemy import select

    from crosswalk.store.tables import audit

    with linked.store.engine.connect() as connection:
        rows = connection.execute(select(audit).where(audit.c.event == "links decided")).all()
    (row,) = rows
    assert (row.account, row.actor) == ("elm", "in_process")
    links = json.loads(row.details)["links"]
    assert [(one["source_id"], one["client"], one["assetType"]) for one in links] == [
        ("Investment.7.1", MARRIED, "Retirement"),
        ("Investment.7.2", MARRIED, "Retirement"),
    ]
    assert linked.store.audit.verify() == []


@pytest.mark.requirement("EMON-06", "SAFE-9")
def test_what_is_offered_is_what_is_not_linked_and_names_are_masked(linked: Firm) -> None:
    row = linked.refresh(MARRIED)
    found = offers(linked.of(row.key), linked.target())
    assert [(one.source_id, one.client) for one in found] == [("Policy.7.1", MARRIED)]
    assert found[0].option.startswith("Policy.7.1 for Contact.7.801: policy ")
    assert "Term 20" not in found[0].option
    with pytest.raises(DataError, match="OFFER_UNKNOWN"):
        accept(linked.of(row.key), ["Policy.7.2 for somebody else"], {}, "oncall")
    assert accept(linked.of(row.key), [NOTHING], {}, "oncall") == 0


@pytest.mark.requirement("EMON-06")
def test_a_client_who_is_not_in_emoney_is_exported_first(firm: Firm) -> None:
    row = firm.refresh(MARRIED)
    with pytest.raises(ConfigurationError, match="CLIENT_NOT_EXPORTED"):
        offers(firm.of(row.key), firm.target())


@pytest.mark.requirement("EMON-07")
def test_only_changed_values_are_sent_and_everything_linked_was_looked_at(linked: Firm) -> None:
    before = linked.links()
    change(linked, "Investment.7.1", AccountValue="123.4")
    row = linked.refresh()
    after = linked.links()

    assert (row.status, row.counts["plan"]["investment"]["update"]) == (RunStatus.SUCCESS, 1)
    assert after["Investment.7.1"]["values"]["holdingsValue"] == "123.40"
    assert after["Investment.7.2"]["values"] == before["Investment.7.2"]["values"]
    assert linked.written() == ["put values", "put values"], "one for the change, one for what is as it was"
    report = json.loads(linked.of(row.key).report_folder.read_bytes("report.json"))
    told = {one["source_id"]: one["refreshed_at"] for one in report["linked"]}
    assert told == {item: one["lastRefreshedAt"] for item, one in after.items()}
    assert "Last refreshed" in linked.of(row.key).report_folder.read_bytes("report.html").decode()


@pytest.mark.requirement("EMON-07")
def test_one_client_is_refreshed_alone(exported: Firm) -> None:
    exported.link(MARRIED, "Investment.7.1")
    exported.link(WIDOWER, *exported.items_of(WIDOWER))
    for item in ("Investment.7.1", exported.items_of(WIDOWER)[0]):
        change(exported, item, AccountName="Renamed")
    row = exported.refresh(WIDOWER)
    names = {item: one["values"].get("assetName") for item, one in exported.links().items()}

    assert (row.status, row.holds) == (RunStatus.SUCCESS, [])
    assert [item for item, name in names.items() if name == "Renamed"] == [exported.items_of(WIDOWER)[0]]
    assert all(one["status"] == "current" for one in exported.links().values()), "what was not read did not vanish"


@pytest.mark.requirement("EMON-08")
def test_what_is_new_is_announced_once_and_linked_by_nobody(linked: Firm) -> None:
    linked.refresh()
    before = set(linked.links())
    new = linked.control(
        "POST", f"/smartoffice/offices/{linked.office}/investments", AccountName="Fresh", AccountValue="5", Contacts=[MARRIED]
    )["id"]
    first, second = linked.refresh(), linked.refresh()

    assert (first.counts["load"]["announced"], second.counts["load"]["announced"]) == (1, 0)
    assert new in linked.notices()
    assert set(linked.links()) == before
    report = linked.of(first.key).report_folder.read_bytes("report.html").decode()
    assert "New, waiting for a person" in report
    assert new in report
    assert "Fresh" not in report
    linked.link(MARRIED, new)
    assert new in linked.links()
    assert new not in linked.notices()


@pytest.mark.requirement("EMON-08")
def test_nothing_is_announced_to_a_client_who_has_nothing_linked(exported: Firm) -> None:
    row = exported.refresh()
    assert (row.status, row.counts["load"]["announced"], exported.notices(), exported.links()) == (RunStatus.SUCCESS, 0, [], {})


@pytest.mark.requirement("EMON-07", "SAFE-6")
def test_what_vanished_is_flagged_and_comes_back(linked: Firm) -> None:
    gone = next(one for one in linked.holdings("investments") if one["id"] == "Investment.7.2")
    linked.control("DELETE", f"/smartoffice/offices/{linked.office}/investments/Investment.7.2")
    row = linked.refresh()
    assert ("Investment.7.2", "frozen", "left_source") in set(
        linked.plan(row)[["source_id", "outcome", "reason"]].itertuples(index=False, name=None)
    )
    one = linked.links()["Investment.7.2"]
    assert (one["status"], one["values"]["assetName"]) == ("missing", gone["AccountName"])
    linked.forget()
    linked.refresh()
    assert linked.written() == ["put values"], "what is flagged already is not flagged again"
    linked.control("POST", f"/smartoffice/offices/{linked.office}/investments", **gone)
    linked.refresh()
    assert linked.links()["Investment.7.2"]["status"] == "current"


@pytest.mark.requirement("SAFE-1", "SAFE-2")
def test_a_source_that_has_nothing_any_more_is_asked_about_first(linked: Firm) -> None:
    linked.control("POST", "/faults", system="smartoffice", kind="zero_records", match="search Investment", times=None)
    for one in linked.holdings("investments"):
        linked.control("DELETE", f"/smartoffice/offices/{linked.office}/investments/{one['id']}")
    row = linked.refresh()
    assert (row.status, [hold["code"] for hold in row.holds]) == (RunStatus.HELD, ["SRC_ZERO_RECORDS"])
    assert {one["status"] for one in linked.links().values()} == {"current"}
    assert linked.written() == []
    linked.control("DELETE", "/faults")


@pytest.mark.requirement("EMON-10", "SAFE-9")
def test_a_whole_policy_number_is_nowhere(exported: Firm) -> None:
    numbers = [one["PolicyNumber"] for one in exported.holdings("policies") if len(one["PolicyNumber"]) > 4]
    assert {len(one) for one in numbers} >= {5, 20}
    exported.link(TRUST, *exported.items_of(TRUST))
    exported.link(MARRIED, *exported.items_of(MARRIED))
    exported.refresh()
    shown = {one["values"]["policyNumber"] for one in exported.links().values() if one["kind"] == "policy"}
    assert shown == {"***9876", "***1234"}
    for path in (one for one in exported.folder.rglob("*") if one.is_file()):
        content = path.read_bytes()
        assert not [one for one in numbers if one.encode() in content], path.name
    for one in exported.store.runs.latest(HOLDINGS, "elm"):
        frame = exported.of(one.key).folder.read_entity("source_policy")
        assert set(frame["PolicyNumber"]) <= {"", "***", *(f"***{number[-4:]}" for number in numbers)}


@pytest.mark.requirement("EMON-09", "SAFE-10")
def test_an_amount_that_is_none_rejects_its_record_and_what_emoney_has_stays(linked: Firm) -> None:
    before = linked.links()["Investment.7.1"]["values"]
    change(linked, "Investment.7.1", AccountValue="1,234.50")
    row = linked.refresh()
    assert row.status is RunStatus.PARTIAL
    assert linked.rejected(HOLDINGS) == {"Investment.7.1": ["SRC_BAD_AMOUNT"]}
    assert linked.links()["Investment.7.1"]["values"] == before


@pytest.mark.requirement("SAFE-7")
def test_an_undo_puts_the_values_back(linked: Firm) -> None:
    before = {item: one["values"] for item, one in linked.links().items()}
    change(linked, "Investment.7.1", AccountValue="1.00")
    linked.refresh()
    row = linked.account(HOLDINGS).undo("undo")
    assert row.status is RunStatus.SUCCESS
    assert {item: one["values"] for item, one in linked.links().items()} == before
    held = linked.refresh()
    assert [hold["code"] for hold in held.holds] == ["UNDONE"]
