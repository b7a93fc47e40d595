"""What every step of one run holds in its hands, and what happens to a run when a step ends or fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from crosswalk.core.accounts import AccountSettings
from crosswalk.core.model import RunKey, RunStatus
from crosswalk.core.spec import IntegrationSpec
from crosswalk.errors import CrosswalkError
from crosswalk.landing.folder import Folder
from crosswalk.landing.zone import LandingZone
from crosswalk.store.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trigger:
    """Who started the run: the scheduler's names, or the command line's. Intervals are UTC instants, None when there is none."""

    dag_id: str
    run_id: str
    map_index: int = -1
    try_number: int = 1
    interval_start: datetime | None = None
    interval_end: datetime | None = None


@dataclass
class Run:
    """One run of one account."""

    key: RunKey
    settings: AccountSettings
    spec: IntegrationSpec
    store: Store
    zone: LandingZone

    @classmethod
    def begin(
        cls,
        settings: AccountSettings,
        spec: IntegrationSpec,
        store: Store,
        zone: LandingZone,
        trigger: Trigger,
        *,
        dry_run: bool = False,
        full_resync: bool = False,
    ) -> Run:
        """Take the account's next snapshot number. Every extract, also a repeated one, begins a run of its own."""
        key = store.runs.begin(
            settings.integration,
            settings.name,
            dag_id=trigger.dag_id,
            run_id=trigger.run_id,
            map_index=trigger.map_index,
            try_number=trigger.try_number,
            interval_start=trigger.interval_start,
            interval_end=trigger.interval_end,
            dry_run=dry_run,
            settings_digest=settings.digest,
        )
        if full_resync:
            store.runs.update(key, mode="full")
        log.info("run %s begins: %s %s", key, trigger.dag_id, trigger.run_id)
        return cls(key, settings, spec, store, zone)

    @property
    def folder(self) -> Folder:
        """The snapshot's data: personal, kept for a short time."""
        return self.zone.folder(self.key)

    @property
    def report_folder(self) -> Folder:
        """The run's report: no personal data, kept."""
        return self.zone.report_folder(self.key)

    @property
    def holder(self) -> str:
        """Names this run to others that want the account."""
        row = self.store.runs.get(self.key)
        return f"{row.dag_id} {row.run_id} snapshot {self.key.snapshot}"

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step, write its failure to the run and publish the report whatever happened."""
        from crosswalk.steps.report import publish

        started = time.perf_counter()
        try:
            yield
        except CrosswalkError as error:
            self._note(name, started)
            self.store.runs.update(
                self.key, status=RunStatus.FAILED, error_code=error.code, error_text=str(error), ended_at=datetime.now(UTC)
            )
            log.error("run %s, %s: %s", self.key, name, error)
            publish(self, name)
            raise
        self._note(name, started)
        publish(self, name)

    def _note(self, name: str, started: float) -> None:
        seconds = round(time.perf_counter() - started, 3)
        row = self.store.runs.get(self.key)
        self.store.runs.update(self.key, durations={**row.durations, name: seconds})
        log.info("run %s, %s took %.1f s", self.key, name, seconds)
