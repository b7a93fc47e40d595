"""Run options: what an operator chose for records the target holds differently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from crosswalk.core.model import LEFT_AS_IS, Hold, Outcome
from crosswalk.engine.artifacts import ON_EXISTING
from crosswalk.engine.context import Run

ASK, UPDATE, LEAVE = "ask", "update", "leave"
"""Answers to whether records the target has otherwise are updated: a person is asked, yes, no."""

EXISTS = "CLIENT_EXISTS"


def answer_existing(run: Run, answer: str) -> None:
    """Answer in advance, before the plan is made."""
    ON_EXISTING.write(run.folder, answer)


def existing(run: Run) -> str:
    """Tell what becomes of records the target has otherwise; a run that was not told updates them."""
    return ON_EXISTING.find(run.folder) or UPDATE


def leave_as_is(plan: pd.DataFrame) -> pd.DataFrame:
    """Turn what a plan would update into "excluded"."""
    untouched = plan["outcome"] == Outcome.UPDATE.value
    return plan.assign(
        outcome=plan["outcome"].mask(untouched, Outcome.EXCLUDED.value),
        reason=plan["reason"].mask(untouched, LEFT_AS_IS),
        changed=plan["changed"].mask(untouched, ""),
        payload_hash=plan["payload_hash"].mask(untouched, ""),
    )


def asked_first(run: Run, plans: Iterable[pd.DataFrame]) -> Iterator[Hold]:
    """Hold plans that would update records until a person answered, when the run is to ask."""
    for plan in plans if existing(run) == ASK else ():
        updates = plan[plan["outcome"] == Outcome.UPDATE.value]
        if updates.empty:
            continue
        fields = sum(len(changed.split()) for changed in updates["changed"])
        found = f"{len(updates)} {updates['entity'].iloc[0]}(s) exist in the target and differ, in {fields} field(s)"
        yield Hold("CLIENT_EXISTS", found, "none updated without an answer")


def is_only_about_existing(holds: list[dict[str, str]]) -> bool:
    """Tell whether nothing but existing records holds a plan: the question is then Yes or No, and No lets the rest go on."""
    return bool(holds) and all(hold["code"] == EXISTS for hold in holds)
