"""What holds of every plan, over generated sources and targets."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.core.planning import CONTACT, SENT, carry_out, delivered, desired, target

from crosswalk.core.changes import check_sums, plan_entity, plan_hash
from crosswalk.core.converters import email_key

IDS = [f"Contact.7.{number}" for number in range(1, 13)]
ADDRESSES = ["", "", "", "a@x.test", "A@x.test", "b@x.test", "c@X.test", "d@x.test", "e@x.test", "f@x.test"]
GROUPS = ["", "TagGroup.7.1", "TagGroup.7.2", "TagGroup.7.2 TagGroup.7.1", "TagGroup.7.1 TagGroup.7.2"]


@dataclass(frozen=True)
class Night:
    """What both sides hold on one night."""

    desired: pd.DataFrame
    target: pd.DataFrame
    delivered: pd.DataFrame
    rejected: dict[str, str]

    @property
    def plan(self) -> pd.DataFrame:
        return plan_entity(CONTACT, self.desired, self.target, self.delivered, self.rejected)


record = st.fixed_dictionaries(
    {"last_name": st.sampled_from(["Ash", "Birch"]), "email": st.sampled_from(ADDRESSES), "groups": st.sampled_from(GROUPS)}
)


def one_each(records: list[dict[str, str]]) -> list[dict[str, str]]:
    """Blank every address that an earlier record has already: both sides promise that."""
    seen: set[str] = set()
    for one in records:
        key = email_key(one["email"])
        one["email"] = "" if key in seen else one["email"]
        seen.add(key)
    return records


@st.composite
def nights(draw: st.DrawFn) -> Night:
    fate = {one: draw(st.sampled_from(["travels", "travels", "rejected", "gone"])) for one in IDS}
    wanted = one_each([{"source_id": one, **draw(record)} for one in IDS if fate[one] == "travels"])
    owners = draw(st.lists(st.sampled_from([*IDS, "", "", ""]), max_size=14))
    held = one_each([{"target_id": f"c-{number}", "source_id": owner, **draw(record)} for number, owner in enumerate(owners)])
    known = draw(st.lists(st.sampled_from(IDS), unique=True))
    frame = desired(*wanted)
    return Night(
        frame,
        target(*held),
        delivered(*known, records=draw(st.sampled_from([frame, None]))),
        {one: "SRC_BAD_DATE" for one in IDS if fate[one] == "rejected"},
    )


@pytest.mark.requirement("SAFE-6")
@settings(max_examples=40, deadline=None)
@given(nights())
def test_every_record_has_one_outcome_and_carrying_it_out_gives_what_was_wanted(night: Night) -> None:
    plan = night.plan
    check_sums(plan, [*night.desired["source_id"], *night.rejected], night.target["target_id"])
    after = carry_out(plan, night.desired, night.target)

    sent = plan.loc[plan["outcome"].isin(SENT), "source_id"].tolist()
    kept = plan.loc[(plan["outcome"] == "rejected") & (plan["target_id"] != ""), "target_id"].tolist()
    wanted = night.desired[night.desired["source_id"].isin(sent)]
    stayed = night.target[night.target["target_id"].isin(kept)]
    assert records(after[after["source_id"].isin(sent) & ~after["target_id"].isin(kept)]) == records(wanted)
    assert records(after[after["target_id"].isin(kept)]) == records(stayed)
    assert len(after) == len(sent) + len(kept)


@pytest.mark.requirement("FMG-11")
@settings(max_examples=40, deadline=None)
@given(nights())
def test_no_address_is_there_twice_afterwards(night: Night) -> None:
    after = carry_out(night.plan, night.desired, night.target)
    keys = [email_key(one) for one in after["email"] if one]

    assert len(keys) == len(set(keys))


@pytest.mark.requirement("SAFE-5", "SAFE-8")
@settings(max_examples=40, deadline=None)
@given(nights())
def test_planning_again_afterwards_finds_nothing_to_do(night: Night) -> None:
    plan = night.plan
    after = carry_out(plan, night.desired, night.target)
    again = plan_entity(CONTACT, night.desired, after, night.delivered, night.rejected)

    assert set(again["outcome"]) <= {"unchanged", "rejected"}
    assert rejected(again) == rejected(plan)


@pytest.mark.requirement("SAFE-3")
@settings(max_examples=25, deadline=None)
@given(nights(), st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(night: Night, random: object) -> None:
    def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
        order = list(range(len(frame)))
        random.shuffle(order)  # type: ignore[attr-defined]
        return frame.iloc[order]

    other = Night(shuffled(night.desired), shuffled(night.target), shuffled(night.delivered), dict(reversed(night.rejected.items())))

    assert other.plan.equals(night.plan)
    assert plan_hash([other.plan.iloc[::-1]], {}) == plan_hash([night.plan], {})


@settings(max_examples=25, deadline=None)
@given(nights())
def test_what_was_delivered_before_explains_an_outcome_and_never_changes_it(night: Night) -> None:
    fresh = plan_entity(CONTACT, night.desired, night.target, delivered(), night.rejected)

    assert fresh.drop(columns="reason").equals(night.plan.drop(columns="reason"))


def records(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Records by source id with their fields; the order of groups means nothing."""
    fields = list(CONTACT.target_fields)
    sets = frame.assign(groups=[" ".join(sorted(one.split())) for one in frame["groups"]])
    return sorted(sets[["source_id", *fields]].itertuples(index=False, name=None))


def rejected(plan: pd.DataFrame) -> list[tuple[str, ...]]:
    chosen = plan[plan["outcome"] == "rejected"]
    return list(chosen[["source_id", "target_id", "reason"]].itertuples(index=False, name=None))
