"""From an Airflow connection of type emoney to a target. No work in the constructor, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from crosswalk.errors import CrosswalkError
from crosswalk.orchestration.connections import checked_http, read_connection

if TYPE_CHECKING:
    from crosswalk.systems.emoney.client import EmoneySettings
    from crosswalk.systems.emoney.target import EmoneyTarget


class EmoneyHook(BaseHook):
    """One firm in eMoney."""

    conn_name_attr = "conn_id"
    default_conn_name = "emoney_default"
    conn_type = "emoney"
    hook_name = "eMoney"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def settings(self) -> EmoneySettings:
        """Read and check the connection. Raises ConfigurationError with every problem found."""
        from crosswalk.systems.emoney.client import EmoneySettings

        required = ["api_key", "firm", "signin_url"]
        checked = checked_http(read_connection(self.conn_id), login=True, required=required, multiline_secret=True)
        options = {name: checked.extra[name] for name in ("key_id", "requests_per_minute") if name in checked.extra}
        return EmoneySettings(
            base_url=checked.base_url + checked.extra.get("path", ""),
            signin_url=checked.extra["signin_url"],
            client_id=checked.login,
            api_key=checked.extra["api_key"],
            private_key=checked.password,
            firm=checked.extra["firm"],
            allow_private_network=checked.allow_private_network,
            allowed_hosts=checked.allowed_hosts,
            name=checked.name,
            **options,
        )

    def get_target(self) -> EmoneyTarget:
        """Open the firm as a target; requests are counted in our store, with those of all other processes. Raises ConfigurationError."""
        from crosswalk.orchestration.resources import open_store
        from crosswalk.store.quotas import StoredQuota
        from crosswalk.systems.emoney.client import EmoneyClient
        from crosswalk.systems.emoney.target import EmoneyTarget
        from crosswalk.wire.quota import Quota

        settings = self.settings()
        budget = StoredQuota(open_store().engine, settings.name, Quota(settings.requests_per_minute))
        return EmoneyTarget(EmoneyClient(settings, budget))

    def test_connection(self) -> tuple[bool, str]:
        """Sign in and read the firm: whether key and certificate fit, which firm it is, and what it holds."""
        try:
            state = self.get_target().state()
        except CrosswalkError as error:
            return False, str(error)
        held = ", ".join(f"{number:,} {entity}" for entity, number in state.counts.items())
        return True, f"Signed in, and the firm is the one the connection names. It holds, by kind: {held}."
