"""From an Airflow connection of type fmg to a target. No work in the constructor, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from crosswalk.errors import CrosswalkError
from crosswalk.orchestration.connections import checked_http, read_connection

if TYPE_CHECKING:
    from crosswalk.systems.fmg.activities import FmgActivities
    from crosswalk.systems.fmg.client import FmgSettings
    from crosswalk.systems.fmg.target import FmgTarget


class FmgHook(BaseHook):
    """One FMG account."""

    conn_name_attr = "conn_id"
    default_conn_name = "fmg_default"
    conn_type = "fmg"
    hook_name = "FMG"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def settings(self) -> FmgSettings:
        """Read and check the connection. Raises ConfigurationError with every problem found."""
        from crosswalk.systems.fmg.client import FmgSettings

        checked = checked_http(read_connection(self.conn_id), login=False, required=["account"])
        options = {name: checked.extra[name] for name in ("requests_per_second",) if name in checked.extra}
        return FmgSettings(
            base_url=checked.base_url + checked.extra.get("path", ""),
            account=checked.extra["account"],
            api_key=checked.password,
            allow_private_network=checked.allow_private_network,
            allowed_hosts=checked.allowed_hosts,
            name=checked.name,
            **options,
        )

    def get_target(self) -> FmgTarget:
        """Open the account as a target. Raises ConfigurationError."""
        from crosswalk.systems.fmg.client import FmgClient
        from crosswalk.systems.fmg.target import FmgTarget

        return FmgTarget(FmgClient(self.settings()))

    def get_feed(self) -> FmgActivities:
        """Open the account as a feed of activities. Raises ConfigurationError."""
        from crosswalk.systems.fmg.activities import FmgActivities
        from crosswalk.systems.fmg.client import FmgClient

        return FmgActivities(FmgClient(self.settings()))

    def test_connection(self) -> tuple[bool, str]:
        """Read the account: whether it can be reached, what it holds, and who manages its list."""
        from crosswalk.orchestration.connection_check import target_verdict

        try:
            return True, target_verdict(self.get_target())
        except CrosswalkError as error:
            return False, str(error)
