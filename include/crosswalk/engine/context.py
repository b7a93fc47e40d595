"""Run: state shared by all steps of one run of one account, and its hold on the account."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.model import RunKey, RunStatus
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.engine.artifacts import RECORD_FILTER
from crosswalk.landing.folder import Folder
from crosswalk.landing.zone import LandingZone
from crosswalk.store.leases import Lease
from crosswalk.store.store import Store

log = logging.getLogger(__name__)

BEAT_SECONDS = 120
"""How long the account stays with a step that tells of itself after every page and every batch."""

STEP_SECONDS = 900
"""How long it stays with a step that does not, and with a run whose next step waits for a worker."""


@dataclass(frozen=True)
class Trigger:
    """Who started the run: the scheduler's names, or the command line's. Intervals are UTC instants, None when there is none."""

    dag_id: str
    run_id: str
    map_index: int = -1
    try_number: int = 1
    interval_start: datetime | None = None
    interval_end: datetime | None = None


class Heartbeat:
    """Keeps a lease while work goes on; called after every page and batch, it renews now and then."""

    def __init__(self, store: Store, lease: Lease) -> None:
        self.lease = lease
        self._store = store
        self._renewed = time.monotonic()

    def __call__(self) -> None:
        """Raise Fenced LEASE_LOST when another attempt or run has the account by now."""
        if time.monotonic() - self._renewed > BEAT_SECONDS / 8:
            self.renew(BEAT_SECONDS)

    def renew(self, seconds: float) -> None:
        """Keep the account for one long call. Raises as a beat does."""
        self._store.leases.renew(self.lease, seconds)
        self._renewed = time.monotonic()


@dataclass
class Run:
    """One run of one account."""

    key: RunKey
    settings: AccountSettings
    spec: IntegrationSpec
    store: Store
    zone: LandingZone

    def __post_init__(self) -> None:
        row = self.store.runs.find(self.key)
        if row and row.counts.get("left_out"):
            self.spec = self.spec.without(row.counts["left_out"])

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
        mode: str = "",
        replays: int | None = None,
    ) -> Run:
        """Take the account's next snapshot number. Every extract, also a repeated one, begins a run of its own.

        mode: "full" or "undo"; blank: transform chooses. replays: a backfill's snapshot; nothing is written then.
        """
        key = store.runs.begin(
            settings.integration,
            settings.name,
            dag_id=trigger.dag_id,
            run_id=trigger.run_id,
            map_index=trigger.map_index,
            try_number=trigger.try_number,
            interval_start=trigger.interval_start,
            interval_end=trigger.interval_end,
            dry_run=dry_run or replays is not None,
            settings_digest=settings.digest,
            replays=replays,
        )
        if mode:
            store.runs.update(key, mode=mode)
        log.info("run %s begins: %s %s", key, trigger.dag_id, trigger.run_id)
        return cls(key, settings, spec, store, zone)

    @property
    def folder(self) -> Folder:
        """What the run worked out: personal, kept for a short time."""
        return self.zone.folder(self.key)

    @property
    def landed(self) -> Folder:
        """What source and target held: the run's own folder, for a backfill that of the snapshot it looks at again."""
        replays = self.store.runs.get(self.key).replays
        return self.folder if replays is None else self.zone.folder(replace(self.key, snapshot=replays))

    def narrow(self, wanted: Collection[str]) -> None:
        """Let the run read and deliver only these source records, by id. Before anything is read."""
        RECORD_FILTER.write(self.folder, tuple(wanted))

    @property
    def narrowed(self) -> tuple[str, ...] | None:
        """The source records the run was asked for; None: all in the account's scope."""
        return RECORD_FILTER.find(self.folder)

    def leave_out(self, entities: Collection[str]) -> None:
        """Go on without these entities, as every later step of the run does."""
        self.spec = self.spec.without(entities)
        counts = self.store.runs.get(self.key).counts
        self.store.runs.update(self.key, counts={**counts, "left_out": sorted(entities)})

    @property
    def scope(self) -> tuple[str, ...] | None:
        """What is read of the source."""
        return self.settings.scope if self.narrowed is None else self.narrowed

    @property
    def report_folder(self) -> Folder:
        """The run's report: no personal data, kept."""
        return self.zone.report_folder(self.key)

    @property
    def holder(self) -> str:
        """Names this run to others that want the account."""
        row = self.store.runs.get(self.key)
        return f"{row.dag_id} {row.run_id}"

    @contextmanager
    def leased(self, seconds: float = STEP_SECONDS) -> Iterator[Heartbeat]:
        """Hold the account while a step works, and on to the next step while the run is under way (SAFE-4).

        Raises Fenced ACCOUNT_BUSY or STALE_SNAPSHOT.
        """
        lease, worked = self.store.leases.acquire(self.key, self.holder, seconds), False
        try:
            yield Heartbeat(self.store, lease)
            worked = True
        finally:
            if worked and self.store.runs.get(self.key).status is RunStatus.RUNNING:
                self.store.leases.renew(lease, STEP_SECONDS)
            else:
                self.store.leases.release(lease)

    @property
    def backfill(self) -> bool:
        """Whether the run re-validates what was landed for a past night, and writes nothing."""
        return self.store.runs.get(self.key).replays is not None

    def working(self) -> AbstractContextManager[Any]:
        """Hold the account as `leased`, but for a run that cannot write any more: delivered already, or a backfill."""
        row = self.store.runs.get(self.key)
        return nullcontext() if row.delivered_at is not None or row.replays is not None else self.leased()
