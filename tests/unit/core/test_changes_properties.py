"""What holds of every plan, over generated sources and targets."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.core.converters import email_key
from crosswalk.core.plan import check_sums, plan_entity, plan_hash
from unit.core.planning import CONTACT, SENT, carry_out, delivered, desired, target

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


@pytest.mark.requirement("SAFE-5", "SAFE-6", "SAFE-8", "FMG-11")
@settings(max_examples=40, deadline=None)
@given(nights())
def test_a_plan_is_complete_has_the_effect_it_says_and_leaves_nothing_to_do(night: Night) -> None:
    plan = night.plan
    after = carry_out(plan, night.desired, night.target)

    check_sums(plan, [*night.desired["source_id"], *night.rejected], night.target["target_id"])
    assert_exactly_what_was_wanted_and_kept(night, plan, after)
    assert_no_address_is_there_twice(after)
    again = plan_entity(CONTACT, night.desired, after, night.delivered, night.rejected)
    assert set(again["outcome"]) <= {"unchanged", "rejected"}
    assert rejected(again) == rejected(plan)


@pytest.mark.requirement("SAFE-3")
@settings(max_examples=25, deadline=None)
@given(nights(), st.integers(0, 9))
def test_neither_order_nor_what_was_delivered_changes_an_outcome(night: Night, seed: int) -> None:
    plan = night.plan
    desired_, target_, delivered_ = (one.sample(frac=1, random_state=seed) for one in (night.desired, night.target, night.delivered))
    other = Night(desired_, target_, delivered_, dict(reversed(night.rejected.items()))).plan

    assert other.equals(plan)
    assert plan_hash([other.iloc[::-1]], {}) == plan_hash([plan], {})
    fresh = plan_entity(CONTACT, night.desired, night.target, delivered(), night.rejected)
    assert fresh.drop(columns="reason").equals(plan.drop(columns="reason"))


def assert_exactly_what_was_wanted_and_kept(night: Night, plan: pd.DataFrame, after: pd.DataFrame) -> None:
    sent = plan.loc[plan["outcome"].isin(SENT), "source_id"].tolist()
    kept = plan.loc[(plan["outcome"] == "rejected") & (plan["target_id"] != ""), "target_id"].tolist()
    assert records(after[~after["target_id"].isin(kept)]) == records(night.desired[night.desired["source_id"].isin(sent)])
    assert records(after[after["target_id"].isin(kept)]) == records(night.target[night.target["target_id"].isin(kept)])
    assert len(after) == len(sent) + len(kept)


def assert_no_address_is_there_twice(after: pd.DataFrame) -> None:
    keys = [email_key(one) for one in after["email"] if one]
    assert len(keys) == len(set(keys))


def records(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Records by source id with their fields; the order of groups means nothing."""
    fields = list(CONTACT.target_fields)
    sets = frame.assign(groups=[" ".join(sorted(one.split())) for one in frame["groups"]])
    return sorted(sets[["source_id", *fields]].itertuples(index=False, name=None))


def rejected(plan: pd.DataFrame) -> list[tuple[str, ...]]:
    chosen = plan[plan["outcome"] == "rejected"]
    return list(chosen[["source_id", "target_id", "reason"]].itertuples(index=False, name=None))
