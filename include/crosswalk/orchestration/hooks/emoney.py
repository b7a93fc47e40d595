"""eMoney behind an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk.orchestration.hooks.base import SystemHook

if TYPE_CHECKING:
    from crosswalk.systems.emoney.target import EmoneyTarget


class EmoneyHook(SystemHook):
    """One firm in eMoney."""

    conn_type = "emoney"
    hook_name = "eMoney"
    default_conn_name = "emoney_default"

    def get_target(self) -> EmoneyTarget:
        """Open the firm as a target; its requests are counted in the store, with those of all other processes."""
        from crosswalk.orchestration.hooks.store import StoreHook
        from crosswalk.store.quotas import StoredQuota
        from crosswalk.systems.emoney.system import target
        from crosswalk.wire.quota import Quota

        settings = self.settings()
        return target(settings, StoredQuota(StoreHook().store().engine, settings.name, Quota(settings["requests_per_minute"])))

    def check(self) -> str:
        """Sign in and read the firm: whether key and certificate fit, which firm it is, and what it holds."""
        from crosswalk.orchestration.connection_check import emoney_verdict

        return emoney_verdict(self.get_target())
