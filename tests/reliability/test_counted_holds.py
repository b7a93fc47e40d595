"""Much is never removed unseen (P5): for each rule limit - 1, limit and limit + 1 through the whole engine; a held run writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from memory import NAME, MemoryOffice, MemorySource, club, person
from reliability.conftest import Tally
from remembered import without_reports

pytestmark = [pytest.mark.reliability, pytest.mark.requirement("SAFE-2")]

Change = Callable[[MemoryOffice], None]


@dataclass(frozen=True)
class Case:
    """A delivered list of so many contacts, what changes then, and the rule that must hold the run, "" for none."""

    name: str
    contacts: int
    change: Change
    code: str
    max_deletes: int = 500
    groups: str = "TagGroup.7.1 TagGroup.7.2"


def leave(number: int) -> Change:
    """So many contacts are gone from the source."""

    def change(office: MemoryOffice) -> None:
        del office.source.contacts[:number]

    return change


def leave_group(number: int) -> Change:
    """So many members leave the second group."""

    def change(office: MemoryOffice) -> None:
        for contact in office.source.contacts[:number]:
            contact["TagGroups"] = "TagGroup.7.1"

    return change


def become_others(number: int) -> Change:
    """So many contacts are others now, as if the source were another database."""

    def change(office: MemoryOffice) -> None:
        for place in range(number):
            office.source.contacts[place] = {**person(1000 + place), "TagGroups": "TagGroup.7.1 TagGroup.7.2", "Greeting": "Q"}

    return change


def other_tables(number: int) -> Change:
    """So many records change with the mapping tables."""

    def change(office: MemoryOffice) -> None:
        last = office.store.runs.last_delivered(NAME, "summit")
        assert last is not None
        office.store.runs.update(last.key, mapping_digest="of other tables")
        for contact in office.source.contacts[:number]:
            contact["LastName"] = "Changed"

    return change


def nameless(number: int, gone: int) -> Change:
    """So many records came without an id, and so many are missing."""

    def change(office: MemoryOffice) -> None:
        del office.source.contacts[:gone]
        office.source.contacts += [{**person(2000 + place), "source_id": ""} for place in range(number)]

    return change


def blank(number: int) -> Change:
    """The nickname is blank in so many contacts."""

    def change(office: MemoryOffice) -> None:
        for contact in office.source.contacts[:number]:
            contact["Greeting"] = ""

    return change


def strangers(number: int) -> Change:
    """So many records appeared in the target that nobody imported."""

    def change(office: MemoryOffice) -> None:
        office.target.put("contact", [{"target_id": f"c-own{place}", "last_name": "Own"} for place in range(number)])

    return change


def beyond(name: str, contacts: int, change: Callable[[int], Change], limit: int, code: str, **settings: Any) -> list[Case]:
    """One below the limit and the limit pass, one above it holds."""
    return [
        Case(f"{name}-{number}", contacts, change(number), code if number > limit else "", **settings)
        for number in (limit - 1, limit, limit + 1)
    ]


CASES = [
    *beyond("count", 400, leave, 12, "MASS_DELETE", max_deletes=12),
    *beyond("share", 400, leave, 20, "MASS_DELETE"),
    *beyond("floor", 25, leave, 10, "MASS_DELETE", groups=""),
    *beyond("slice", 20, leave_group, 4, "SLICE_DROP"),
    *beyond("slice floor", 5, leave_group, 2, "SLICE_DROP"),
    *beyond("overlap", 10, become_others, 5, "CONN_SOURCE_CHANGED"),
    *beyond("tables", 10, other_tables, 2, "MAP_CHANGED"),
    *beyond("zero records", 2, leave, 1, "SRC_ZERO_RECORDS"),
    *beyond("blank field", 4, blank, 3, "SRC_FIELD_BLANKED"),
    Case("no id, nothing missing", 20, nameless(3, 0), ""),
    Case("no id, one missing", 20, nameless(1, 1), "SRC_MISSING_ID"),
    Case("one missing, all with an id", 20, nameless(0, 1), ""),
    Case("no stranger", 20, strangers(0), ""),
    Case("one stranger", 20, strangers(1), "TARGET_ONLY"),
]


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with without_reports():
        yield


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
def test_reaching_a_limit_passes_and_going_beyond_it_writes_nothing(tmp_path: Path, tally: Tally, case: Case) -> None:
    people = [person(number, TagGroups=case.groups, Greeting="Q") for number in range(1, case.contacts + 1)]
    office = MemoryOffice(tmp_path, MemorySource(people, [club(1), club(2)]), safety={"max_deletes": case.max_deletes})
    assert office.run().status is RunStatus.SUCCESS
    case.change(office)
    before = office.target.seen(), office.target.seen("group"), office.target.writes, office.target.generation, office.target.revision
    row = office.run()
    after = office.target.seen(), office.target.seen("group"), office.target.writes, office.target.generation, office.target.revision
    codes = [hold["code"] for hold in row.holds]
    if case.code:
        right = row.status is RunStatus.HELD and case.code in codes and after == before
    else:
        source_ids = {one["source_id"] for one in office.source.contacts} - {""}
        right = not codes and row.delivered_at is not None and set(office.target.by_source()) == source_ids
    tally("P5", "plans at, below and beyond a limit", 1, int(not right))
    assert right, (row.status, row.holds)
