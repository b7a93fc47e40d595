"""Who wants no mail, at the moment it counts: not when the target was landed, but when it is written to (FMG-06)."""

from __future__ import annotations

import json

import pandas as pd

from crosswalk.core.converters import email_key
from crosswalk.core.ports import Target
from crosswalk.errors import DataError
from crosswalk.steps.context import Run

_FILE = "opted_out.json"


def note_opt_outs(run: Run, target: Target) -> None:
    """Keep who opted out until now: a plan may have waited for its answer, and a repeated load has to send the same."""
    unwanted = target.unwanted()
    found = {entity: frame.loc[_wanting_none(frame, unwanted), "target_id"].tolist() for entity, frame in _with_opt_outs(run).items()}
    run.folder.write_bytes(_FILE, json.dumps(found).encode())


def target_before(run: Run) -> dict[str, pd.DataFrame]:
    """Read the target as it was landed, with the opt-outs noted since."""
    noted = json.loads(run.folder.read_bytes(_FILE))
    frames = {entity.name: run.folder.read_entity(f"target_{entity.name}") for entity in run.spec.entities}
    for name, ids in noted.items():
        frame = frames[name]
        frames[name] = frame.assign(opted_out=frame["opted_out"].mask(frame["target_id"].isin(ids), "true"))
    return frames


def check_opt_outs(run: Run, target: Target, before: dict[str, pd.DataFrame], after: dict[str, pd.DataFrame]) -> None:
    """Raise DataError TGT_OPT_OUT_LOST when somebody who opted out, also in the last moment, is now mailed under another address."""
    unwanted = target.unwanted()
    for entity, frame in before.items():
        if "opted_out" not in frame:
            continue
        out = set(frame.loc[_wanting_none(frame, unwanted), "target_id"])
        now = after[entity]
        lost = now[now["target_id"].isin(out) & (now["opted_out"] != "true") & (now["email"] != "")]
        if len(lost):
            raise DataError(
                "TGT_OPT_OUT_LOST",
                doing=f"checking opt-outs of {run.key}",
                found=f"{len(lost)} contact(s) had opted out and no longer are, such as {lost['target_id'].iloc[0]}",
                fix="set the opt-out again in the target before anything is mailed, then clear load",
            )


def _with_opt_outs(run: Run) -> dict[str, pd.DataFrame]:
    frames = ((entity.name, run.folder.read_entity(f"target_{entity.name}")) for entity in run.spec.entities)
    return {name: frame for name, frame in frames if "opted_out" in frame}


def _wanting_none(frame: pd.DataFrame, unwanted: frozenset[str]) -> pd.Series[bool]:
    return (frame["opted_out"] == "true") | ((frame["email"] != "") & frame["email"].map(email_key).isin(unwanted))
