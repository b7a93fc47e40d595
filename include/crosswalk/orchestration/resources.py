"""What a run opens through Airflow's connections: store, landing zone, and the hooks of an account's source and target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk.core.spec.model import BUSINESS
from crosswalk.orchestration.hooks.classes import hook_class
from crosswalk.orchestration.hooks.landing import LandingHook
from crosswalk.orchestration.hooks.store import StoreHook

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from crosswalk.core.account_settings import AccountSettings
    from crosswalk.landing.zone import LandingZone
    from crosswalk.orchestration.hooks.base import SystemHook
    from crosswalk.store.store import Store


def store_engine() -> Engine:
    """Connect to the database behind `crosswalk_store`, migrated or not."""
    return StoreHook().engine()


def open_store() -> Store:
    """Open the store behind `crosswalk_store`."""
    return StoreHook().store()


def open_landing() -> LandingZone:
    """Open the landing zone behind `crosswalk_landing`."""
    return LandingHook().zone()


def source_hook(system: str, account: AccountSettings) -> SystemHook:
    """Return the hook of an account's source, which is of that system."""
    return hook_for(system, account.source, account.options.get(BUSINESS))


def target_hook(system: str, account: AccountSettings) -> SystemHook:
    """Return the hook of an account's target, which is of that system."""
    return hook_for(system, account.target, account.options.get(BUSINESS))


def hook_for(system: str, conn_id: str, business: str | None = None) -> SystemHook:
    """Return the hook of a system. business: see SystemHook."""
    return hook_class(system)(conn_id, business)
