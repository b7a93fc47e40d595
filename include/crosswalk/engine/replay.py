"""Backfill: the snapshot landed for a past night, held against today's rules; its report is new, the target stays today's (design §4)."""

from __future__ import annotations

import logging
from typing import Any

from crosswalk.engine.attempt import step
from crosswalk.engine.context import Run, Trigger
from crosswalk.landing.folder import MANIFEST
from crosswalk.landing.zone import LandingZone
from crosswalk.store.store import Store

log = logging.getLogger(__name__)


def landed_snapshot(store: Store, zone: LandingZone, integration: str, account: str, trigger: Trigger) -> int | None:
    """Find the snapshot landed for the trigger's data interval: the night's own, the delivered one, else the newest complete."""
    if trigger.interval_start is None or trigger.interval_end is None:
        return None
    rows = store.runs.of_interval(integration, account, trigger.dag_id, trigger.interval_start, trigger.interval_end)
    return next((row.key.snapshot for row in rows if zone.folder(row.key).exists(MANIFEST)), None)


def replay(run: Run) -> dict[str, Any]:
    """Take up what was landed; no vendor is asked. Returns counts for XCom. Raises DataError when it is not what was landed."""
    with step(run, "extract"):
        manifest = run.landed.manifest()
        looked_at = run.store.runs.find(manifest.key)
        if looked_at and looked_at.counts.get("left_out"):
            run.leave_out(looked_at.counts["left_out"])
        counts = run.store.runs.get(run.key).counts
        run.store.runs.update(run.key, counts={**counts, "source_totals": dict(manifest.source_totals)})
        log.info("run %s looks at snapshot %d again, taken %s", run.key, manifest.key.snapshot, manifest.taken_at)
        return {name: landed.rows for name, landed in manifest.entities.items()}
