"""What both steps of a write-back hold in their hands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from crosswalk.core.account_settings import AccountSettings
from crosswalk.engine.context import BEAT_SECONDS, STEP_SECONDS
from crosswalk.features.writeback.cursors import Cursors, FeedLease
from crosswalk.features.writeback.outbox import Outbox
from crosswalk.features.writeback.ports import ActivityFeed, Notebook
from crosswalk.landing.zone import LandingZone
from crosswalk.store.store import Store

LEASE_SECONDS = STEP_SECONDS
"""How long a feed stays with a worker: longer than the longest answer, with its retries, between two beats."""


@dataclass(frozen=True)
class Writeback:
    """One account's activities. holder: names the worker to others that want the feed; a later attempt of the same takes over."""

    settings: AccountSettings
    store: Store
    zone: LandingZone
    feed: ActivityFeed
    notebook: Notebook
    holder: str

    @property
    def integration(self) -> str:
        return self.settings.integration

    @property
    def account(self) -> str:
        return self.settings.name

    @property
    def cursors(self) -> Cursors:
        return Cursors(self.store.engine, self.store.clock)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.store.engine, self.store.clock)

    @property
    def chosen(self) -> frozenset[str]:
        """The types of activity this account wants notes of (FMG-05)."""
        return frozenset(self.settings.options.get("activities", ()))

    def __str__(self) -> str:
        return f"{self.integration}/{self.account}"

    @contextmanager
    def leased(self) -> Iterator[FeedBeat]:
        """Hold the feed, of ends that are bound to the account. Raises Fenced ACCOUNT_BUSY, ConfigurationError CONN_….

        The binding is checked first: a note in another office would tell strangers about somebody.
        """
        self.store.bindings.bind(self.integration, self.account, self.notebook.identity(), self.feed.identity())
        lease = self.cursors.acquire(self.integration, self.account, self.holder, LEASE_SECONDS)
        try:
            yield FeedBeat(self.cursors, lease)
        finally:
            self.cursors.release(lease)


class FeedBeat:
    """Keeps the feed while work goes on; called before every request, it renews now and then."""

    def __init__(self, cursors: Cursors, lease: FeedLease) -> None:
        self.lease = lease
        self._cursors = cursors
        self._renewed = time.monotonic()

    def __call__(self) -> None:
        """Raise Fenced LEASE_LOST when another attempt or run has the feed by now."""
        if time.monotonic() - self._renewed > BEAT_SECONDS / 8:
            self._cursors.renew(self.lease, LEASE_SECONDS)
            self._renewed = time.monotonic()
