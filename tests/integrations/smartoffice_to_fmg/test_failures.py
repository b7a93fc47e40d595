"""What goes wrong on the way: nothing lost, nothing twice, and a failed read never looks like a short one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crosswalk.core.model import RunKey, RunStatus
from crosswalk.engine.context import Run
from crosswalk.engine.load import load
from crosswalk.errors import CrosswalkError, Fenced, SafetyStop
from oracle import expected_contacts
from remembered import without_reports
from world import WorldMaker

UNREPORTED = pytest.mark.usefixtures("unreported")
SOURCE_LIES = ["login_page", "empty_body", "cut", "wrong_total", "repeat_page", "zero_records", "doctype", "bad_gzip"]


@pytest.fixture
def unreported() -> Iterator[None]:
    """Write no report, which takes a quarter of a small run: the sweeps below read none."""
    with without_reports():
        yield


@UNREPORTED
@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize("kind", SOURCE_LIES)
@pytest.mark.parametrize("at", [1, 4, 6])
def test_a_source_that_lies_never_changes_fmg(make_world: WorldMaker, kind: str, at: int) -> None:
    world = make_world(contacts=120, groups=4, page_size=50)
    world.run()
    before, writes = world.contacts(), world.writes()
    world.control("POST", "/faults", system="smartoffice", at=at, times=50, kind=kind)
    try:
        row = world.run()
        assert row.status in {RunStatus.HELD, RunStatus.SUCCESS, RunStatus.PARTIAL}
    except CrosswalkError as error:
        assert error.code
    assert (world.contacts(), world.writes()) == (before, writes)


@UNREPORTED
@pytest.mark.requirement("SAFE-5")
@pytest.mark.parametrize("kind", ["lost_answer", "reset", "status", "rate_limited", "cut"])
def test_a_fault_at_any_call_to_fmg_changes_nothing_of_the_result(make_world: WorldMaker, kind: str) -> None:
    world = make_world(contacts=60, groups=3)
    extra: dict[str, Any] = {"status": 502} if kind == "status" else {"retry_after": 0} if kind == "rate_limited" else {}
    world.run()
    for at in range(1, 12):
        someone = next(iter(world.seen()))
        world.source_contact(someone, Greeting=f"Number {at}")
        world.control("POST", "/faults", system="fmg", at=at, kind=kind, **extra)
        world.run()
        world.control("DELETE", "/faults")
        expected, _ = expected_contacts(world.source_contacts())
        assert world.seen() == expected
        assert world.fmg_account()["generation"] == 1 + at


@pytest.mark.requirement("CARD-8", "SAFE-5")
def test_a_load_that_broke_off_is_finished_by_repeating_it(make_world: WorldMaker) -> None:
    world = make_world(contacts=80, groups=3)
    world.control("POST", "/faults", system="fmg", match="commit", times=20, kind="lost_answer")
    with pytest.raises(CrosswalkError):
        world.run()
    world.control("DELETE", "/faults")
    key = world.store.runs.latest("smartoffice_to_fmg", "summit", limit=1)[0].key
    account = world.account()
    run = Run(key, account.settings, account.spec, account.store, account.zone)
    load(run, account.target, lambda: account.source)
    expected, _ = expected_contacts(world.source_contacts())
    assert world.seen() == expected
    assert world.fmg_account()["generation"] == 1
    writes = world.writes()
    load(run, account.target, lambda: account.source)
    assert world.writes() == writes, "a finished delivery is a no-op"


@pytest.mark.requirement("SAFE-4")
def test_an_older_snapshot_never_wins(make_world: WorldMaker) -> None:
    world = make_world(contacts=40, groups=2)
    dry = world.run(dry_run=True)
    world.run()
    account = world.account()
    old = RunKey("smartoffice_to_fmg", "summit", dry.key.snapshot)
    world.store.runs.update(old, status=RunStatus.RUNNING)
    run = Run(old, account.settings, account.spec, _as_real(account.store), account.zone)
    writes = world.writes()
    with pytest.raises(Fenced, match="STALE_SNAPSHOT"):
        load(run, account.target, lambda: account.source)
    assert world.writes() == writes


@pytest.mark.requirement("SAFE-10")
def test_one_bad_record_does_not_stop_the_others(make_world: WorldMaker) -> None:
    world = make_world(contacts=60, groups=2)
    bad = next(c for c in world.source_contacts() if c["id"] in expected_contacts(world.source_contacts())[0])["id"]
    world.control("POST", "/faults", system="fmg", match="parts", kind="error", status=422, code="PART_REFUSED", holding=bad, times=100)
    row = world.run()
    assert row.status is RunStatus.PARTIAL
    expected, _ = expected_contacts(world.source_contacts())
    assert set(world.seen()) == set(expected) - {bad}
    codes = {r.source_id: r.code for r in world.store.rejected.open("smartoffice_to_fmg", "summit")}
    assert codes[bad].startswith("TGT_")


@pytest.mark.requirement("SAFE-1")
def test_when_the_target_refuses_everything_the_run_is_red(make_world: WorldMaker) -> None:
    world = make_world(contacts=60, groups=2)
    world.control("POST", "/faults", system="fmg", match="parts", kind="error", status=422, code="PART_REFUSED", every=1)
    with pytest.raises(SafetyStop, match="TGT_MANY_REFUSED"):
        world.run()
    assert world.contacts() == []


def _as_real(store: Any) -> Any:
    """The store with every dry run taken for a real one."""
    from sqlalchemy import update

    from crosswalk.store.tables import run

    with store.engine.begin() as connection:
        connection.execute(update(run).values(dry_run=False))
    return store


@pytest.mark.requirement("SAFE-6")
def test_a_full_resync_never_removes_what_the_target_refuses(make_world: WorldMaker) -> None:
    world = make_world(contacts=60, groups=2)
    world.run()
    bad = next(iter(world.seen()))
    before = world.seen()[bad]
    world.source_contact(bad, Greeting="Poison")
    world.control("POST", "/faults", system="fmg", match="parts", kind="error", status=422, code="PART_REFUSED", holding=bad, times=100)
    assert world.run(full_resync=True).status is RunStatus.PARTIAL
    assert world.seen()[bad] == before
    assert world.run().status is RunStatus.PARTIAL, "one record refused every night does not fail the account"


@pytest.mark.requirement("FMG-06")
def test_a_first_replacement_keeps_a_taken_over_contact_the_target_refuses(make_world: WorldMaker) -> None:
    world = make_world(contacts=60, groups=2)
    known = next(
        c for c in world.source_contacts() if c["id"] in expected_contacts(world.source_contacts())[0] and c["PreferredEmail.Address"]
    )
    group = world.control("POST", "/fmg/accounts/FMG-1001/groups", name="Own")["group_id"]
    own = {"last_name": "Earlier", "email": known["PreferredEmail.Address"].strip(), "groups": [group]}
    world.control("POST", "/fmg/accounts/FMG-1001/contacts", **own)
    (earlier,) = world.contacts()
    world.control(
        "POST", "/faults", system="fmg", match="parts", kind="error", status=422, code="PART_REFUSED", holding=known["id"], times=100
    )
    world.run(approve=lambda _: True)
    assert {**earlier, "groups": []} in world.contacts(), "its group was nobody's import and is gone with consent"


@pytest.mark.requirement("FMG-03")
def test_a_group_the_target_refuses_takes_no_contact_with_it(make_world: WorldMaker) -> None:
    world = make_world(contacts=60, groups=4)
    group = max((g["id"] for g in world.source_groups()), key=lambda one: sum(one in c["TagGroups"] for c in world.source_contacts()))
    fault = {"kind": "error", "status": 422, "code": "PART_REFUSED", "holding": f'"op":"upsert","source_id":"{group}"', "every": 1}
    world.control("POST", "/faults", system="fmg", match="parts", **fault)
    world.run()
    expected, _ = expected_contacts(world.source_contacts())
    for contact in expected.values():
        contact["groups"] = [one for one in contact["groups"] if one != group]
    assert world.seen() == expected
    assert group not in {g["source_id"] for g in world.groups()}


@pytest.mark.requirement("FMG-10")
def test_a_list_that_changes_between_its_reads_is_read_again(make_world: WorldMaker) -> None:
    world = make_world(contacts=60, groups=2)
    world.run()
    group = world.groups()[0]["group_id"]
    account = world.account()
    pages = account.target.pages

    def meddling(entity: str) -> Any:
        yield from pages(entity)
        if entity == "group" and meddled.append(entity) is None and len(meddled) == 1:
            world.control("PATCH", f"/fmg/accounts/FMG-1001/groups/{group}", name="Edited")

    meddled: list[str] = []
    account.target.pages = meddling  # type: ignore[method-assign]
    row = account.run("test")
    assert row.counts["plan"]["group"]["update"] == 1
    assert "Edited" not in {g["name"] for g in world.groups()}
