"""Whatever was linked in the target and decided here: one outcome a record, every operation in the plan, nothing left to do afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.core.plan import check_sums
from crosswalk.core.ports import Operation
from crosswalk.features.linking.decisions import Standing
from crosswalk.features.linking.link_plan import kept, plan_deals, plan_records
from crosswalk.features.linking.rules import LINK, Entity, links, statuses, without_lost
from unit.core.test_linking import COMPANIES, DEALS, candidates, contacts, load

SOURCE, GONE = ("501", "502", "503", "504"), ("601", "602")
TARGET, DELETED = ("f-1", "f-2", "f-3", "f-4"), ("f-8",)


@dataclass
class Case:
    """Who is in the CRM, who is rejected, what Flex has linked with whom, and what stands."""

    desired: list[str]
    rejected: list[str]
    own: dict[str, str]
    standing: Standing = field(default_factory=Standing)

    def people(self) -> Entity:
        """Both sides. Every other CRM record has something Flex lacks."""
        wanted = [{"source_id": one, "last_name": one, "city": "Salem" if int(one) % 2 else ""} for one in self.desired]
        held = [{"target_id": one, "source_id": self.own.get(one, ""), "last_name": "Typed"} for one in TARGET]
        return replace(contacts(wanted, held), standing=self.standing)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    def pairing(ones: Sequence[str], others: Sequence[str]) -> dict[str, str]:
        chosen, partners = draw(st.lists(st.sampled_from(ones), unique=True)), draw(st.permutations(others))
        return dict(zip(chosen, partners, strict=False))

    there = draw(st.lists(st.sampled_from(SOURCE), unique=True, min_size=1))
    own = pairing(TARGET, (*SOURCE, *GONE))
    linked = pairing((*SOURCE, *GONE), (*TARGET, *DELETED))
    free = [one for one in SOURCE if one not in linked]
    fates = {one: draw(st.sampled_from(["", "import", "skip"])) for one in free}
    parted = {(other, one) for one, other in own.items() if draw(st.booleans()) and linked.get(other) != one}
    imports = {one: "" for one, fate in fates.items() if fate == "import"}
    standing = Standing(linked, imports, frozenset(one for one, fate in fates.items() if fate == "skip"), frozenset(), frozenset(parted))
    cut = draw(st.integers(0, len(there)))
    return Case(there[:cut], there[cut:], own, standing)


def carried_out(people: Entity, todo: list[Operation]) -> Entity:
    """What both sides and the store would be after the operations."""
    rows = {str(row["target_id"]): {str(name): str(value) for name, value in row.items()} for row in people.target.to_dict("records")}
    made = {}
    for one in todo:
        if one.op == "delete":
            rows[one.target_id]["source_id"] = ""
        elif not one.target_id:
            target_id = made[one.source_id] = f"made-{one.source_id}"
            rows[target_id] = {"target_id": target_id, "source_id": one.source_id, **one.values}
        else:
            values = {name: value for name, value in one.values.items() if name != LINK}
            rows[one.target_id] |= values | ({"source_id": one.source_id} if LINK in one.values else {})
    target = pd.DataFrame(list(rows.values()), columns=people.target.columns, dtype="str").fillna("")
    waiting = {one: kind for one, kind in people.standing.imports.items() if one not in made}
    standing = replace(people.standing, linked={**people.standing.linked, **made}, imports=waiting)
    return replace(people, target=target, standing=standing)


@pytest.mark.requirement("SAFE-6", "FLEX-05", "FLEX-06")
@settings(max_examples=60, deadline=None)
@given(cases())
def test_one_outcome_a_record_every_operation_planned_and_nothing_left_afterwards(case: Case) -> None:
    people = case.people()
    todo = load(people=people)
    plan = plan_records(people, statuses(people, candidates(people)), todo, dict.fromkeys(case.rejected, "EMAIL_INVALID"))
    check_sums(plan, [*case.desired, *case.rejected], TARGET)
    sent = kept(todo, plan)
    waiting = [one for one in todo if one not in sent]
    assert {one.target_id for one in waiting} <= {people.standing.linked.get(one, "") for one in case.rejected}
    assert all(one.op == "delete" for one in waiting)
    writing = plan[plan["outcome"].isin(["create", "update"])]
    about = {one.source_id for one in sent}, {one.target_id for one in sent}
    assert all(source in about[0] or target in about[1] for source, target in zip(writing["source_id"], writing["target_id"], strict=True))
    assert set(plan["outcome"]) <= {"create", "update", "unchanged", "excluded", "frozen", "rejected"}
    after = carried_out(people, sent)
    assert load(people=after) == waiting
    assert len(after.target) == len(TARGET) + sum(not one.target_id for one in todo)
    held = {row["source_id"]: row["target_id"] for row in after.target.to_dict("records") if row["source_id"] in case.desired}
    wanted = {one: other for one, other in links(after).items() if one in case.desired and other in set(after.target["target_id"])}
    assert wanted.items() <= held.items()


@pytest.mark.requirement("FLEX-07")
def test_the_outcomes_of_deals() -> None:
    def deal(one: str, people: str, **more: Any) -> dict[str, str]:
        return {"source_id": one, "name": f"Deal {one}", "contacts": people, **more}

    wanted = pd.DataFrame([deal("1", "501"), deal("2", "501 502"), deal("3", "501"), deal("4", "509")], columns=DEALS.columns).fillna("")
    held = [deal("2", "501", name="Old"), deal("3", "501"), deal("9", "501"), deal("5", "501")]
    known = pd.DataFrame([{"target_id": one["source_id"], **one} for one in held], columns=["target_id", *DEALS.columns]).fillna("")
    people = contacts([{"source_id": "501"}], [{"target_id": "f-1", "source_id": "501"}])
    todo = [one for one in load(COMPANIES, people, wanted, known) if one.entity == "deal"]
    plan = plan_deals(wanted, known, todo, {"5": "SRC_BAD_DATE", "6": "REQUIRED_BLANK"}, {"501"})
    check_sums(plan, ["1", "2", "3", "4", "5", "6"], known["target_id"])
    found = {
        one: (outcome, reason, changed) for one, outcome, reason, changed in plan[["source_id", "outcome", "reason", "changed"]].to_numpy()
    }
    assert found == {
        "1": ("create", "new", ""),
        "2": ("update", "source", "name"),
        "3": ("unchanged", "", ""),
        "4": ("excluded", "no_linked_contact", ""),
        "5": ("rejected", "SRC_BAD_DATE", ""),
        "6": ("rejected", "REQUIRED_BLANK", ""),
        "9": ("frozen", "left_source", ""),
    }


@pytest.mark.requirement("FLEX-05", "FLEX-08")
def test_what_the_target_refused_is_named_by_nothing() -> None:
    person = Operation("contact", "upsert", "501", "", {"last_name": "Ruiz", "employer": "9001"})
    one = Operation("deal", "upsert", "7001", "", {"name": "Tour", "contacts": "501 502", "company": "9001"})
    other = Operation("deal", "upsert", "7002", "", {"name": "Gala", "contacts": "502", "company": ""})
    going, stopped = without_lost([person, one, other], {("company", "9001"), ("contact", "502")})
    assert [dict(each.values) for each in going] == [{"last_name": "Ruiz"}, {"name": "Tour", "contacts": "501", "company": ""}]
    assert [each.source_id for each in stopped] == ["7002"]
    assert without_lost([person, one, other], set()) == ([person, one, other], [])
