"""The engine's store: one object with one repository per family of tables."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Engine

from crosswalk.store.account_status import Standings
from crosswalk.store.audit import Audit
from crosswalk.store.bindings import Bindings
from crosswalk.store.leases import Leases
from crosswalk.store.ledger import Ledger
from crosswalk.store.rejected import Rejected
from crosswalk.store.runs import Runs


class Store:
    """What the engine remembers. Thread-safe; each call is one transaction.

    Features build their repositories from `engine` and `clock` (seconds since 1970), so that the store knows no feature.

    Database failures leave as TransientError STORE_UNAVAILABLE, ConfigurationError STORE_REFUSED or STORE_NOT_MIGRATED.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self.clock = clock
        self.bindings = Bindings(engine)
        self.runs = Runs(engine)
        self.leases = Leases(engine, clock)
        self.ledger = Ledger(engine)
        self.rejected = Rejected(engine)
        self.audit = Audit(engine)
        self.standings = Standings(engine)
