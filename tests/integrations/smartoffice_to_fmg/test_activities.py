"""What people did in FMG becomes one SmartPad note each on the right SmartOffice contact, or is kept and explained (FMG-05)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from canary import assert_clean
from crosswalk.errors import AuthRefused, ConfigurationError, DataError, Fenced, PermanentError, TransientError
from crosswalk.features.optouts.suppressions import Suppressions
from crosswalk.features.writeback.collect import collect
from crosswalk.features.writeback.outbox import Outbox
from crosswalk.features.writeback.run_writeback import retry, write_back
from crosswalk.features.writeback.write import write
from crosswalk.integrations.releasing import release_account
from crosswalk.landing.retention import purge
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.database import writing
from crosswalk.store.tables import outbox, watermark
from reliability.small_world import Kept, SmallWorld
from world import INTEGRATION

WHEN = "2026-01-04T17:00:00Z"
OFFICE = "/smartoffice/offices/DEMO01"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with SandboxServer(contacts=24, groups=4, seed=3) as box:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("activities") / "world")
        world.run("first")
        yield Kept.now(world)


@pytest.fixture
def world(start: Kept) -> Iterator[SmallWorld]:
    with start.again() as again:
        yield again


def mailed(world: SmallWorld) -> list[dict[str, Any]]:
    """Contacts that FMG has an address of."""
    return [one for one in world.contacts() if one["email"]]


def unwritten(world: SmallWorld) -> list[tuple[str, str]]:
    return [(row.status, row.reason) for row in Outbox(world.store.engine, world.store.clock).unwritten(INTEGRATION, "summit")]


@pytest.mark.requirement("FMG-05")
def test_each_activity_becomes_one_note_on_its_contact(world: SmallWorld) -> None:
    one, two, three = mailed(world)[:3]
    world.act(
        {"type": "form_completed", "contact": one["contact_id"], "title": "Retirement <checklist> & more\u0007", "occurred_at": WHEN},
        {"type": "email_sent", "contact": two["source_id"], "title": "Birthday card", "occurred_at": WHEN},
        {"type": "opted_out", "contact": three["email"], "occurred_at": WHEN},
    )
    assert write_back(world.work(zone="America/Chicago"))["written"] == 3
    found = {note["Contact"]: note["Text"] for note in world.notes()}
    assert found == {
        one["source_id"]: "Website form completed: Retirement <checklist> & more (2026-01-04 11:00 CST)",
        two["source_id"]: "E-mail sent: Birthday card (2026-01-04 11:00 CST)",
        three["source_id"]: "Opted out of e-mail (2026-01-04 11:00 CST)",
    }
    assert {(note["Category"], note["Private"], len(note["Keyword"])) for note in world.notes()} == {("FMG", "false", 36)}
    again = write_back(world.work())
    assert (again["read"], again["written"], len(world.notes())) == (0, 0, 3)


@pytest.mark.requirement("FMG-05")
def test_each_type_is_a_setting_of_the_account(world: SmallWorld) -> None:
    one = mailed(world)[0]
    world.act(*({"type": kind, "contact": one["contact_id"]} for kind in ("form_completed", "email_sent", "opted_out")))
    counts = write_back(world.work(activities=["email_sent"]))
    assert (counts["read"], counts["left_out"], counts["written"]) == (3, 2, 1)
    assert [note["Text"].split(" (")[0] for note in world.notes()] == ["E-mail sent"]
    assert unwritten(world) == []


@pytest.mark.requirement("FMG-05")
def test_who_is_not_known_is_kept_and_written_once_they_are(world: SmallWorld) -> None:
    newcomer = world.control("POST", f"{OFFICE}/contacts", LastName="New", **{"PreferredEmail.Address": "new@example.test"})["id"]
    world.act({"type": "form_completed", "title": "Contact us"}, {"type": "email_sent", "source_id": newcomer, "contact_id": "c-999999"})
    counts = write_back(world.work())
    assert (counts["written"], counts["kept"], world.notes()) == (0, 2, [])
    assert unwritten(world) == [("kept", "CONTACT_UNKNOWN")] * 2
    world.run("delivers the newcomer")
    assert write_back(world.work())["written"] == 1
    assert [note["Contact"] for note in world.notes()] == [newcomer]
    assert unwritten(world) == [("kept", "CONTACT_UNKNOWN")], "nobody can be named for the other one, and it is still not dropped"


@pytest.mark.requirement("FMG-05")
def test_who_is_gone_from_smartoffice_is_kept_until_asked_again(world: SmallWorld) -> None:
    one = mailed(world)[0]
    gone = one["source_id"]
    before = world.control("GET", f"{OFFICE}/contacts/{gone}")
    world.act({"type": "email_sent", "contact": one["contact_id"], "activity_id": "a-gone"})
    world.control("DELETE", f"{OFFICE}/contacts/{gone}")
    assert write_back(world.work())["kept"] == 1
    assert unwritten(world) == [("kept", "CONTACT_GONE")]
    write_back(world.work())
    (row,) = Outbox(world.store.engine, world.store.clock).unwritten(INTEGRATION, "summit")
    assert row.attempts == 1, "it is not tried again by itself"
    world.control("POST", f"{OFFICE}/contacts", **before)
    with pytest.raises(ConfigurationError, match="ACTIVITY_NOT_KEPT"):
        retry(world.work(), ["a-other"])
    assert retry(world.work(), ["a-gone"])["written"] == 1
    assert [note["Contact"] for note in world.notes()] == [gone]


@pytest.mark.requirement("FMG-05")
def test_the_note_of_who_is_gone_goes_to_whose_fmg_contact_it_is_now(world: SmallWorld) -> None:
    gone, remains = mailed(world)[:2]
    world.act({"type": "email_sent", "contact_id": remains["contact_id"], "source_id": gone["source_id"]})
    world.control("DELETE", f"{OFFICE}/contacts/{gone['source_id']}")
    assert write_back(world.work())["kept"] == 1
    world.run("without the one that is gone")
    assert (write_back(world.work())["written"], [note["Contact"] for note in world.notes()]) == (1, [remains["source_id"]])


@pytest.mark.requirement("FMG-05")
def test_a_type_nobody_knows_is_kept_and_not_written(world: SmallWorld) -> None:
    one = mailed(world)[0]
    world.act({"type": "quiz_taken", "contact": one["contact_id"]}, {"type": "Ann <ann@example.test>", "contact": one["contact_id"]})
    counts = write_back(world.work())
    assert (counts["unknown_type"], counts["written"], unwritten(world)) == (2, 0, [("kept", "ACTIVITY_TYPE_UNKNOWN")] * 2)
    assert retry(world.work())["kept"] == 2
    assert {row.type for row in Outbox(world.store.engine, world.store.clock).unwritten(INTEGRATION, "summit")} == {"quiz_taken", ""}


@pytest.mark.requirement("SAFE-8")
def test_a_dry_run_counts_and_moves_nothing(world: SmallWorld) -> None:
    world.act(
        {"type": "email_sent", "contact": mailed(world)[0]["contact_id"]}, {"type": "opted_out", "contact": mailed(world)[1]["email"]}
    )
    told = write_back(world.work(), dry_run=True)
    assert (told["read"], told["taken_in"], told["to_write"], world.notes()) == (2, 2, 0, [])
    assert not Suppressions(world.store.engine).read(INTEGRATION, "summit")
    collect(world.work())
    assert write(world.work(), dry_run=True) == {"to_write": 2, "kept": 0}
    assert write_back(world.work())["written"] == 2


@pytest.mark.requirement("SAFE-9")
def test_titles_and_addresses_stay_in_the_landing_zone(world: SmallWorld, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    address, title = "canarina.vogelsang@quux-mail.example", "Birdsong for Canarina Vogelsang-Quux"
    world.act(
        {"type": "form_completed", "title": title, "email": address, "contact_id": address, "source_id": address},
        {"type": "opted_out", "title": title, "email": address, "contact": mailed(world)[0]["contact_id"]},
        {"type": "email_sent", "title": title, "email": address, "contact": mailed(world)[1]["contact_id"]},
    )
    world.control("POST", "/faults", system="smartoffice", match="insert", kind="status", status=400, body=f"{address} {title}")
    counts = write_back(world.work())
    assert (counts["written"], counts["kept"]) == (1, 2)
    assert title in world.notes()[0]["Text"]
    assert_clean(caplog.text.encode(), "the log")
    assert_clean(str(counts).encode(), "what travels between tasks")
    for path in world.folder.glob("store.db*"):
        assert_clean(path.read_bytes(), "the store")


@pytest.mark.requirement("FMG-05")
def test_a_title_whose_time_is_over_costs_the_title_only(world: SmallWorld) -> None:
    world.act({"type": "email_sent", "title": "Old news", "contact": mailed(world)[0]["contact_id"], "occurred_at": WHEN})
    collect(world.work())
    purge(world.zone, 0, datetime.now(UTC) + timedelta(days=1))
    assert write(world.work())["written"] == 1
    assert world.notes()[0]["Text"] == "E-mail sent (2026-01-04 17:00 UTC)"


@pytest.mark.requirement("FMG-05", "SAFE-5")
def test_a_store_from_an_older_backup_writes_nothing_twice(world: SmallWorld) -> None:
    world.act(*({"type": "email_sent", "contact": one["contact_id"]} for one in mailed(world)[:5]))
    write_back(world.work())
    with writing(world.store.engine, "coming from an older backup") as connection:
        connection.execute(delete(outbox))
        connection.execute(delete(watermark))
    counts = write_back(world.work())
    assert (counts["read"], counts["found"], counts["written"], len(world.notes())) == (5, 5, 0, 5)


@pytest.mark.requirement("FMG-05")
def test_after_a_release_open_activities_are_nobody_s(world: SmallWorld) -> None:
    world.act({"type": "email_sent", "contact": mailed(world)[0]["contact_id"]})
    collect(world.work())
    release_account(world.store, INTEGRATION, "summit")
    world.run("bound again", approve=lambda _: True)
    assert retry(world.work())["written"] == 0
    assert unwritten(world) == [("kept", "ACCOUNT_RELEASED")]


@pytest.mark.requirement("FMG-02")
def test_nothing_is_written_into_an_office_the_account_is_not_bound_to(world: SmallWorld) -> None:
    world.act({"type": "email_sent", "contact": mailed(world)[0]["contact_id"]})
    world.control("POST", "/smartoffice/offices", office="OTHER", contacts=24, groups=4, seed=3)
    with pytest.raises(ConfigurationError, match="CONN_SOURCE_CHANGED"):
        write_back(world.with_(office="OTHER").work())
    assert world.notes() == []


def test_rights_that_are_missing_stop_the_run_and_cost_no_activity(world: SmallWorld) -> None:
    world.act({"type": "email_sent", "contact": mailed(world)[0]["contact_id"]})
    world.control("POST", "/faults", system="smartoffice", match="insert", kind="error", code="RIGHT_MISSING")
    with pytest.raises(AuthRefused):
        write_back(world.work())
    assert unwritten(world) == [("waiting", "")]
    assert write_back(world.work())["written"] == 1


def test_one_note_that_is_refused_stops_no_other_and_all_of_them_call_somebody(world: SmallWorld) -> None:
    world.act(*({"type": "email_sent", "contact": one["contact_id"]} for one in mailed(world)[:3]))
    world.control("POST", "/faults", system="smartoffice", match="insert", kind="error", code="TOO_LONG", at=2)
    counts = write_back(world.work())
    assert (counts["written"], counts["kept"], unwritten(world)) == (2, 1, [("kept", "NOTE_REFUSED")])
    world.control("POST", "/faults", system="smartoffice", match="insert", kind="error", code="TOO_LONG")
    with pytest.raises(PermanentError, match="NOTES_REFUSED"):
        write_back(world.work())
    assert write_back(world.work())["written"] == 1


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize("kind", ["repeat_page", "wrong_total", "short_page", "cut", "truncated", "login_page", "empty_body"])
def test_a_page_that_lies_moves_nothing(world: SmallWorld, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crosswalk.systems.fmg.client.PAGE_SIZE", 2)
    people = mailed(world)
    world.act(*({"type": "email_sent", "contact": one["contact_id"]} for one in people[:2]))
    collect(world.work())
    world.act(*({"type": "email_sent", "contact": one["contact_id"]} for one in people[2:5]))
    world.control("POST", "/faults", system="fmg", match="read activities", kind=kind, times=9)
    with pytest.raises((DataError, TransientError)):
        collect(world.work())
    assert len(unwritten(world)) == 2
    world.control("DELETE", "/faults")
    assert write_back(world.work())["written"] == 5
    assert len(world.notes()) == 5


@pytest.mark.requirement("SAFE-4")
def test_another_run_waits_and_a_later_attempt_takes_over(world: SmallWorld) -> None:
    with world.work("scheduled").leased() as beat:
        with pytest.raises(Fenced, match="scheduled works on it"):
            write_back(world.work("manual"))
        assert write_back(world.work("scheduled"))["written"] == 0
        with pytest.raises(Fenced, match="LEASE_LOST"):
            Outbox(world.store.engine, world.store.clock).put_back(beat.lease, "any")
    assert write_back(world.work("manual"))["written"] == 0


@pytest.mark.requirement("SAFE-4")
def test_the_daily_run_and_the_write_back_do_not_wait_for_each_other(world: SmallWorld) -> None:
    world.act({"type": "email_sent", "contact": mailed(world)[0]["contact_id"]})
    with world.work().leased():
        assert world.run("night").delivered_at
    world.control("DELETE", f"{OFFICE}/groups/TagGroup.7.1")
    assert not world.run("held").delivered_at
    assert write_back(world.work())["written"] == 1
