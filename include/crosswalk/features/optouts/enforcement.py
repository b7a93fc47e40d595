"""What opt-outs do in a run: kept up as a load begins, carried into the plan, checked after the delivery."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pandas as pd

from crosswalk.core.converters import email_key
from crosswalk.core.model import Outcome
from crosswalk.core.ports import Target
from crosswalk.engine.artifacts import JsonFile
from crosswalk.engine.context import Run
from crosswalk.engine.operations import FLAG_ONLY
from crosswalk.engine.results import Frames
from crosswalk.errors import DataError
from crosswalk.features.optouts.suppression_list import SuppressionList
from crosswalk.features.optouts.suppressions import Suppressions

SUPPRESSED = JsonFile[frozenset[str]]("suppressed.json", frozenset, sorted)
"""Keys of the suppression list as it was when the load began: a repeated load has to send the same."""


def note_opt_outs(run: Run, target: Target, before: Frames) -> None:
    """Put everybody on the suppression list who opted out until now, and keep it as it is: a repeated load has to send the same."""
    people = Suppressions(run.store.engine).read(run.key.integration, run.key.account)
    found = _add(run, people, before, target.unwanted())
    SUPPRESSED.write(run.folder, people.keys | found.keys)


def suppressed(run: Run) -> SuppressionList:
    """Give the suppression list as it was when the load began."""
    return SuppressionList(run.key.integration, run.key.account, SUPPRESSED.read(run.folder))


def with_opt_outs(run: Run, plan: pd.DataFrame, target: pd.DataFrame) -> pd.DataFrame:
    """Let the plan carry an opt-out over to records that are mailed although their person opted out, and are else as they should be."""
    people = Suppressions(run.store.engine).read(run.key.integration, run.key.account)
    if "opted_out" not in target or not people:
        return plan
    mailed = _mailed(target, people)
    late = (plan["outcome"] == Outcome.UNCHANGED.value) & plan["target_id"].isin(mailed["target_id"])
    return plan.assign(
        outcome=plan["outcome"].mask(late, Outcome.UPDATE.value),
        reason=plan["reason"].mask(late, FLAG_ONLY),
        changed=plan["changed"].mask(late, "opted_out"),
    )


def check_opt_outs(run: Run, target: Target, before: Frames, after: Frames) -> None:
    """Raise DataError TGT_OPT_OUT_LOST when somebody who opted out, also in the last moment, is mailed by what this load did.

    An address that wants no mail because this delivery took somebody's wish along to it says nothing of who had it before.
    """
    unwanted, noted = target.unwanted(), suppressed(run)
    people = noted.among(noted.keys | _add(run, noted, before, unwanted, _taken_along(after, noted)).keys)
    for entity, frame in before.items():
        if "opted_out" not in frame:
            continue
        lost = _mailed(after[entity], people)
        lost = lost[~lost["target_id"].isin(_mailed_before(frame, unwanted, after[entity]))]
        if len(lost):
            raise DataError(
                "TGT_OPT_OUT_LOST",
                operation=f"checking opt-outs of {run.key}",
                problem=f"{len(lost)} contact(s) had opted out and no longer are, such as {lost['target_id'].iloc[0]}",
            )


def _add(
    run: Run, people: SuppressionList, frames: Frames, unwanted: frozenset[str], taken_along: frozenset[str] = frozenset()
) -> SuppressionList:
    found = people.among(set(_keys(people, frames, unwanted, taken_along)) - people.keys)
    Suppressions(run.store.engine).add(found, "target", datetime.now(UTC))
    return found


def _taken_along(after: Frames, noted: SuppressionList) -> frozenset[str]:
    """Addresses to which a wish came along with its person, not by themselves."""
    frames = [frame for frame in after.values() if "opted_out" in frame]
    people = (one for frame in frames for one in zip(frame["source_id"], frame["target_id"], frame["email"], strict=True))
    return frozenset(email_key(email) for source, target, email in people if email and noted.holds(source_id=source, target_id=target))


def _keys(people: SuppressionList, frames: Frames, unwanted: frozenset[str], taken_along: frozenset[str]) -> Iterator[str]:
    for address in unwanted:
        yield from people.keys_of(email=address)
    for frame in frames.values():
        if "opted_out" in frame:
            rows = frame[_wanting_none(frame, unwanted - taken_along)]
            for source_id, target_id, email in zip(rows["source_id"], rows["target_id"], rows["email"], strict=True):
                yield from people.keys_of(source_id=source_id, target_id=target_id, email=email)


def _mailed(frame: pd.DataFrame, people: SuppressionList) -> pd.DataFrame:
    """Rows of people who opted out and may be mailed all the same."""
    rows = frame[(frame["opted_out"] != "true") & (frame["email"] != "")]
    ids = zip(rows["source_id"], rows["target_id"], rows["email"], strict=True)
    held = [people.holds(source_id=source_id, target_id=target_id, email=email) for source_id, target_id, email in ids]
    return rows[pd.Series(held, index=rows.index, dtype="bool")]


def _mailed_before(frame: pd.DataFrame, unwanted: frozenset[str], after: pd.DataFrame) -> pd.Series[str]:
    """Records that could be mailed under the same address before: what was not sent, as a rejected record is not, was not made worse."""
    mailed = frame.loc[~_wanting_none(frame, unwanted), ["target_id", "email"]]
    return mailed.merge(after[["target_id", "email"]], on=["target_id", "email"])["target_id"]


def _wanting_none(frame: pd.DataFrame, unwanted: frozenset[str]) -> pd.Series[bool]:
    return (frame["opted_out"] == "true") | ((frame["email"] != "") & frame["email"].map(email_key).isin(unwanted))
