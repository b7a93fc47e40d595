"""Settings changed later: the next run follows them, says so in plan and report, and asks when much would go (FMG-07)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.engine.approve import approval_text, record_decision
from crosswalk.engine.context import Run
from crosswalk.engine.load import load
from crosswalk.errors import Fenced, SafetyStop
from crosswalk.store.runs import RunRow
from integrations.smartoffice_to_fmg.conftest import AfterDelivery
from oracle import expected_contacts
from world import World

DELIVERED = {RunStatus.SUCCESS, RunStatus.PARTIAL}


def ids(world: World, *names: str) -> list[str]:
    return [next(str(one["id"]) for one in world.source_groups() if one["Name"] == name) for name in names]


def expected(world: World, *names: str) -> dict[str, dict[str, Any]]:
    inside = set(ids(world, *names))
    return expected_contacts([one for one in world.source_contacts() if inside & set(one["TagGroups"])], inside)[0]


def report(world: World, row: RunRow) -> dict[str, Any]:
    return dict(json.loads(world.zone.report_folder(row.key).read_bytes("report.json")))


def notes(world: World, row: RunRow) -> list[str]:
    return [note for note in report(world, row)["notes"] if note.startswith("settings changed")]


def of(world: World, row: RunRow) -> Run:
    account = world.account()
    return Run(row.key, account.settings, account.spec, account.store, account.zone)


@pytest.mark.requirement("FMG-07", "FMG-03", "SAFE-2")
def test_narrowed_widened_and_moved_the_list_follows_and_the_report_says_so(whole: World) -> None:
    news, clients = ids(whole, "Newsletter", "Clients A")
    narrow = whole.with_(scope=("Newsletter", "Clients A"))
    row = narrow.run()
    note = f"settings changed since the last delivery: scope all → 2 tag groups ({news}, {clients})"
    assert "MASS_DELETE" in [hold["code"] for hold in row.holds]
    assert note in approval_text(of(narrow, row))[1]
    assert notes(narrow, row) == [note]
    assert {one["reason"] for one in report(narrow, row)["deletes"]} == {"left_scope"}
    assert narrow.run(approve=lambda _: True).status in DELIVERED
    assert narrow.seen() == expected(narrow, "Newsletter", "Clients A")

    fewer = whole.with_(scope=("Newsletter",))
    row = fewer.run(approve=lambda _: True)
    assert notes(fewer, row) == [f"settings changed since the last delivery: scope: 1 tag group removed ({clients})"]
    assert fewer.seen() == expected(fewer, "Newsletter")
    assert notes(fewer, fewer.run()) == []

    row = whole.run()
    assert row.status in DELIVERED
    assert notes(whole, row) == [f"settings changed since the last delivery: scope 1 tag group ({news}) → all"]
    assert whole.seen() == expected_contacts(whole.source_contacts())[0]


@pytest.mark.requirement("FMG-07")
def test_a_group_added_to_the_scope_brings_its_members_without_a_question(after_delivery: AfterDelivery) -> None:
    world = after_delivery(("Clients A",))
    before = {one["source_id"]: one["contact_id"] for one in world.contacts()}
    wider = world.with_(scope=("Clients A", "Newsletter"))
    row = wider.run()
    assert row.status in DELIVERED
    assert notes(wider, row) == [f"settings changed since the last delivery: scope: 1 tag group added ({ids(wider, 'Newsletter')[0]})"]
    assert wider.seen() == expected(wider, "Clients A", "Newsletter")
    assert before.items() <= {one["source_id"]: one["contact_id"] for one in wider.contacts()}.items()


@pytest.mark.requirement("FMG-07")
def test_naming_a_group_by_its_id_instead_changes_nothing(after_delivery: AfterDelivery) -> None:
    world = after_delivery(("Newsletter",))
    writes = world.writes()
    by_id = world.with_(scope=(ids(world, "Newsletter")[0],))
    row = by_id.run()
    assert (row.status in DELIVERED, notes(by_id, row), world.writes()) == (True, [], writes)


@pytest.mark.requirement("FMG-07", "SAFE-2", "SAFE-8")
def test_tightened_safety_counts_at_once_and_is_named(whole: World) -> None:
    held = sorted(one["source_id"] for one in whole.contacts())
    for one in held[:3]:
        whole.control("DELETE", f"/smartoffice/offices/DEMO01/contacts/{one}")
    tight = whole.with_(safety={"max_deletes": 2})
    row = tight.run()
    assert "MASS_DELETE" in [hold["code"] for hold in row.holds]
    note = "settings changed since the last delivery: safety max_deletes 500 → 2"
    assert notes(tight, row) == [note]
    dry = tight.run(dry_run=True)
    assert (dry.status, notes(tight, dry)) == (RunStatus.DRY_RUN, [note])
    assert tight.run(approve=lambda _: True).status in DELIVERED
    assert notes(tight, tight.run()) == []


@pytest.mark.requirement("FMG-07", "SAFE-3")
def test_a_settings_change_voids_an_approval_exactly_when_it_changes_what_is_sent(whole: World) -> None:
    narrow = whole.with_(scope=("Newsletter", "Clients A"))
    row = narrow.run()
    _approve(narrow, row)
    before, writes = whole.contacts(), whole.writes()
    for other in (whole, whole.with_(scope=("Newsletter",))):
        with pytest.raises(SafetyStop, match=r"PLAN_OUTDATED.*scope was changed"):
            _load(other, row)
    assert (whole.contacts(), whole.writes()) == (before, writes)
    same = narrow.with_(scope=tuple(ids(narrow, "Clients A", "Newsletter")), safety={"max_deletes": 1})
    _load(same, row)
    assert narrow.seen() == expected(narrow, "Newsletter", "Clients A")


@pytest.mark.requirement("FMG-07")
def test_a_plan_that_is_loaded_late_does_not_send_who_is_out_of_scope_by_now(whole: World) -> None:
    """No approval is asked for, but load was cleared after the scope had been narrowed."""
    whole.source_contact(whole.contacts()[0]["source_id"], FirstName="Late")
    whole.control("POST", "/faults", system="fmg", kind="status", status=400, match="open import", times=1)
    with pytest.raises(Exception, match=r"CONN_STATUS|TGT_"):
        whole.run()
    row = whole.store.runs.latest("smartoffice_to_fmg", "summit", limit=1)[0]
    before = whole.contacts()
    with pytest.raises(SafetyStop, match=r"PLAN_OUTDATED.*scope was changed"):
        _load(whole.with_(scope=("Newsletter",)), row)
    assert whole.contacts() == before


@pytest.mark.requirement("FMG-07")
def test_a_plan_is_for_the_list_it_was_made_for(whole: World) -> None:
    whole.control("POST", "/fmg/accounts", account="FMG-2", name="Second", api_key="sandbox-key")
    row = whole.with_(scope=("Newsletter",)).run()
    _approve(whole, row)
    other = whole.with_(scope=("Newsletter",), fmg="FMG-2")
    with pytest.raises(SafetyStop, match="PLAN_OUTDATED"):
        _load(other, row)
    assert other.contacts() == []


@pytest.mark.requirement("FMG-07", "SAFE-3", "SAFE-4")
@pytest.mark.parametrize("answer", ["after the next plan", "after the next delivery"])
def test_the_scope_changes_while_a_run_is_held(whole: World, answer: str) -> None:
    held = whole.with_(scope=("Newsletter",))
    row = held.run()
    wider = whole.with_(scope=("Newsletter", "Clients A"))
    if answer == "after the next plan":
        assert wider.run().status is RunStatus.HELD
    else:
        wider.run(approve=lambda _: True)
    before = whole.contacts()
    _approve(wider, row)
    with pytest.raises((SafetyStop, Fenced), match=r"PLAN_OUTDATED|STALE_SNAPSHOT"):
        _load(wider, row)
    assert whole.contacts() == before


@pytest.mark.requirement("FMG-07", "SAFE-7")
def test_an_undo_and_a_retry_do_not_hide_a_settings_change(whole: World) -> None:
    narrow = whole.with_(scope=("Newsletter",))
    narrow.run(approve=lambda _: True)
    narrow.undo()
    assert narrow.seen() == expected_contacts(narrow.source_contacts())[0]
    row = narrow.run()
    assert "UNDONE" in [hold["code"] for hold in row.holds]
    assert len(notes(narrow, row)) == 1
    assert notes(whole, whole.run()) == []


def _approve(world: World, row: RunRow) -> None:
    record_decision(of(world, row), approved=True, plan_hash=row.plan_hash, by="tester")


def _load(world: World, row: RunRow) -> None:
    account = world.account()
    load(of(world, row), account.target, lambda: account.source)
