"""The plan kept with the report: searched, paged, and one record's fate found without reading the rest; values only masked."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.core.model import RunKey
from crosswalk.core.system_schema import Field
from crosswalk.landing.folder import Folder
from crosswalk.landing.zone import LandingZone
from crosswalk.reports import plan_search as planned
from crosswalk.reports.plan_search import CHANGE_COLUMNS, Search, masked_changes
from crosswalk.reports.run_report import Change

FIELDS = {"email": Field("email", "email"), "city": Field("city", "text"), "phone": Field("phone", "phone")}
COLUMNS = ["entity", "source_id", "target_id", "outcome", "reason", "changed"]


def plan_of(*rows: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str").assign(payload_hash="h")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return LandingZone.open(str(tmp_path)).report_folder(RunKey("smartoffice_to_fmg", "summit", 1))


def test_every_changed_field_is_masked_before_and_after() -> None:
    plan = plan_of(
        ("contact", "S1", "T1", "update", "source", "email phone"),
        ("contact", "S2", "", "create", "new", ""),
        ("contact", "", "T3", "delete", "", ""),
    )
    desired = pd.DataFrame({"source_id": ["S1", "S2"], "email": ["new@there.test", "x"], "city": ["A", "B"], "phone": ["555 010 0177", ""]})
    target = pd.DataFrame({"target_id": ["T1", "T3"], "email": ["old@here.test", "z"], "city": ["A", "C"], "phone": ["555 010 9977", ""]})
    changes = masked_changes(plan, desired, target, FIELDS)
    assert changes.to_dict("records") == [
        {
            "entity": "contact",
            "source_id": "S1",
            "target_id": "T1",
            "field": "email",
            "before": "o***@h***.test",
            "after": "n***@t***.test",
            "hidden": "",
        },
        {"entity": "contact", "source_id": "S1", "target_id": "T1", "field": "phone", "before": "***77", "after": "***77", "hidden": "1"},
    ]


def test_a_plan_without_updates_has_no_changes(folder: Folder) -> None:
    plan = plan_of(("contact", "S1", "", "create", "new", ""))
    desired, target = (pd.DataFrame({key: ["1"], "email": ["a@x.test"]}) for key in ("source_id", "target_id"))
    planned.write(folder, plan, masked_changes(plan, desired, target, FIELDS))
    assert [one.changes for one in planned.search(folder, Search(), 5, 0)[0]] == [()]


def test_an_undo_is_told_apart_by_target_ids() -> None:
    """What was never imported has no source id, so that many records share the blank one."""
    plan = plan_of(("contact", "", "T1", "update", "undone", "email"), ("contact", "", "T2", "update", "undone", "email"))
    before = pd.DataFrame({"source_id": ["", ""], "target_id": ["T1", "T2"], "email": ["a@x.test", "b@x.test"]})
    now = pd.DataFrame({"target_id": ["T2", "T1"], "email": ["d@x.test", "c@x.test"]})
    changes = masked_changes(plan, before, now, FIELDS)
    assert list(zip(changes["target_id"], changes["before"], changes["after"], strict=True)) == [
        ("T1", "c***@x***.test", "a***@x***.test"),
        ("T2", "d***@x***.test", "b***@x***.test"),
    ]


def test_one_record_is_found_with_its_changes(folder: Folder) -> None:
    plan = plan_of(*(("contact", f"S{number:05d}", f"T{number}", "update", "source", "email") for number in range(9_000)))
    changes = pd.DataFrame(
        [("contact", f"S{number:05d}", f"T{number}", "email", f"{number}", "b", "") for number in range(9_000)], columns=CHANGE_COLUMNS
    )
    planned.write(folder, plan, changes)
    (found,) = planned.find(folder, "S04321")
    assert (found.target_id, found.changes) == ("T4321", (Change("email", "4321", "b"),))
    assert planned.find(folder, "S4321") == []
    assert "payload_hash" not in folder.read_frame("plan").columns


def test_what_changes_the_target_comes_first(folder: Folder) -> None:
    outcomes = ["unchanged", "excluded", "frozen", "rejected", "create", "update", "delete"]
    planned.write(
        folder,
        plan_of(*(("contact", f"S{place}", f"T{place}", one, "why", "") for place, one in enumerate(outcomes))),
        pd.DataFrame(columns=CHANGE_COLUMNS, dtype="str"),
    )
    found, total = planned.search(folder, Search(), 3, 0)
    assert ([one.outcome for one in found], total) == (["delete", "update", "create"], 7)
    assert planned.reasons(folder)["frozen", "why"] == 1


ROW = st.tuples(st.sampled_from(["contact", "group"]), st.sampled_from(["create", "delete", "frozen"]), st.sampled_from("xy"))


@hypothesis.settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["contact", "group"]), st.sampled_from(["create", "delete", "frozen"]), st.sampled_from("xy")),
        max_size=40,
    ),
    entity=st.sampled_from(["", "contact"]),
    outcome=st.sampled_from(["", "delete"]),
    text=st.sampled_from(["", "1", "T"]),
    size=st.integers(1, 7),
)
def test_pages_hold_each_fitting_record_once(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], entity: str, outcome: str, text: str, size: int
) -> None:
    place = LandingZone.open(str(tmp_path_factory.mktemp("plan"))).report_folder(RunKey("smartoffice_to_fmg", "summit", 1))
    plan = plan_of(*((kind, f"S{number}", f"T{number}", what, why, "") for number, (kind, what, why) in enumerate(rows)))
    planned.write(place, plan, pd.DataFrame(columns=CHANGE_COLUMNS, dtype="str"))
    wanted = Search(entity, outcome, "", text)
    found: list[str] = []
    while (page := planned.search(place, wanted, size, len(found)))[0]:
        found += [one.source_id for one in page[0]]
    fits = [
        f"S{number}"
        for number, (kind, what, _) in enumerate(rows)
        if entity in ("", kind) and outcome in ("", what) and (text in f"S{number}" or text in f"T{number}")
    ]
    assert sorted(found) == sorted(fits)
    assert page[1] == len(fits)
