"""A target that is written record by record: each is visible at once, others write there too, and nothing of theirs is ours to take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.core.ports import Operation
from crosswalk.core.spec.model import ANNOUNCE, DELETE, FREEZE, LEAVE, RECORDS, IntegrationSpec
from crosswalk.errors import CrosswalkError, DataError, SafetyStop
from crosswalk.features.tenancy.feature import Tenancy
from memory import SPEC, MemoryOffice, MemoryRecords, MemorySource, person


def spec(**changes: str) -> IntegrationSpec:
    """The packaged integration as one to such a target."""
    entities = tuple(
        replace(one, unmanaged=LEAVE, status_columns=(), may_delete=changes.get("on_source_delete", DELETE) == DELETE, **changes)
        for one in SPEC.entities
    )
    return replace(SPEC, delivery=RECORDS, entities=entities, features=())


def office(folder: Path, people: int = 6, target: MemoryRecords | None = None, **changes: str) -> MemoryOffice:
    source = MemorySource([person(number) for number in range(1, people + 1)])
    return MemoryOffice(folder, source, target or MemoryRecords(), spec=spec(**changes))


def names(world: MemoryOffice) -> dict[str, str]:
    """What the target holds of us."""
    return {row["source_id"]: row["last_name"] for row in world.target.rows["contact"].values() if row["source_id"]}


def outcomes(world: MemoryOffice, row: Any) -> list[tuple[str, str, str]]:
    plan = world.of(row.key).folder.read_frame("plan")
    return list(plan[["source_id", "outcome", "reason"]].itertuples(index=False, name=None))


def wanted(world: MemoryOffice) -> dict[str, str]:
    return {one["source_id"]: one["LastName"] for one in world.source.contacts}


@pytest.mark.requirement("SAFE-5", "SAFE-6")
def test_changes_go_out_and_generations_are_counted_by_us(tmp_path: Path) -> None:
    world = office(tmp_path)
    first = world.run("first")
    world.source.contacts[0]["LastName"] = "Changed"
    second, third = world.run("second"), world.run("third")

    assert [(row.status, row.mode, row.generation) for row in (first, second, third)] == [
        (RunStatus.SUCCESS, "delta", 1),
        (RunStatus.SUCCESS, "delta", 2),
        (RunStatus.SUCCESS, "delta", 2),
    ]
    assert names(world) == wanted(world)
    assert [one.source_id for one in world.target.carried_out[6:]] == ["Contact.7.1"]


def test_what_nobody_imported_is_neither_asked_about_nor_touched(tmp_path: Path) -> None:
    world = office(tmp_path)
    world.target.put("contact", {"target_id": "x-1", "last_name": "Other", "email": "other@example.test"})
    row = world.run("first")

    assert row.status is RunStatus.SUCCESS
    assert ("", "excluded", "target_only") in outcomes(world, row)
    assert world.target.rows["contact"]["x-1"]["last_name"] == "Other"
    assert not world.of(row.key).folder.exists("target_only_contacts.csv")


@pytest.mark.parametrize(("left", "outcome"), [("delete", "delete"), (FREEZE, "frozen")])
def test_what_left_the_source_goes_or_is_frozen(tmp_path: Path, left: str, outcome: str) -> None:
    world = office(tmp_path, on_source_delete=left)
    world.run("first")
    world.source.contacts.pop()
    row = world.run("second")

    assert ("Contact.7.6", outcome, "left_source") in outcomes(world, row)
    assert ("Contact.7.6" in names(world)) == (left == FREEZE)


def test_what_is_new_waits_for_a_person_where_the_entity_says_so(tmp_path: Path) -> None:
    world = office(tmp_path, on_new=ANNOUNCE)
    world.target.put("contact", {"target_id": "r-1", "source_id": "Contact.7.1", "last_name": "Old"})
    row = world.run("first")

    assert outcomes(world, row)[:2] == [("Contact.7.1", "update", "source"), ("Contact.7.2", "excluded", "not_linked")]
    assert names(world) == {"Contact.7.1": "Quill1"}


@pytest.mark.requirement("SAFE-6")
def test_a_run_for_some_records_leaves_all_others_as_they_are(tmp_path: Path) -> None:
    world = office(tmp_path)
    world.source.contacts[5]["LastName"] = " "
    world.run("first")
    for one in world.source.contacts[:2]:
        one["LastName"] = "Changed"
    row = world.run("second", narrow=["Contact.7.1"])

    assert (row.status, row.holds) == (RunStatus.SUCCESS, [])
    assert {one: name for one, name in names(world).items() if name == "Changed"} == {"Contact.7.1": "Changed"}
    assert [one for one in outcomes(world, row) if one[0] in ("Contact.7.2", "Contact.7.1")] == [
        ("Contact.7.1", "update", "source"),
        ("Contact.7.2", "excluded", "left_source"),
    ]
    assert [one.source_id for one in world.store.rejected.open(row.key.integration, "summit")] == ["Contact.7.6"]
    assert world.account().clear(row.key, "extract").counts["plan"]["contact"] == {"excluded": 4, "unchanged": 1}


@pytest.mark.requirement("SAFE-10")
def test_a_refused_record_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    world = office(tmp_path)
    world.target.answer = lambda one: "INVALID" if one.source_id == "Contact.7.3" else ""
    row = world.run("first")

    assert (row.status, set(wanted(world)) - set(names(world))) == (RunStatus.PARTIAL, {"Contact.7.3"})
    assert [(one.source_id, one.code) for one in world.store.rejected.open(row.key.integration, "summit")] == [
        ("Contact.7.3", "TGT_INVALID")
    ]


def test_a_target_that_refuses_much_is_told_no_more_and_the_next_run_goes_on(tmp_path: Path) -> None:
    world = office(tmp_path, people=60)
    asked = 0

    def answer(_one: Operation) -> str:
        nonlocal asked
        asked += 1
        return "INVALID" if asked > 8 else ""

    world.target.answer = answer
    with pytest.raises(SafetyStop, match="the 8 it took are visible") as stopped:
        world.run("first")
    tried = len(world.target.carried_out)
    world.target.answer = lambda _one: ""
    row = world.run("second")

    assert (stopped.value.code, tried) == ("TGT_MANY_REFUSED", 8)
    assert asked == 8 + 12, "after the eleventh refusal no batch is sent any more"
    assert (row.status, row.generation, names(world)) == (RunStatus.SUCCESS, 1, wanted(world))
    assert len(world.target.carried_out) == 60


@pytest.mark.requirement("SAFE-5", "CARD-8")
@pytest.mark.parametrize("after", range(7))
def test_a_delivery_that_broke_off_is_finished_when_its_task_is_cleared(tmp_path: Path, after: int) -> None:
    world = office(tmp_path)
    world.target.breaks_after = after
    try:
        row = world.run("first")
    except CrosswalkError:
        key = world.store.runs.latest("smartoffice_to_fmg", "summit")[0].key
        row = world.account().clear(key, "load")

    assert (row.status, names(world)) == (RunStatus.SUCCESS, wanted(world))
    assert len(world.target.rows["contact"]) == 6


def test_a_record_that_stands_there_twice_is_noticed(tmp_path: Path) -> None:
    world = office(tmp_path)
    world.run("first")
    world.source.contacts[0]["LastName"] = "Changed"
    world.target.put("contact", {"target_id": "x-1", "source_id": "Contact.7.1", "last_name": "Changed", "email": "quill1@example.test"})
    with pytest.raises(DataError) as raised:
        world.run("second")
    assert raised.value.code == "TGT_DUPLICATED"


@pytest.mark.requirement("SAFE-7")
@pytest.mark.parametrize("left", ["delete", FREEZE])
def test_an_undo_brings_back_values_and_what_is_gone_and_leaves_what_may_not_go(tmp_path: Path, left: str) -> None:
    world = office(tmp_path, on_source_delete=left)
    world.run("first")
    before = names(world)
    world.source.contacts[0]["LastName"] = "Changed"
    gone = world.source.contacts.pop(1)
    world.source.contacts.append(person(7))
    world.run("second")
    row = world.account().undo("undo")

    assert (row.status, row.generation) == (RunStatus.SUCCESS, 3)
    assert names(world) == (before if left == "delete" else {**before, "Contact.7.7": "Quill7"})
    assert (gone["source_id"] in names(world)) and len(world.target.rows["contact"]) == len(names(world))
    held = world.run("next")
    assert (held.status, [hold["code"] for hold in held.holds]) == (RunStatus.HELD, ["UNDONE"])


def test_an_undo_waits_until_a_delivery_that_was_cut_short_came_to_its_end(tmp_path: Path) -> None:
    world = office(tmp_path)
    world.run("first")
    for one in world.source.contacts:
        one["LastName"] = "Changed"
    world.target.breaks_after = len(world.target.carried_out) + 3
    with pytest.raises(CrosswalkError):
        world.run("second")
    with pytest.raises(DataError) as raised:
        world.account().undo("undo")
    assert raised.value.code == "UNDO_UNSETTLED"


@pytest.mark.requirement("ACRM-05")
def test_a_delivery_passes_the_choke_point(tmp_path: Path) -> None:
    tenancy = Tenancy(fields=dict.fromkeys(("group", "contact"), "address_1"))
    kept_apart = replace(spec(), features=(tenancy,))
    source = MemorySource([person(number, **{"PreferredAddress.Line1": "4477123"}) for number in range(1, 4)])
    business = MemoryRecords().identity().rpartition("/")[2].lower()
    world = MemoryOffice(tmp_path, source, MemoryRecords(), spec=kept_apart, options={"business": business, "npns": ["4477123"]})
    assert world.run("first").status is RunStatus.SUCCESS

    source.contacts[0]["PreferredAddress.Line1"] = "44771230"
    with pytest.raises(SafetyStop, match="ISOLATION_BREACH"):
        world.run("second")
    world.options["npns"] = []
    with pytest.raises(SafetyStop, match="ISOLATION_UNKNOWN"):
        world.run("third")
    assert {row["address_1"] for row in world.target.rows["contact"].values()} == {"4477123"}
