"""FMG's feed of activities, and adding to it, as the README says."""

from __future__ import annotations

from typing import Any

import pytest

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import Control, Fmg, contact, error_code

ACTIVITIES = "/fmg/accounts/FMG-1001/activities"


@pytest.fixture
def people(fmg: Fmg) -> Fmg:
    fmg.deliver(1, [contact(1), contact(2)])
    return fmg


def act(control: Control, *acts: dict[str, Any]) -> list[dict[str, Any]]:
    return list(control.call("POST", ACTIVITIES, {"activities": list(acts)}).json()["activities"])


@pytest.mark.requirement("FMG-05")
def test_a_feed_only_goes_on_and_its_cursor_stays_valid(people: Fmg, control: Control) -> None:
    empty = people.get("/activities").json()
    assert (empty["activities"], empty["position"], empty["more"]) == ([], 0, False)
    act(control, *({"type": "email_sent", "title": f"Mail {number}"} for number in range(5)))
    first = people.get("/activities", limit=2, after=empty["next"]).json()
    second = people.get("/activities", limit=2, after=first["next"]).json()
    last = people.get("/activities", limit=2, after=second["next"]).json()
    assert [page["position"] for page in (first, second, last)] == [2, 4, 5]
    assert [page["more"] for page in (first, second, last)] == [True, True, False]
    assert [one["sequence"] for page in (first, second, last) for one in page["activities"]] == [1, 2, 3, 4, 5]
    nothing = people.get("/activities", after=last["next"]).json()
    assert nothing == {"activities": [], "next": last["next"], "position": 5, "more": False}
    act(control, {"type": "email_sent", "title": "Later"})
    assert [one["title"] for one in people.get("/activities", after=last["next"]).json()["activities"]] == ["Later"]
    assert people.get("/activities", limit=2, after=first["next"]).json() | {"next": ""} == second | {"next": ""}


@pytest.mark.parametrize("after", ["nonsense", "t99999999", "t1"])
def test_a_cursor_that_was_never_given_is_refused(people: Fmg, after: str) -> None:
    answer = people.get("/activities", after=after)
    assert (answer.status_code, error_code(answer)) == (422, "INVALID")


def test_whoever_is_named_is_filled_in(people: Fmg, control: Control) -> None:
    row = people.contacts()[0]
    names = (row["contact_id"], row["source_id"], row["email"].upper())
    found = act(control, *({"type": "form_completed", "contact": name} for name in names), {"type": "form_completed"})
    known = {"contact_id": row["contact_id"], "source_id": row["source_id"], "email": row["email"]}
    assert [{name: one[name] for name in known} for one in found] == [known] * 3 + [{"contact_id": None, "source_id": None, "email": ""}]
    assert len({one["activity_id"] for one in found}) == 4
    said = {"type": "x", "activity_id": "mine", "occurred_at": "2026-01-04T17:00:00Z", "contact_id": "c-9", "source_id": None, "title": "T"}
    assert act(control, said)[0] == {**said, "email": "", "sequence": 5}


def test_all_of_them_or_none(people: Fmg, control: Control) -> None:
    for wrong in ({"type": ""}, {"type": "x", "contact": "nobody"}, {"type": "x", "more": "y"}, {"type": "x", "title": 3}):
        assert not control.call("POST", ACTIVITIES, {"activities": [{"type": "email_sent"}, wrong]}).ok
    twice = {"type": "email_sent", "activity_id": "same"}
    assert control.call("POST", ACTIVITIES, {"activities": [twice, twice]}).status_code == 422
    assert control.get(ACTIVITIES) == {"activities": [], "total": 0}


@pytest.mark.requirement("FMG-06")
def test_who_opts_out_is_on_the_opt_outs(people: Fmg, control: Control) -> None:
    row = people.contacts()[0]
    act(control, {"type": "opted_out", "contact": row["contact_id"]})
    (entry,) = people.get("/opt-outs").json()["opt_outs"]
    assert (entry["email"], entry["source_id"]) == (row["email"], row["source_id"])
    assert [one["opted_out"] for one in people.contacts()] == [True, False]


def test_a_checkpoint_holds_them(people: Fmg, control: Control) -> None:
    act(control, {"type": "email_sent"})
    number = control.call("POST", "/checkpoints", {}).json()["checkpoint"]
    act(control, {"type": "email_sent"})
    control.call("POST", f"/checkpoints/{number}/restore", {})
    assert control.get(ACTIVITIES)["total"] == 1


@pytest.mark.parametrize(
    ("fault", "position", "numbers"),
    [
        ({"kind": "short_page"}, 4, [3]),
        ({"kind": "repeat_page"}, 4, [1, 2]),
        ({"kind": "wrong_total", "value": 5}, 5, [3, 4]),
        ({"kind": "zero_records"}, 2, []),
    ],
)
def test_pages_lie_on_request(people: Fmg, control: Control, fault: dict[str, Any], position: int, numbers: list[int]) -> None:
    act(control, *({"type": "email_sent"} for _ in range(6)))
    cursor = people.get("/activities", limit=2).json()["next"]
    control.fault(system="fmg", match="read activities", **fault)
    page = people.get("/activities", limit=2, after=cursor).json()
    assert (page["position"], [one["sequence"] for one in page["activities"]]) == (position, numbers)


def test_a_late_request_is_carried_out_although_nobody_waits(people: Fmg, box: SandboxServer, control: Control) -> None:
    control.fault(system="fmg", match="read account", kind="late", seconds=0.2)
    assert people.get().ok
    (entry,) = [one for one in control.get("/requests", system="fmg")["requests"] if one["fault"] == "late"]
    assert entry["status"] == 200
