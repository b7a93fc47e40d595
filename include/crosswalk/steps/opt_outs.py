"""Who wants no mail, at the moment it counts: not when the target was landed, but when it is written to (FMG-06)."""

from __future__ import annotations

import json

import pandas as pd

from crosswalk.core.converters import email_key
from crosswalk.core.ports import Target
from crosswalk.errors import DataError
from crosswalk.steps.context import Run

_FILE = "opted_out.json"


Frames = dict[str, pd.DataFrame]
"""The target's frames by entity."""


def note_opt_outs(run: Run, target: Target, before: Frames) -> None:
    """Keep who opted out until now: a plan may have waited for its answer, and a repeated load has to send the same."""
    unwanted = target.unwanted()
    frames = {name: frame for name, frame in before.items() if "opted_out" in frame}
    found = {name: frame.loc[_wanting_none(frame, unwanted), "target_id"].tolist() for name, frame in frames.items()}
    run.folder.write_bytes(_FILE, json.dumps(found).encode())


def with_noted(run: Run, before: Frames) -> Frames:
    """Return the target as it was landed, with the opt-outs noted since."""
    noted = json.loads(run.folder.read_bytes(_FILE))
    marked = {}
    for name, ids in noted.items():
        frame = before[name]
        marked[name] = frame.assign(opted_out=frame["opted_out"].mask(frame["target_id"].isin(ids), "true"))
    return before | marked


def check_opt_outs(run: Run, target: Target, before: Frames, after: Frames) -> None:
    """Raise DataError TGT_OPT_OUT_LOST when somebody who opted out, also in the last moment, is now mailed under another address.

    An address that wants no mail because this delivery took somebody's wish along to it says nothing of who had it before.
    """
    unwanted = target.unwanted()
    for entity, frame in before.items():
        if "opted_out" not in frame:
            continue
        now, known = after[entity], set(frame.loc[frame["opted_out"] == "true", "target_id"])
        known |= set(now.loc[now["source_id"].isin(former_opt_outs(run, entity)), "target_id"])
        taken_along = set(now.loc[now["target_id"].isin(known), "email"].map(email_key))
        out = known | set(frame.loc[_wanting_none(frame, unwanted - taken_along), "target_id"])
        lost = now[now["target_id"].isin(out) & (now["opted_out"] != "true") & (now["email"] != "")]
        if len(lost):
            raise DataError(
                "TGT_OPT_OUT_LOST",
                doing=f"checking opt-outs of {run.key}",
                found=f"{len(lost)} contact(s) had opted out and no longer are, such as {lost['target_id'].iloc[0]}",
                fix="set the opt-out again in the target before anything is mailed, then clear load",
            )


def former_opt_outs(run: Run, entity: str) -> frozenset[str]:
    """Source ids of records that left the list opted out: that still holds when they come back, whatever their address is then."""
    former = run.store.ledger.former(run.key.integration, run.key.account, entity)
    return frozenset(former.loc[former["opted_out"], "source_id"])


def _wanting_none(frame: pd.DataFrame, unwanted: frozenset[str]) -> pd.Series[bool]:
    return (frame["opted_out"] == "true") | ((frame["email"] != "") & frame["email"].map(email_key).isin(unwanted))
