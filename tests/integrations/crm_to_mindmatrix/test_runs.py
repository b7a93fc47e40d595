"""Whole runs of CRM → Mindmatrix beside the decisions: what is undone, held, retried, looked at again, and what nobody imported."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crm_world import ORGANIZATION, CrmWorld
from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.model import RunStatus
from crosswalk.errors import ConfigurationError
from integrations.crm_to_mindmatrix.crms import CUSTOMER

NIGHT = (datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 2, 8, tzinfo=UTC))


def people(world: CrmWorld, *numbers: int, active: bool = True, **more: str) -> None:
    world.put("contacts", *(world.crm.contact(one, active=active, company=11, email=f"a{one}@example.test", **more) for one in numbers))


@pytest.fixture(autouse=True)
def one_company(crms: CrmWorld) -> None:
    crms.put("companies", crms.crm.company(11, active=True, kind=CUSTOMER))


@pytest.mark.requirement("MIND-05")
def test_a_deleted_contact_is_put_back_by_an_undo_and_the_next_run_asks(crms: CrmWorld) -> None:
    world = crms.with_(options={"delete_inactive": True})
    people(world, 1, 2, 3)
    world.run("first")
    people(world, 1, active=False)
    people(world, 2, title="CIO")
    people(world, 4)
    row = world.run("second")
    assert row.counts["plan"] == {"contact": {"create": 1, "delete": 1, "unchanged": 1, "update": 1}}
    assert set(world.held()) == {"2", "3", "4"}
    world.account().undo("undo")
    assert set(world.held()) == {"1", "2", "3"}
    assert world.held()["2"]["title"] == ""
    asked = world.run("third")
    assert (asked.status, [hold["code"] for hold in asked.holds]) == (RunStatus.HELD, ["UNDONE"])
    assert set(world.held()) == {"1", "2", "3"}


@pytest.mark.requirement("SAFE-2")
def test_many_deletes_are_held_and_an_emptied_crm_is_too(crms: CrmWorld) -> None:
    world = crms.with_(options={"delete_inactive": True})
    people(world, *range(1, 31))
    world.run("first")
    people(world, *range(1, 12), active=False)
    held = world.run("inactive")
    assert (held.status, [hold["code"] for hold in held.holds]) == (RunStatus.HELD, ["MASS_DELETE"])
    assert len(world.held()) == 30
    delivered = world.run("approved", approve=lambda _: True)
    assert (delivered.status, len(world.held())) == (RunStatus.SUCCESS, 19)
    world.crm.empty(world.url)
    emptied = world.run("emptied")
    assert (emptied.status, [hold["code"] for hold in emptied.holds][:1]) == (RunStatus.HELD, ["SRC_ZERO_RECORDS"])


def test_a_run_without_a_change_writes_nothing_and_a_dry_run_never(crms: CrmWorld) -> None:
    people(crms, 1, 2)
    dry = crms.run("dry", dry_run=True)
    assert (dry.status, crms.requests("mindmatrix")["writes"], crms.held()) == (RunStatus.DRY_RUN, 0, {})
    crms.run("first")
    writes = crms.requests("mindmatrix")["writes"]
    assert crms.run("again").counts["plan"] == {"contact": {"unchanged": 2}}
    assert crms.requests("mindmatrix")["writes"] == writes


@pytest.mark.requirement("MIND-01")
def test_a_night_costs_the_listing_and_the_batches_of_what_changed(crms: CrmWorld) -> None:
    """Neither CRM says what was deleted: each night reads the list, however little changed. Writes follow the changes."""
    world = crms.with_(page_size=10, max_batch=10)

    def asked(name: str) -> tuple[int, int]:
        """Requests to the CRM, writes to Mindmatrix, of one more run."""
        read, written = sum(crms.requests(crms.crm.system).values()), crms.writes()
        world.run(name)
        return sum(crms.requests(crms.crm.system).values()) - read, crms.writes() - written

    people(crms, *range(1, 41))
    listing, first = asked("first")
    assert first == 2 + 4, "open, four batches of ten, finish"
    assert asked("unchanged") == (listing, 0)
    people(crms, 7, title="CIO")
    assert asked("one changed") == (listing, 2 + 1)
    people(crms, *range(1, 26), title="CTO")
    assert asked("twenty-five changed") == (listing, 2 + 3)
    people(crms, *range(41, 81))
    more, _ = asked("twice as many")
    assert listing < more <= 2 * listing


@pytest.mark.requirement("SAFE-10")
def test_a_rejected_contact_is_retried_alone_and_one_that_stays_is_never_rejected(crms: CrmWorld) -> None:
    long = "x" * 101
    people(crms, 1, 2)
    people(crms, 3, title=long)
    people(crms, 4, title=long, active=False)
    row = crms.run("first")
    outcomes = crms.outcomes(row)
    assert (row.status, outcomes["3"], outcomes["4"]) == (
        RunStatus.PARTIAL,
        ("rejected", "FIELD_TOO_LONG"),
        ("excluded", "CONTACT_INACTIVE"),
    )
    people(crms, 1, title="CIO")
    people(crms, 3, title="CTO")
    again = crms.run("retry", only={"3"})
    assert (again.status, crms.outcomes(again)["1"]) == (RunStatus.SUCCESS, ("excluded", "not_retried"))
    assert {one: row["title"] for one, row in crms.held().items()} == {"1": "", "2": "", "3": "CTO"}


@pytest.mark.requirement("MIND-05")
def test_an_inactive_contact_is_deleted_whatever_its_fields_hold(crms: CrmWorld) -> None:
    world = crms.with_(options={"delete_inactive": True})
    people(world, 1, 2)
    world.run("first")
    people(world, 1, active=False, title="x" * 101)
    assert world.outcomes(world.run("second"))["1"] == ("delete", "DELETE_INACTIVE")
    assert set(world.held()) == {"2"}


def test_what_nobody_imported_stays_and_is_taken_over_by_its_address(crms: CrmWorld) -> None:
    foreign = [{"email": f"a{one}@EXAMPLE.test", "first_name": "By hand"} for one in (1, 9)]
    crms.control("POST", f"{ORGANIZATION}/contacts", contacts=foreign)
    people(crms, 1, 2)
    people(crms, 9, active=False)
    row = crms.run()
    outcomes = crms.plan(row)
    assert row.status is RunStatus.SUCCESS
    assert (outcomes.loc["1", "outcome"], outcomes.loc["1", "reason"]) == ("update", "adopted")
    assert outcomes.loc["9", "outcome"] == "excluded"
    assert sorted(one["first_name"] for one in crms.held().values()) == ["Ana", "Ana", "By hand"]


def test_a_backfill_holds_the_labels_of_the_night_against_the_account_of_today(crms: CrmWorld) -> None:
    people(crms, 1, 2)
    crms.run("night", interval=NIGHT)
    asked = crms.requests(crms.crm.system)
    today = crms.with_(options={"filter_values": ["Prospect"]})
    row = today.account().replay("backfill", NIGHT)
    assert row is not None
    assert (row.status, today.outcomes(row)["1"]) == (RunStatus.REPLAYED, ("excluded", "TYPE_NOT_CHOSEN"))
    assert crms.requests(crms.crm.system) == asked
    with pytest.raises(ConfigurationError, match="FILTER_LABEL_UNKNOWN"):
        crms.with_(options={"filter_values": ["Prospects"]}).account().replay("again", NIGHT)


def test_an_account_of_one_crm_cannot_take_over_anothers_organization(crms: CrmWorld) -> None:
    people(crms, 1)
    crms.run("first")
    account = crms.account()

    class Other:
        def __getattr__(self, name: str) -> object:
            return getattr(account.source, name)

        def identity(self) -> str:
            return "elsewhere://database"

    with pytest.raises(ConfigurationError, match="CONN_"):
        replace(account, source=Other()).run("other")  # type: ignore[arg-type]


def test_every_setting_is_part_of_the_digest() -> None:
    settings = AccountSettings("a", "crm_to_mindmatrix", "s", "t", None, "daily", system="autotask")
    assert settings.digest != replace(settings, system="connectwise").digest
