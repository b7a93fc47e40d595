"""From an Airflow connection of type connectwise to a source. No work in the constructor, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from crosswalk.errors import CrosswalkError
from crosswalk.orchestration.connections import checked_http, read_connection

if TYPE_CHECKING:
    from crosswalk.systems.connectwise.client import ConnectWiseSettings
    from crosswalk.systems.connectwise.source import ConnectWiseSource

OPTIONS = ("page_size", "requests_per_second")


class ConnectWiseHook(BaseHook):
    """One ConnectWise company."""

    conn_name_attr = "conn_id"
    default_conn_name = "connectwise_default"
    conn_type = "connectwise"
    hook_name = "ConnectWise"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def settings(self) -> ConnectWiseSettings:
        """Read and check the connection. Raises ConfigurationError with every problem found."""
        from crosswalk.systems.connectwise.client import ConnectWiseSettings

        checked = checked_http(read_connection(self.conn_id), login=True, required=["company", "client_id"])
        return ConnectWiseSettings(
            base_url=checked.base_url + checked.extra.get("path", ""),
            company=checked.extra["company"],
            public_key=checked.login,
            private_key=checked.password,
            client_id=checked.extra["client_id"],
            allow_private_network=checked.allow_private_network,
            allowed_hosts=checked.allowed_hosts,
            name=checked.name,
            **{name: checked.extra[name] for name in OPTIONS if name in checked.extra},
        )

    def get_source(self) -> ConnectWiseSource:
        """Open the company as a source. Raises ConfigurationError."""
        from crosswalk.systems.connectwise.client import ConnectWiseClient
        from crosswalk.systems.connectwise.source import ConnectWiseSource

        return ConnectWiseSource(ConnectWiseClient(self.settings()))

    def test_connection(self) -> tuple[bool, str]:
        """Look the codebase up, count contacts and companies, list the types that can be chosen."""
        from crosswalk.orchestration.connection_check import labelled_verdict
        from crosswalk.systems.connectwise.source import TYPE_LISTS

        try:
            return True, labelled_verdict(self.get_source(), list(TYPE_LISTS))
        except CrosswalkError as error:
            return False, str(error)
