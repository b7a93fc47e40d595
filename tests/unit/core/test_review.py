"""What stands of what people decided."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crosswalk.features.linking.decisions import Decision, Kind, Standing, fate, standing

AT = datetime(2026, 3, 1, tzinfo=UTC)


def taken(number: int, source_id: str, kind: Kind, target_id: str = "", undoes: int | None = None, resource_type: str = "") -> Decision:
    return Decision(number, "contact", source_id, target_id, kind, resource_type, "ana", AT, undoes)


@pytest.mark.requirement("FLEX-06")
def test_what_stands_of_each_kind() -> None:
    decisions = [
        taken(1, "501", Kind.LINK, "f-1"),
        taken(2, "502", Kind.IMPORT, resource_type="Vendors"),
        taken(3, "503", Kind.SKIP),
        taken(4, "504", Kind.NOT_A_MATCH, "f-2"),
        taken(5, "504", Kind.NOT_A_MATCH, "f-3"),
        taken(6, "505", Kind.IMPORT),
    ]
    assert standing(decisions, "contact", {"505": "f-9"}) == Standing(
        {"501": "f-1", "505": "f-9"}, {"502": "Vendors"}, frozenset({"503"}), frozenset({("504", "f-2"), ("504", "f-3")})
    )
    assert standing(decisions, "company", {}) == Standing()


@pytest.mark.requirement("FLEX-06")
def test_an_undone_decision_no_longer_stands_and_what_was_before_does() -> None:
    decisions = [
        taken(1, "501", Kind.SKIP),
        taken(2, "501", Kind.LINK, "f-1"),
        taken(3, "501", Kind.UNDONE, "f-1", 2),
        taken(4, "502", Kind.NOT_A_MATCH, "f-2"),
        taken(5, "502", Kind.UNDONE, "", 4),
    ]
    found = standing(decisions, "contact", {})
    assert (found.linked, found.skipped, found.apart, found.parted) == ({}, {"501"}, frozenset(), {("501", "f-1")})
    assert fate(decisions[:3]) == decisions[0]


def test_a_pair_linked_again_is_parted_no_more() -> None:
    decisions = [taken(1, "501", Kind.LINK, "f-1"), taken(2, "501", Kind.UNDONE, "f-1", 1), taken(3, "501", Kind.LINK, "f-1")]
    assert standing(decisions, "contact", {}).parted == frozenset()
