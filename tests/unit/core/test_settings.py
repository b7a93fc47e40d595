"""What of an account's settings is different, in words that name nobody."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.settings_diff import changes, facts
from unit.core.planning import SPEC

USUAL = AccountSettings("summit", SPEC.name, "so", "fmg", None, "daily", options={"types": ["form"]})


def described(scope: list[str] | None = None, safety: dict[str, Any] | None = None, **other: Any) -> dict[str, Any]:
    return json.loads(json.dumps(facts(replace(USUAL, **other), SPEC.safety.tightened(safety or {}), scope)))  # type: ignore[no-any-return]


@pytest.mark.requirement("FMG-07")
@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (described(), described(), []),
        (described(), described(["TagGroup.7.10", "TagGroup.7.9"]), ["scope all → 2 tag groups (TagGroup.7.9, TagGroup.7.10)"]),
        (described(["TagGroup.7.1"]), described(), ["scope 1 tag group (TagGroup.7.1) → all"]),
        (
            described(["TagGroup.7.1", "TagGroup.7.2"]),
            described(["TagGroup.7.2", "TagGroup.7.3"]),
            ["scope: 1 tag group added (TagGroup.7.3), 1 tag group removed (TagGroup.7.1)"],
        ),
        (described(["TagGroup.7.2", "TagGroup.7.1"]), described(["TagGroup.7.1", "TagGroup.7.2"]), []),
        (described(), described(frequency="manual", zone="UTC"), ["frequency daily → manual", "zone America/New_York → UTC"]),
        (described(), described(safety={"max_deletes": 5}), ["safety max_deletes 500 → 5"]),
        (described(), described(options={"types": ["form", "opt-out"]}), ["types changed"]),
        ({}, described(["TagGroup.7.1"]), []),
    ],
)
def test_a_change_is_named(before: dict[str, Any], now: dict[str, Any], said: list[str]) -> None:
    assert changes(before, now) == said


@pytest.mark.requirement("FMG-07", "SAFE-9")
def test_of_many_groups_few_are_shown_and_of_options_no_value() -> None:
    many = described([f"TagGroup.7.{number}" for number in range(1, 1001)], options={"note": "Quinn Quill"})
    (scope, note) = changes(described(options={"note": "x"}), many)
    assert scope == "scope all → 1000 tag groups (TagGroup.7.1, TagGroup.7.2, TagGroup.7.3, TagGroup.7.4, TagGroup.7.5, …)"
    assert note == "note changed"
    assert "Quinn" not in json.dumps(many)
