"""What a person chose for one run: what becomes of records the target has otherwise, and which new ones are linked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from crosswalk.core.model import LEFT_AS_IS, Decided, Hold, Outcome
from crosswalk.engine.context import Run

ASK, UPDATE, LEAVE = "ask", "update", "leave"
"""Answers to whether records the target has otherwise are updated: a person is asked, yes, no."""

EXISTS = "CLIENT_EXISTS"
_EXISTING, _DECIDED = "existing.json", "decided.json"


def answer_existing(run: Run, answer: str) -> None:
    """Answer in advance, before the plan is made."""
    run.folder.write_bytes(_EXISTING, json.dumps(answer).encode())


def existing(run: Run) -> str:
    """Tell what becomes of records the target has otherwise; a run that was not told updates them."""
    return str(json.loads(run.folder.read_bytes(_EXISTING))) if run.folder.exists(_EXISTING) else UPDATE


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


def decide(run: Run, decided: Mapping[str, Decided], by: str) -> None:
    """Keep what is to be linked, by entity, and who decided it, before the plan is made."""
    run.folder.write_bytes(_DECIDED, json.dumps(decided, sort_keys=True).encode())
    linked = [
        {"entity": entity, "source_id": source_id, **link}
        for entity, ones in decided.items()
        for source_id, links in ones.items()
        for link in links
    ]
    details = {"snapshot": run.key.snapshot, "links": linked}
    run.store.audit.append("links decided", run.key.integration, run.key.account, by, details)


def decided(run: Run) -> dict[str, Decided]:
    """Read what is to be linked, by entity; {} when nobody decided anything."""
    return dict(json.loads(run.folder.read_bytes(_DECIDED))) if run.folder.exists(_DECIDED) else {}
