"""Rejected records retried alone, and what was changed in FMG behind our back."""

from __future__ import annotations

import json

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.engine.retry import rejected_now
from crosswalk.errors import ConfigurationError
from world import World, WorldMaker

NAME = "smartoffice_to_fmg"
BAD = {"id": "Contact.7.90001", "LastName": "", "FirstName": "Nolan", "TagGroups": []}
WORSE = {"id": "Contact.7.90002", "LastName": "", "FirstName": "Nora", "TagGroups": []}


@pytest.fixture
def delivered(make_world: WorldMaker) -> World:
    """A list delivered but for two contacts without a last name."""
    world = make_world(contacts=30, groups=3)
    for person in (BAD, WORSE):
        world.control("POST", f"/smartoffice/offices/{world.office}/contacts", **person)
    world.run()
    return world


def rejected(world: World) -> dict[str, int]:
    return {row.source_id: row.attempts for row in world.store.rejected.open(NAME, "summit")}


@pytest.mark.requirement("SAFE-10")
def test_a_retry_delivers_the_corrected_record_and_nothing_else(delivered: World) -> None:
    other = next(one["id"] for one in delivered.source_contacts() if one["id"] in delivered.seen())
    attempts = rejected(delivered)
    before = delivered.seen()
    delivered.source_contact(BAD["id"], LastName="Nash", TagGroups=["TagGroup.7.1"])
    delivered.source_contact(other, FirstName="Changed")
    row = delivered.run(only={BAD["id"]})
    assert delivered.seen()[BAD["id"]]["last_name"] == "Nash"
    assert {source_id: one for source_id, one in delivered.seen().items() if source_id != BAD["id"]} == before
    assert row.counts["plan"]["contact"]["create"] == 1
    assert row.counts["plan"]["contact"]["excluded"] == 1
    assert rejected(delivered) == {source_id: count for source_id, count in attempts.items() if source_id != BAD["id"]}
    assert delivered.run().counts["plan"]["contact"]["update"] == 1
    assert delivered.seen()[other]["first_name"] == "Changed"


@pytest.mark.requirement("SAFE-10")
def test_what_still_fails_stays_rejected_with_one_more_attempt_and_what_is_gone_is_closed(delivered: World) -> None:
    before = rejected(delivered)
    delivered.control("DELETE", f"/smartoffice/offices/{delivered.office}/contacts/{WORSE['id']}")
    row = delivered.run(only={BAD["id"], WORSE["id"]})
    assert row.status is RunStatus.PARTIAL
    after = rejected(delivered)
    assert after[BAD["id"]] == before[BAD["id"]] + 1
    assert WORSE["id"] not in after
    assert {one: count for one, count in after.items() if one != BAD["id"]} == {
        one: count for one, count in before.items() if one not in (BAD["id"], WORSE["id"])
    }


@pytest.mark.requirement("SAFE-10")
def test_a_retry_takes_nothing_away(delivered: World) -> None:
    for one in [one["id"] for one in delivered.source_contacts() if one["id"] in delivered.seen()][:20]:
        delivered.control("DELETE", f"/smartoffice/offices/{delivered.office}/contacts/{one}")
    before = delivered.seen()
    delivered.source_contact(BAD["id"], LastName="Nash")
    row = delivered.run(only={BAD["id"]})
    assert "delete" not in row.counts["plan"]["contact"]
    assert delivered.seen().keys() == before.keys() | {BAD["id"]}


@pytest.mark.requirement("SAFE-10")
def test_only_rejected_records_can_be_retried_and_only_after_a_delivery(delivered: World, make_world: WorldMaker) -> None:
    with pytest.raises(ConfigurationError, match="RECORD_NOT_REJECTED"):
        rejected_now(delivered.store, NAME, "summit", ["Contact.7.1"])
    assert {BAD["id"], WORSE["id"]} <= rejected_now(delivered.store, NAME, "summit")
    fresh = make_world(contacts=10, groups=1)
    with pytest.raises(ConfigurationError, match="RETRY_TOO_EARLY"):
        fresh.run(only={"Contact.7.1"})
    assert fresh.writes() == 0


@pytest.mark.requirement("SAFE-2", "SAFE-10")
def test_a_retry_does_not_hide_that_the_tables_changed(delivered: World) -> None:
    before = delivered.store.runs.last_delivered(NAME, "summit")
    assert before is not None
    delivered.store.runs.update(before.key, mapping_digest="of other tables")
    delivered.source_contact(BAD["id"], LastName="Nash")
    delivered.run(only={BAD["id"]})
    after = delivered.store.runs.last_delivered(NAME, "summit")
    assert after is not None
    assert (after.key > before.key, after.mapping_digest) == (True, "of other tables")


@pytest.mark.requirement("FMG-10")
def test_drift_is_named_record_by_record_and_put_right(delivered: World) -> None:
    first, second, third = sorted(delivered.seen())[:3]
    list_before = delivered.seen()
    delivered.control("PATCH", f"/fmg/accounts/{delivered.fmg}/contacts/{first}", city="Elsewhere", nickname="X")
    delivered.control("DELETE", f"/fmg/accounts/{delivered.fmg}/contacts/{second}")
    delivered.source_contact(third, FirstName="Truly")
    row = delivered.run()
    report = json.loads(delivered.zone.report_folder(row.key).read_bytes("report.json"))
    named = {one["source_id"]: (one["reason"], set(one["fields"])) for one in report["drift"]}
    assert named == {first: ("drift", {"city", "nickname"}), second: ("vanished", set())}
    page = delivered.zone.report_folder(row.key).read_bytes("report.html").decode()
    assert "Changed behind our back" in page
    assert first in page.partition('id="drift"')[2].partition("</section>")[0]
    assert delivered.seen() == {**list_before, third: {**list_before[third], "first_name": "Truly"}}
    quiet = delivered.run()
    assert json.loads(delivered.zone.report_folder(quiet.key).read_bytes("report.json"))["drift"] == []
