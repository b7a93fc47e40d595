"""The store as the steps see it: one object, a part for each family of tables."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Engine

from crosswalk.features.inbound_files.file_log import Files
from crosswalk.features.linking.decision_log import Decisions
from crosswalk.features.optouts.suppressions import Suppressions
from crosswalk.features.tenancy.business_log import ProvisionedBusinesses
from crosswalk.features.writeback.cursors import Feeds
from crosswalk.features.writeback.outbox import Outbox
from crosswalk.store.account_status import Standings
from crosswalk.store.audit import Audit
from crosswalk.store.bindings import Bindings
from crosswalk.store.leases import Leases
from crosswalk.store.ledger import Ledger
from crosswalk.store.rejected import Rejected
from crosswalk.store.runs import Runs


class Store:
    """Everything Crosswalk remembers. Thread-safe; each call is one transaction of its own.

    Database failures leave as TransientError STORE_UNAVAILABLE, ConfigurationError STORE_REFUSED or STORE_NOT_MIGRATED.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self.bindings = Bindings(engine)
        self.runs = Runs(engine)
        self.leases = Leases(engine, clock)
        self.ledger = Ledger(engine)
        self.rejected = Rejected(engine)
        self.files = Files(engine)
        self.feeds = Feeds(engine, clock)
        self.outbox = Outbox(engine, clock)
        self.suppressions = Suppressions(engine)
        self.decisions = Decisions(engine)
        self.businesses = ProvisionedBusinesses(engine)
        self.audit = Audit(engine)
        self.standings = Standings(engine)
