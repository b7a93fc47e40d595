"""From an Airflow connection of type mindmatrix to a target. No work in the constructor, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from crosswalk.errors import CrosswalkError
from crosswalk.orchestration.connections import checked_http, read_connection

if TYPE_CHECKING:
    from crosswalk.systems.mindmatrix.client import MindmatrixSettings
    from crosswalk.systems.mindmatrix.target import MindmatrixTarget


class MindmatrixHook(BaseHook):
    """One Mindmatrix organization."""

    conn_name_attr = "conn_id"
    default_conn_name = "mindmatrix_default"
    conn_type = "mindmatrix"
    hook_name = "Mindmatrix"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def settings(self) -> MindmatrixSettings:
        """Read and check the connection. Raises ConfigurationError with every problem found."""
        from crosswalk.systems.mindmatrix.client import MindmatrixSettings

        checked = checked_http(read_connection(self.conn_id), login=False, required=["organization"])
        options = {name: checked.extra[name] for name in ("requests_per_second", "opt_in_acknowledged") if name in checked.extra}
        return MindmatrixSettings(
            base_url=checked.base_url + checked.extra.get("path", ""),
            organization=checked.extra["organization"],
            api_key=checked.password,
            allow_private_network=checked.allow_private_network,
            allowed_hosts=checked.allowed_hosts,
            name=checked.name,
            **options,
        )

    def get_target(self) -> MindmatrixTarget:
        """Open the organization as a target. Raises ConfigurationError."""
        from crosswalk.systems.mindmatrix.client import MindmatrixClient
        from crosswalk.systems.mindmatrix.target import MindmatrixTarget

        return MindmatrixTarget(MindmatrixClient(self.settings()))

    def test_connection(self) -> tuple[bool, str]:
        """Read the organization: whether it can be reached, what it holds, which CRM feeds it, whether the opt-in is acknowledged."""
        from crosswalk.orchestration.connection_check import target_verdict

        try:
            said = target_verdict(self.get_target())
            missing = "" if self.settings().opt_in_acknowledged else " Nothing will be sent: Opt-in acknowledged is off."
        except CrosswalkError as error:
            return False, str(error)
        return True, said + missing
