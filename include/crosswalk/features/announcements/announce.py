"""What a target that people link records in is told after a delivery: what was looked at, what is missing, what is new and waits."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pandas as pd

from crosswalk.core.capabilities import LinkTarget, Paced, Waiting
from crosswalk.core.model import NOT_LINKED, UNDO, Outcome
from crosswalk.core.ports import Target
from crosswalk.core.spec.model import ANNOUNCE, EntitySpec
from crosswalk.engine.context import Run
from crosswalk.engine.deliver import Delivered
from crosswalk.engine.land import Beat, read_frame
from crosswalk.landing.folder import MANIFEST

log = logging.getLogger(__name__)

LINKED = "linked"
"""Frame of what is linked: entity, source_id, target_id, refreshed_at, missing."""

_ANNOUNCED = "announced.json"
_NEW = "new.json"

Ids = dict[str, list[str]]
"""Source ids by entity."""


def tell(run: Run, target: Target, delivered: Delivered, beat: Beat) -> Delivered:
    """Say what was looked at, flag what is missing, announce what is new; return the delivery with the target's frames as they are now.

    May be repeated. A target that knows no links is told nothing, nor any target by an undo.
    """
    entities = [entity for entity in run.spec.entities if entity.new == ANNOUNCE]
    if not entities or not isinstance(target, LinkTarget):
        return delivered
    if run.store.runs.get(run.key).mode == UNDO:  # it read no source
        run.folder.write_bytes(_ANNOUNCED, json.dumps(_before(run)).encode())
        return delivered
    refused = 0
    for entity in entities:
        rows = delivered.plan[delivered.plan["entity"] == entity.name]
        refused += target.looked_at(entity.name, _there(rows), _newly_missing(rows, delivered.after[entity.name]), str(run.key.snapshot))
        beat()
    if refused:
        log.warning("run %s: %d linked record(s) changed meanwhile; the next run looks at them again", run.key, refused)
    _announce(run, target, delivered.plan, entities)
    after = {entity.name: read_frame(run, "target", entity, target.pages, beat) for entity in entities}
    _keep(run, after)
    return replace(delivered, after={**delivered.after, **after})


def announced(run: Run) -> Ids:
    """Read what was announced up to this run, by entity."""
    return _read(run, _ANNOUNCED)


def newly_announced(run: Run) -> Ids:
    """Read what this run announced first, by entity."""
    return _read(run, _NEW)


def full_load_seconds(run: Run, target: Target, delivered: Delivered) -> float | None:
    """Estimate how long sending everything again would take under the target's limit; None when it names none."""
    if not isinstance(target, Paced):
        return None
    held = {entity.name: int((delivered.after[entity.name]["source_id"] != "").sum()) for entity in run.spec.entities}
    return round(sum(target.seconds_for(name, records) for name, records in held.items()), 1)


def waiting(run: Run, entity: EntitySpec, source_ids: frozenset[str]) -> list[Waiting]:
    """Describe accepted records as they would be linked."""
    owners = run.folder.read_frame(f"accepted_{entity.name}").set_index("source_id")[entity.belongs_to]
    mapped = entity.mapping.apply(run.folder.read_frame(f"accepted_{entity.name}")).frame
    rows = mapped[mapped["source_id"].isin(source_ids)].to_dict("records")
    return [
        Waiting(entity.name, row["source_id"], tuple(owners[row["source_id"]].split()), {name: row[name] for name in entity.target_fields})
        for row in rows
    ]


def _announce(run: Run, target: LinkTarget, plan: pd.DataFrame, entities: list[EntitySpec]) -> None:
    before, known, new = _before(run), {}, {}
    for entity in entities:
        rows = plan[plan["entity"] == entity.name]
        open_ids = set(rows.loc[rows["reason"] == NOT_LINKED, "source_id"])
        kept = {one for one in before.get(entity.name, []) if one in open_ids or one not in set(rows["source_id"])}
        told = target.announce(waiting(run, entity, frozenset(open_ids - kept)))
        known[entity.name], new[entity.name] = sorted(kept | told), sorted(told)
    for name in before.keys() - known.keys():  # left out tonight
        known[name] = before[name]
    run.folder.write_bytes(_ANNOUNCED, json.dumps(known).encode())
    run.folder.write_bytes(_NEW, json.dumps(new).encode())


def _before(run: Run) -> Ids:
    """What the last delivered run knew to be announced; {} when its data is gone: announcing again does no harm."""
    last = run.store.runs.last_delivered(run.key.integration, run.key.account)
    if last is None:
        return {}
    folder = run.zone.folder(last.key)
    return dict(json.loads(folder.read_bytes(_ANNOUNCED))) if folder.exists(MANIFEST) and folder.exists(_ANNOUNCED) else {}


def _there(rows: pd.DataFrame) -> list[str]:
    return rows.loc[rows["outcome"] == Outcome.UNCHANGED.value, "target_id"].tolist()


def _newly_missing(rows: pd.DataFrame, held: pd.DataFrame) -> list[str]:
    gone = rows.loc[rows["outcome"] == Outcome.FROZEN.value, "target_id"]
    return held.loc[held["target_id"].isin(gone) & (held["missing"] == ""), "target_id"].tolist()


def _keep(run: Run, after: dict[str, pd.DataFrame]) -> None:
    columns = ["entity", "source_id", "target_id", "refreshed_at", "missing"]
    frames = [frame.assign(entity=name)[columns] for name, frame in after.items()]
    run.folder.write_frame(LINKED, pd.concat(frames, ignore_index=True))


def _read(run: Run, name: str) -> Ids:
    return dict(json.loads(run.folder.read_bytes(name))) if run.folder.exists(name) else {}
