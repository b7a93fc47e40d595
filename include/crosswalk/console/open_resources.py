"""The store and the landing zone as the console opens them: the API server lives long, so it keeps its connections to the store."""

from __future__ import annotations

from functools import lru_cache

from crosswalk.landing.zone import LandingZone
from crosswalk.orchestration.hooks.landing import LandingHook
from crosswalk.orchestration.hooks.store import StoreHook
from crosswalk.store.database import connect
from crosswalk.store.migrate import require_current
from crosswalk.store.store import Store


def open_store() -> Store:
    """Open the store behind `crosswalk_store`, as it is set up now. Raises as `StoreHook.store`."""
    return _store(StoreHook().url())


def open_landing() -> LandingZone:
    """Open the landing zone behind `crosswalk_landing`."""
    return LandingHook().zone()


@lru_cache(maxsize=2)
def _store(url: str) -> Store:
    engine = connect(url)
    require_current(engine)
    return Store(engine)
