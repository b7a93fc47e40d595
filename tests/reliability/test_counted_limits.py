"""The limits of the seed hold before anything is written (P13): counted on the whole database, whatever is selected."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.errors import PermanentError
from memory import MemoryOffice, MemorySource, club, person
from reliability.conftest import Tally

pytestmark = [pytest.mark.reliability, pytest.mark.requirement("FMG-09")]

LIMITS = {"contact": 30_000, "group": 1_000}
WITHIN = [("contact", 29_999), ("contact", 30_000), ("group", 999), ("group", 1_000)]
BEYOND = [("contact", 30_001), ("contact", 30_010), ("contact", 1_000_000), ("group", 1_001), ("group", 5_000)]
TEN = ("TagGroup.7.1",)
SCOPES: list[tuple[str, ...] | None] = [None, TEN]


def office(folder: Path, scope: tuple[str, ...] | None, **counted: int) -> MemoryOffice:
    """Ten contacts are read; the whole database holds as many as is counted."""
    source = MemorySource([person(number, TagGroups="TagGroup.7.1") for number in range(1, 11)], [club(1)], counted)
    return MemoryOffice(folder, source, scope=scope)


@pytest.mark.parametrize(("entity", "number"), WITHIN)
def test_a_database_within_its_limits_is_delivered(tmp_path: Path, tally: Tally, entity: str, number: int) -> None:
    made = office(tmp_path, TEN, **{entity: number})
    row = made.run()
    delivered = row.status is RunStatus.SUCCESS and len(made.target.seen()) == 10
    tally("P13", "databases within the limits", 1, int(not delivered))
    assert delivered
    assert row.counts["source_totals"][entity] == number


@pytest.mark.parametrize("number", [999, 1_000, 1_001])
def test_a_whole_list_of_groups_at_its_limit_is_delivered_and_beyond_it_not(tmp_path: Path, tally: Tally, number: int) -> None:
    made = office(tmp_path, None)
    made.source.groups = [club(one) for one in range(1, number + 1)]
    if number > LIMITS["group"]:
        with pytest.raises(PermanentError, match="LIMIT_GROUPS"):
            made.run()
    else:
        made.run()
    right = len(made.target.seen("group")) == (number if number <= LIMITS["group"] else 0)
    tally("P13", "whole lists of groups at the limit", 1, int(not right))
    assert right


@pytest.mark.parametrize("scope", SCOPES, ids=["all", "ten"])
@pytest.mark.parametrize(("entity", "number"), BEYOND)
def test_one_over_a_limit_writes_nothing(tmp_path: Path, tally: Tally, entity: str, number: int, scope: tuple[str, ...] | None) -> None:
    made = office(tmp_path, scope, **{entity: number})
    with pytest.raises(PermanentError) as caught:
        made.run()
    error = caught.value
    named = all(text in error.problem for text in (str(number), str(LIMITS[entity]), entity))
    refused = error.code == f"LIMIT_{entity.upper()}S" and named and made.target.writes == 0 and not made.target.seen()
    tally("P13", "databases over a limit", 1, int(not refused))
    assert refused, error


def test_a_list_delivered_before_stays_when_the_database_grows_over_a_limit(tmp_path: Path, tally: Tally) -> None:
    made = office(tmp_path, TEN, contact=30_000)
    made.run()
    before = made.target.seen(), made.target.writes, made.target.generation
    made.source.counted = {"contact": 30_001}
    del made.source.contacts[5:]
    with pytest.raises(PermanentError, match="LIMIT_CONTACTS"):
        made.run()
    same = (made.target.seen(), made.target.writes, made.target.generation) == before
    tally("P13", "databases over a limit", 1, int(not same))
    assert same
