"""What a run does to FMG, seen from FMG: against the sandbox, over HTTP, all five steps."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.engine.context import Run, Trigger
from crosswalk.engine.load import load
from crosswalk.errors import AuthRefused, ConfigurationError, PermanentError, SafetyStop
from oracle import expected_contacts
from world import World, WorldMaker


@pytest.mark.requirement("FMG-03", "FMG-08", "CARD-4", "SAFE-6")
def test_first_run_makes_fmg_what_smartoffice_says(make_world: WorldMaker) -> None:
    world = make_world(contacts=300, groups=12)
    row = world.run()
    assert row.status in {RunStatus.PARTIAL, RunStatus.SUCCESS}
    expected, _ = expected_contacts(world.source_contacts())
    assert world.seen() == expected
    source_groups = world.source_groups()
    assert {g["source_id"]: g["name"] for g in world.groups()} == {g["id"]: g["Name"] for g in source_groups}


@pytest.mark.requirement("SAFE-6", "FMG-11")
def test_every_source_record_has_one_outcome_and_rejections_say_why(make_world: WorldMaker) -> None:
    world = make_world(contacts=400, groups=5)
    row = world.run()
    plan = row.counts["plan"]["contact"]
    assert sum(plan.values()) == 400
    _, rejected = expected_contacts(world.source_contacts())
    rows = world.store.rejected.open("smartoffice_to_fmg", "summit")
    assert {r.source_id: r.code for r in rows} == rejected
    assert plan["rejected"] == len(rejected) > 0
    assert all(r.code and r.reason and r.fix and r.field for r in rows)


@pytest.mark.requirement("SAFE-5", "CARD-8")
def test_a_night_without_change_sends_no_write(make_world: WorldMaker) -> None:
    world = make_world()
    world.run()
    before, generation = world.writes(), world.fmg_account()["generation"]
    row = world.run()
    assert world.writes() == before
    assert world.fmg_account()["generation"] == generation
    assert set(row.counts["plan"]["contact"]) <= {"unchanged", "rejected"}


@pytest.mark.requirement("FMG-10", "FMG-08")
def test_changes_travel_and_only_they(make_world: WorldMaker) -> None:
    world = make_world()
    world.run()
    contacts = [c for c in world.source_contacts() if c["id"] in world.seen()]
    changed, gone = contacts[0]["id"], contacts[1]["id"]
    world.source_contact(changed, FirstName="Zoë", **{"PreferredAddress.City": "Łódź"})
    world.control("DELETE", f"/smartoffice/offices/DEMO01/contacts/{gone}")
    new = world.control("POST", "/smartoffice/offices/DEMO01/contacts", LastName="Newcomer", FirstName="Nia")["id"]
    row = world.run()
    plan = row.counts["plan"]["contact"]
    assert (plan["create"], plan["update"], plan["delete"]) == (1, 1, 1)
    after = world.seen()
    assert after[changed]["first_name"] == "Zoë"
    assert after[changed]["city"] == "Łódź"
    assert gone not in after
    assert after[new]["last_name"] == "Newcomer"


@pytest.mark.requirement("FMG-03")
@pytest.mark.parametrize("paging", ["search", "report"])
def test_chosen_tag_groups_only(make_world: WorldMaker, paging: str) -> None:
    world = make_world(contacts=300, groups=12, scope=("Newsletter",), paging=paging)
    world.run()
    group = next(g["id"] for g in world.source_groups() if g["Name"] == "Newsletter")
    members = [c for c in world.source_contacts() if group in c["TagGroups"]]
    expected, _ = expected_contacts(members, only_groups={group})
    assert world.seen() == expected
    assert [g["source_id"] for g in world.groups()] == [group]


@pytest.mark.requirement("FMG-03")
def test_an_unknown_tag_group_stops_before_anything_is_written(make_world: WorldMaker) -> None:
    world = make_world(scope=("Newsleter",))
    with pytest.raises(ConfigurationError, match="SCOPE_GROUP_UNKNOWN"):
        world.run()
    assert world.writes() == 0


@pytest.mark.requirement("FMG-09")
@pytest.mark.parametrize(("contacts", "groups", "code"), [(30001, 1000, "LIMIT_CONTACTS"), (30000, 1001, "LIMIT_GROUPS")])
def test_one_over_a_limit_fails_whatever_is_selected(make_world: WorldMaker, contacts: int, groups: int, code: str) -> None:
    world = make_world(contacts=contacts, groups=groups, scope=("Clients A",), page_size=1000)
    with pytest.raises(PermanentError, match=code) as error:
        world.run()
    assert "30001" in str(error.value) or "1001" in str(error.value)
    assert world.writes() == 0


@pytest.mark.requirement("FMG-09")
def test_exactly_at_both_limits_passes(make_world: WorldMaker) -> None:
    world = make_world(contacts=30000, groups=1000, scope=("Clients A",), page_size=1000)
    assert world.run().status in {RunStatus.SUCCESS, RunStatus.PARTIAL}
    assert world.contacts()


@pytest.mark.requirement("FMG-01")
def test_without_the_integration_right_the_run_tells_whom_to_ask(make_world: WorldMaker) -> None:
    world = make_world()
    world.control("POST", "/smartoffice/offices", office="BARE", contacts=5, groups=1, seed=1, rights=[])
    with pytest.raises(AuthRefused, match="RIGHT_MISSING") as error:
        world.with_(office="BARE").run()
    assert "User Rights" in str(error.value)
    assert "Ebix" in str(error.value)
    assert world.writes() == 0


@pytest.mark.requirement("FMG-02")
def test_a_second_fmg_account_for_one_office_is_refused_before_anything_is_read(make_world: WorldMaker) -> None:
    world = make_world()
    world.run()
    world.control("POST", "/fmg/accounts", account="FMG-2", name="Second", api_key="sandbox-key")
    second = world.with_(fmg="FMG-2").account()
    other = type(second.settings)(**{**second.settings.__dict__, "name": "second"})
    world.control("DELETE", "/requests")
    with pytest.raises(ConfigurationError, match="CONN_ALREADY_BOUND") as error:
        type(second)(other, second.spec, second.store, second.zone, second.source, second.target).run("test")
    assert "summit" in str(error.value)
    counted = world.control("GET", "/")["requests"]
    assert sum(counted[system][kind] for system in ("smartoffice", "fmg") for kind in ("reads", "writes")) == 0


@pytest.mark.requirement("FMG-06", "SAFE-3")
def test_the_first_replacement_waits_for_consent_and_exports_first(make_world: WorldMaker) -> None:
    world = make_world()
    before = _fill_fmg(world, 37)
    row = world.run()
    assert row.status is RunStatus.HELD
    assert "FIRST_REPLACEMENT" in [hold["code"] for hold in row.holds]
    assert world.contacts() == before
    folder = world.zone.folder(row.key)
    exported = folder.read_bytes("target_only_contacts.csv").decode()
    assert all(contact["email"] in exported for contact in before)
    report = json.loads(world.zone.report_folder(row.key).read_bytes("report.json"))
    assert "target_only_contacts.csv" in json.dumps(report)
    assert world.writes() == 0


@pytest.mark.requirement("FMG-06")
def test_the_export_can_be_opened_in_a_spreadsheet(make_world: WorldMaker) -> None:
    world = make_world(contacts=20, groups=1)
    hostile = {"last_name": '=HYPERLINK("x")', "first_name": "@SUM(1)", "phone": "+15550104477 x12", "email": "own@only-fmg.example"}
    world.control("POST", "/fmg/accounts/FMG-1001/contacts", **hostile)
    exported = world.zone.folder(world.run().key).read_bytes("target_only_contacts.csv").decode()
    (row,) = csv.DictReader(io.StringIO(exported))
    assert (row["last_name"], row["first_name"]) == ("'" + hostile["last_name"], "'" + hostile["first_name"])
    assert (row["phone"], row["email"]) == (hostile["phone"], hostile["email"])


@pytest.mark.requirement("SAFE-3")
def test_a_held_plan_loads_only_when_exactly_it_was_approved(make_world: WorldMaker) -> None:
    world = make_world()
    _fill_fmg(world, 3)
    row = world.run()
    account = world.account()
    run = Run(row.key, account.settings, account.spec, account.store, account.zone)
    with pytest.raises(SafetyStop, match="PLAN_NOT_APPROVED"):
        load(run, account.target, lambda: account.source)
    world.store.runs.update(row.key, approved_hash="0" * 64)
    with pytest.raises(SafetyStop, match="PLAN_NOT_APPROVED"):
        load(run, account.target, lambda: account.source)
    assert world.writes() == 0
    assert world.run(approve=lambda _: True).status in {RunStatus.SUCCESS, RunStatus.PARTIAL}
    assert all(contact["source_id"] for contact in world.contacts())


@pytest.mark.requirement("SAFE-3")
def test_a_rejected_plan_writes_nothing(make_world: WorldMaker) -> None:
    world = make_world()
    before = _fill_fmg(world, 3)
    with pytest.raises(SafetyStop, match="PLAN_NOT_APPROVED"):
        world.run(approve=lambda _: False)
    assert world.contacts() == before


@pytest.mark.requirement("FMG-06")
def test_opt_outs_survive_replacement_new_address_and_full_resync(make_world: WorldMaker) -> None:
    world = make_world()
    world.run()
    out = next(c for c in world.contacts() if c["email"])
    world.control("POST", "/fmg/accounts/FMG-1001/opt-outs", email=out["email"])
    world.source_contact(out["source_id"], **{"PreferredEmail.Address": "new.address@example.test"})
    world.run()
    after = next(c for c in world.contacts() if c["source_id"] == out["source_id"])
    assert (after["email"], after["opted_out"]) == ("new.address@example.test", True)
    world.run(full_resync=True)
    assert {o["email"] for o in world.opt_outs()} >= {out["email"], "new.address@example.test"}
    assert next(c for c in world.contacts() if c["source_id"] == out["source_id"])["opted_out"] is True


@pytest.mark.requirement("FMG-06")
def test_a_contact_fmg_already_has_is_taken_over_by_its_address(make_world: WorldMaker) -> None:
    world = make_world()
    known = next(
        c for c in world.source_contacts() if c["id"] in expected_contacts(world.source_contacts())[0] and c["PreferredEmail.Address"]
    )
    email = known["PreferredEmail.Address"].strip().upper()
    world.control("POST", "/fmg/accounts/FMG-1001/contacts", last_name="Earlier", email=email)
    earlier = world.contacts()[0]["contact_id"]
    row = world.run(approve=lambda _: True)
    assert [hold["code"] for hold in row.holds] == ["FIRST_REPLACEMENT"]
    assert b"Earlier" in world.zone.folder(row.key).read_bytes("target_only_contacts.csv")
    assert next(c for c in world.contacts() if c["source_id"] == known["id"])["contact_id"] == earlier


@pytest.mark.requirement("FMG-11")
def test_of_several_holders_the_one_fmg_has_is_kept(make_world: WorldMaker) -> None:
    world = make_world()
    world.run()
    contacts = [c for c in world.source_contacts() if c["id"] in world.seen() and c["PreferredEmail.Address"]]
    first, holder = contacts[0], contacts[-1]
    world.source_contact(first["id"], **{"PreferredEmail.Address": holder["PreferredEmail.Address"].upper()})
    world.run()
    after = world.seen()
    assert after[holder["id"]]["email"] == holder["PreferredEmail.Address"].strip()
    assert after[first["id"]]["email"] == first["PreferredEmail.Address"].strip(), "a rejected record stays as it was"
    codes = {r.source_id: r.code for r in world.store.rejected.open("smartoffice_to_fmg", "summit")}
    assert codes[first["id"]] == "EMAIL_DUPLICATE"


def _fill_fmg(world: World, count: int) -> list[dict[str, Any]]:
    for number in range(count):
        body = {"last_name": f"Own{number}", "email": f"own{number}@only-fmg.example"}
        world.control("POST", "/fmg/accounts/FMG-1001/contacts", **body)
    return world.contacts()


def test_world_is_what_the_tests_think(make_world: WorldMaker) -> None:
    world = make_world(contacts=300)
    assert len(world.source_contacts()) == 300
    trigger = Trigger("in_process", "x")
    account = world.account()
    assert Run.begin(account.settings, account.spec, account.store, account.zone, trigger).key.snapshot == 1
