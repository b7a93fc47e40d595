"""What a target is told after a delivery: what was looked at, what is missing, what is new and waits."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from crosswalk.core.model import NOT_LINKED, UNDO, Outcome
from crosswalk.core.ports import Target
from crosswalk.core.spec.model import ANNOUNCE, EntitySpec
from crosswalk.engine.artifacts import ACCEPTED, FrameFile, JsonFile
from crosswalk.engine.context import Run
from crosswalk.engine.hooks import Beat
from crosswalk.engine.land import read_frame
from crosswalk.engine.results import DeliveryResult
from crosswalk.features.announcements.ports import LinkTarget, Waiting
from crosswalk.landing.folder import MANIFEST
from crosswalk.reports.run_report import LinkedRecord

log = logging.getLogger(__name__)

Ids = dict[str, list[str]]
"""Source ids by entity."""

LINKED = FrameFile("linked")
"""What is linked in the target: entity, source_id, target_id, refreshed_at, missing."""

ANNOUNCED = JsonFile[Ids]("announced.json", dict)
"""What was announced up to this run."""

NEW = JsonFile[Ids]("new.json", dict)
"""What this run announced first."""


def tell(run: Run, owners: Mapping[str, str], target: Target, result: DeliveryResult, beat: Beat) -> DeliveryResult:
    """Say what was looked at, flag what is missing, announce what is new; return the result with the target's frames as they are now.

    May be repeated. A target that knows no links is told nothing, nor any target by an undo.
    """
    entities = [entity for entity in run.spec.entities if entity.on_new == ANNOUNCE]
    if not entities or not isinstance(target, LinkTarget):
        return result
    if run.store.runs.get(run.key).mode == UNDO:  # it read no source
        ANNOUNCED.write(run.folder, _before(run))
        return result
    refused = 0
    for entity in entities:
        rows = result.plan[result.plan["entity"] == entity.name]
        refused += target.looked_at(entity.name, _there(rows), _newly_missing(rows, result.after[entity.name]), str(run.key.snapshot))
        beat()
    if refused:
        log.warning("run %s: %d linked record(s) changed meanwhile; the next run looks at them again", run.key, refused)
    _announce(run, owners, target, result.plan, entities)
    after = {entity.name: read_frame(run, "target", entity, target.pages, beat) for entity in entities}
    _keep(run, after)
    return replace(result, after={**result.after, **after})


def waiting(run: Run, entity: EntitySpec, owner_field: str, source_ids: frozenset[str]) -> list[Waiting]:
    """Describe accepted records as they would be linked."""
    accepted = ACCEPTED.of(entity.name).read(run.folder)
    owners = accepted.set_index("source_id")[owner_field]
    mapped = entity.mapping.apply(accepted).frame
    rows = mapped[mapped["source_id"].isin(source_ids)].to_dict("records")
    return [
        Waiting(entity.name, row["source_id"], tuple(owners[row["source_id"]].split()), {name: row[name] for name in entity.target_fields})
        for row in rows
    ]


def _announce(run: Run, owners: Mapping[str, str], target: LinkTarget, plan: pd.DataFrame, entities: list[EntitySpec]) -> None:
    before, known, new = _before(run), {}, {}
    for entity in entities:
        rows = plan[plan["entity"] == entity.name]
        open_ids = set(rows.loc[rows["reason"] == NOT_LINKED, "source_id"])
        kept = {one for one in before.get(entity.name, []) if one in open_ids or one not in set(rows["source_id"])}
        told = target.announce(waiting(run, entity, owners[entity.name], frozenset(open_ids - kept)))
        known[entity.name], new[entity.name] = sorted(kept | told), sorted(told)
    for name in before.keys() - known.keys():  # left out tonight
        known[name] = before[name]
    ANNOUNCED.write(run.folder, known)
    NEW.write(run.folder, new)


def _before(run: Run) -> Ids:
    """What the last delivered run knew to be announced; {} when its data is gone: announcing again does no harm."""
    last = run.store.runs.last_delivered(run.key.integration, run.key.account)
    if last is None:
        return {}
    folder = run.zone.folder(last.key)
    return (ANNOUNCED.find(folder) or {}) if folder.exists(MANIFEST) else {}


def _there(rows: pd.DataFrame) -> list[str]:
    return rows.loc[rows["outcome"] == Outcome.UNCHANGED.value, "target_id"].tolist()


def _newly_missing(rows: pd.DataFrame, held: pd.DataFrame) -> list[str]:
    gone = rows.loc[rows["outcome"] == Outcome.FROZEN.value, "target_id"]
    return held.loc[held["target_id"].isin(gone) & (held["missing"] == ""), "target_id"].tolist()


def _keep(run: Run, after: dict[str, pd.DataFrame]) -> None:
    columns = ["entity", "source_id", "target_id", "refreshed_at", "missing"]
    frames = [frame.assign(entity=name)[columns] for name, frame in after.items()]
    LINKED.write(run.folder, pd.concat(frames, ignore_index=True))


def linked_records(run: Run) -> Iterator[LinkedRecord]:
    """List what is linked, as the target has it."""
    if LINKED.exists(run.folder):
        frame = LINKED.read(run.folder)
        rows = frame[frame["source_id"] != ""].sort_values(["entity", "source_id"])
        for entity, source_id, target_id, refreshed_at, missing in rows.itertuples(index=False, name=None):
            yield LinkedRecord(entity, source_id, target_id, refreshed_at, missing == "true")
