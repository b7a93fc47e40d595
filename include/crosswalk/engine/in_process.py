"""The steps of one account in one process, without a scheduler: for the command line, the benchmarks, the drills and the tests."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.model import FULL, UNDO, RunKey
from crosswalk.core.ports import Source, Target
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.engine.approve import answer
from crosswalk.engine.artifacts import CHOSEN_LINKS
from crosswalk.engine.context import Run, Trigger
from crosswalk.engine.extract import extract
from crosswalk.engine.load import load
from crosswalk.engine.replay import landed_snapshot, replay
from crosswalk.engine.retry import restrict, retried
from crosswalk.engine.run_options import UPDATE, answer_existing, existing
from crosswalk.engine.transform import is_held, transform
from crosswalk.engine.undo import undo
from crosswalk.engine.validate import validate
from crosswalk.landing.zone import LandingZone
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store

Approver = Callable[[Run], bool]
Interval = tuple[datetime, datetime]
IN_PROCESS = "in_process"
STEPS = ("extract", "validate", "transform", "approve", "load")


@dataclass(frozen=True)
class Account:
    """One account with everything its runs need. Errors of a step are raised."""

    settings: AccountSettings
    spec: IntegrationSpec
    store: Store
    zone: LandingZone
    source: Source
    target: Target

    def run(
        self,
        name: str,
        *,
        dry_run: bool = False,
        full_resync: bool = False,
        only: Collection[str] | None = None,
        narrow: Collection[str] | None = None,
        existing: str = UPDATE,
        prepare: Callable[[Run], None] | None = None,
        approve: Approver | None = None,
        interval: Interval | None = None,
    ) -> RunRow:
        """Run all steps; a held plan is put to `approve`, and left waiting when there is none.

        only: rejected source records to retry; nothing else is delivered. narrow: records to read, and nothing else. existing: whether
        records the target has otherwise are updated. prepare: called before anything is read. interval: the data interval, in UTC.
        """
        run = self._begin(_trigger(name, interval), dry_run=dry_run, mode=FULL if full_resync else "")
        if only is not None:
            restrict(run, only)
        if narrow is not None:
            run.narrow(narrow)
        answer_existing(run, existing)
        if prepare is not None:
            prepare(run)
        extract(run, self.source, self.target)
        return self._go_on(run, "validate", approve)

    def clear(self, key: RunKey, step: str, *, approve: Approver | None = None, full_resync: bool = False) -> RunRow:
        """Do `step` and those after it again, as clearing a task does; from "extract" on it is a run of its own.

        full_resync: what the run was asked for, which a first delivery does not show.
        """
        run = Run(key, self.settings, self.spec, self.store, self.zone)
        return self._again(run, approve, full_resync=full_resync) if step == "extract" else self._go_on(run, step, approve)

    def replay(self, name: str, interval: Interval) -> RunRow | None:
        """Do what a backfill does for a past interval; None when no snapshot was landed for it."""
        trigger = _trigger(name, interval)
        snapshot = landed_snapshot(self.store, self.zone, self.settings.integration, self.settings.name, trigger)
        if snapshot is None:
            return None
        run = self._begin(trigger, replays=snapshot)
        replay(run)
        return self._go_on(run, "validate", None)

    def undo(self, name: str, *, generation: int | None = None, dry_run: bool = False, by: str = IN_PROCESS) -> RunRow:
        """Put an earlier generation of the target back; None is the one before the present one."""
        run = self._begin(_trigger(name, None), dry_run=dry_run, mode=UNDO)
        undo(run, self.target, generation=generation, by=by)
        return self._go_on(run, "load", None)

    def _again(self, run: Run, approve: Approver | None, *, full_resync: bool) -> RunRow:
        row = self.store.runs.get(run.key)
        interval = (row.interval_start, row.interval_end) if row.interval_start and row.interval_end else None
        if row.replays is not None and interval:
            return self.replay(row.run_id, interval) or row
        if row.mode == UNDO:
            return row if row.delivered_at else self.undo(row.run_id, dry_run=row.dry_run, by=row.decided_by)
        full = full_resync or row.mode == FULL
        links = CHOSEN_LINKS.find(run.folder)
        chosen: dict[str, Any] = {"only": retried(run), "narrow": run.narrowed, "existing": existing(run)}
        chosen |= {"prepare": lambda again: CHOSEN_LINKS.write(again.folder, links)} if links else {}
        return self.run(row.run_id, dry_run=row.dry_run, full_resync=full, approve=approve, interval=interval, **chosen)

    def _begin(self, trigger: Trigger, *, dry_run: bool = False, mode: str = "", replays: int | None = None) -> Run:
        return Run.begin(self.settings, self.spec, self.store, self.zone, trigger, dry_run=dry_run, mode=mode, replays=replays)

    def _go_on(self, run: Run, step: str, approve: Approver | None) -> RunRow:
        steps = STEPS[STEPS.index(step) :]
        if "validate" in steps:
            validate(run)
        if "transform" in steps:
            transform(run)
        if "approve" in steps and is_held(run):
            if approve is None:
                return self.store.runs.get(run.key)
            row = self.store.runs.get(run.key)
            answer(run, yes=approve(run), plan_hash=row.plan_hash, by=IN_PROCESS)
        load(run, self.target, lambda: self.source)
        return self.store.runs.get(run.key)


def _trigger(name: str, interval: Interval | None) -> Trigger:
    start, end = interval or (None, None)
    return Trigger(IN_PROCESS, name, interval_start=start, interval_end=end)
