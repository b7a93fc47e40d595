"""The five steps of one account in one process, without a scheduler: for the benchmarks, the drills and the tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crosswalk.core.accounts import AccountSettings
from crosswalk.core.ports import Source, Target
from crosswalk.core.spec import IntegrationSpec
from crosswalk.landing.zone import LandingZone
from crosswalk.steps.approve import record_decision
from crosswalk.steps.context import Run, Trigger
from crosswalk.steps.extract import extract
from crosswalk.steps.load import load
from crosswalk.steps.transform import transform
from crosswalk.steps.validate import validate
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store

Approver = Callable[[Run], bool]


@dataclass(frozen=True)
class Account:
    """One account with everything its runs need."""

    settings: AccountSettings
    spec: IntegrationSpec
    store: Store
    zone: LandingZone
    source: Source
    target: Target

    def run(self, name: str, *, dry_run: bool = False, full_resync: bool = False, approve: Approver | None = None) -> RunRow:
        """Run all steps; a held plan is put to `approve`, and left waiting when there is none. Errors of a step are raised."""
        trigger = Trigger("in_process", name)
        run = Run.begin(self.settings, self.spec, self.store, self.zone, trigger, dry_run=dry_run, full_resync=full_resync)
        extract(run, self.source, self.target)
        validate(run)
        handle = transform(run)
        if handle["held"]:
            if approve is None:
                return self.store.runs.get(run.key)
            record_decision(run, approved=approve(run), plan_hash=handle["plan_hash"], by="in_process")
        load(run, self.target)
        return self.store.runs.get(run.key)
