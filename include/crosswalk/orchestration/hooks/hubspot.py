"""From an Airflow connection of type hubspot to a source. No work in the constructor, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from crosswalk.errors import CrosswalkError
from crosswalk.orchestration.connections import checked_http, read_connection

if TYPE_CHECKING:
    from crosswalk.systems.hubspot.client import HubSpotSettings
    from crosswalk.systems.hubspot.source import HubSpotSource


class HubSpotHook(BaseHook):
    """One HubSpot account, read only."""

    conn_name_attr = "conn_id"
    default_conn_name = "hubspot_default"
    conn_type = "hubspot"
    hook_name = "HubSpot"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def settings(self) -> HubSpotSettings:
        """Read and check the connection. Raises ConfigurationError with every problem found."""
        from crosswalk.systems.hubspot.client import DEFAULT_PATH, HubSpotSettings

        checked = checked_http(read_connection(self.conn_id), login=False, required=["portal"])
        options = {name: checked.extra[name] for name in ("requests_per_second",) if name in checked.extra}
        return HubSpotSettings(
            url=checked.base_url + checked.extra.get("path", DEFAULT_PATH),
            portal=checked.extra["portal"],
            token=checked.password,
            allow_private_network=checked.allow_private_network,
            allowed_hosts=checked.allowed_hosts,
            name=checked.name,
            **options,
        )

    def get_source(self) -> HubSpotSource:
        """Open the account as a source. Raises ConfigurationError."""
        from crosswalk.systems.hubspot.client import HubSpotClient
        from crosswalk.systems.hubspot.source import HubSpotSource

        return HubSpotSource(HubSpotClient(self.settings()))

    def test_connection(self) -> tuple[bool, str]:
        """Check the token's scopes, and rights and limits of every integration that reads from HubSpot."""
        from crosswalk.orchestration.connection_check import source_verdict

        try:
            source = self.get_source()
            source.require_right("reading the CRM")
            return True, source_verdict("hubspot", source, {})
        except CrosswalkError as error:
            return False, str(error)
