"""Which accounts a run is for, and what may be asked of it (C32 to C34)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crosswalk.core.account_settings import AccountSettings
from crosswalk.errors import ConfigurationError
from crosswalk.orchestration.defaults import sync_params
from crosswalk.orchestration.selection import check_conf, choose

SCHEMAS = {name: param.schema for name, param in sync_params().items()}


def accounts(**frequencies: str) -> dict[str, AccountSettings]:
    return {name: AccountSettings(name, "smartoffice_to_fmg", f"s_{name}", f"t_{name}", None, when) for name, when in frequencies.items()}  # type: ignore[arg-type]


ALL = accounts(summit="daily", harbor="manual", lakeside="daily")


@pytest.mark.requirement("FMG-04")
@pytest.mark.parametrize(
    ("wanted", "on_demand", "chosen"),
    [
        ([], False, ["summit", "lakeside"]),
        ([], True, ["summit", "harbor", "lakeside"]),
        (["harbor"], True, ["harbor"]),
        (["lakeside", "summit", "summit"], True, ["summit", "lakeside"]),
        (["harbor"], False, ["harbor"]),
    ],
)
def test_accounts_are_chosen(wanted: list[str], on_demand: bool, chosen: list[str]) -> None:
    assert choose(ALL, wanted, on_demand=on_demand) == chosen


NINE = datetime(2026, 11, 27, 21, 0, tzinfo=UTC)  # Friday; 16:00 in New York, 13:00 in Los Angeles


@pytest.mark.requirement("EMON-07")
@pytest.mark.parametrize(
    ("hour", "on_demand", "chosen"),
    [(0, False, []), (6, False, ["east"]), (9, False, ["west"]), (6 + 24, False, []), (0, True, ["east", "west", "hand"])],
)
def test_a_scheduled_hour_is_for_the_accounts_whose_night_begins_in_it(hour: int, on_demand: bool, chosen: list[str]) -> None:
    zones = {"east": "America/New_York", "west": "America/Los_Angeles", "hand": "America/New_York"}
    at = {
        name: replace(one, zone=zones[name], options={"at": "22:30"})
        for name, one in accounts(**dict.fromkeys(zones, "weeknights")).items()
    }
    at["hand"] = replace(at["hand"], frequency="manual")
    start = NINE + timedelta(hours=hour)

    assert choose(at, [], on_demand=on_demand, interval=(start, start + timedelta(hours=1))) == chosen


@pytest.mark.requirement("FMG-04")
def test_an_unknown_account_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ConfigurationError, match=r"ACCOUNT_UNKNOWN.*sumit.*summit, harbor, lakeside") as caught:
        choose(ALL, ["summit", "sumit"], on_demand=True)
    assert caught.value.code == "ACCOUNT_UNKNOWN"


def test_what_is_no_name_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as caught:
        choose(ALL, ["<script>alert(1)</script>", "../../etc"], on_demand=True)
    assert "script" not in str(caught.value)
    assert "etc" not in str(caught.value)


def test_a_thousand_accounts_are_enough() -> None:
    many = accounts(**{f"a{number}": "daily" for number in range(1001)})
    with pytest.raises(ConfigurationError, match="ACCOUNT_TOO_MANY"):
        choose(many, [], on_demand=True)
    assert len(choose(many, list(many)[:1000], on_demand=True)) == 1000


@pytest.mark.parametrize("conf", [{}, {"accounts": []}, {"accounts": ["summit"], "dry_run": True, "full_resync": False}])
def test_what_the_form_offers_is_accepted(conf: dict[str, Any]) -> None:
    check_conf(conf, SCHEMAS)


@pytest.mark.parametrize(
    ("conf", "code"),
    [
        pytest.param({"acounts": ["summit"]}, "CONF_INVALID", id="C32 unknown key"),
        pytest.param({"accounts": "summit"}, "CONF_INVALID", id="C32 text for a list"),
        pytest.param({"accounts": [1]}, "CONF_INVALID", id="C32 number in the list"),
        pytest.param({"dry_run": "false"}, "CONF_INVALID", id="C32 text for a switch"),
        pytest.param({"dry_run": None}, "CONF_INVALID", id="C32 nothing for a switch"),
        pytest.param(["accounts"], "CONF_INVALID", id="C32 not an object"),
        pytest.param({"accounts": ["x" * 1_000_000]}, "CONF_INVALID", id="C32 1 MB"),
        pytest.param({"snapshot": 3}, "CONF_STALE", id="C33 snapshot"),
        pytest.param({"snapshot_number": 3}, "CONF_STALE", id="C33 snapshot number"),
        pytest.param({"as_of": "2026-01-01"}, "CONF_STALE", id="C33 as of"),
        pytest.param({"plan_hash": "abc"}, "CONF_STALE", id="C33 plan"),
        pytest.param({"max_deletes": 10_000}, "CONF_FORBIDDEN", id="C34 number"),
        pytest.param({"max-delete-share": 1}, "CONF_FORBIDDEN", id="C34 spelt otherwise"),
        pytest.param({"MIN_OVERLAP": 0}, "CONF_FORBIDDEN", id="C34 capitals"),
        pytest.param({"skip_safety": True}, "CONF_FORBIDDEN", id="C34 skip"),
        pytest.param({"force": True}, "CONF_FORBIDDEN", id="C34 force"),
        pytest.param({"approved": True}, "CONF_FORBIDDEN", id="C34 approval by configuration"),
        pytest.param({"limits": {"contact": 99999}}, "CONF_FORBIDDEN", id="C34 limits"),
    ],
)
@pytest.mark.requirement("SAFE-2")
def test_what_the_form_does_not_offer_is_refused(conf: Any, code: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_conf(conf, SCHEMAS)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_problems_of_a_configuration_come_together_and_without_values() -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_conf({"force": "Quinn Quill", "snapshot": 1, "Quinn Quill": 2, "dry_run": "Quinn Quill"}, SCHEMAS)
    assert sorted(problem.code for problem in caught.value.problems) == ["CONF_FORBIDDEN", "CONF_INVALID", "CONF_INVALID", "CONF_STALE"]
    assert "Quinn" not in str(caught.value)
