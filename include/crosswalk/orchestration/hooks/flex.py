"""From an Airflow connection of type flex to a target. No work in the constructor, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from crosswalk.errors import CrosswalkError
from crosswalk.orchestration.connections import checked_http, read_connection

if TYPE_CHECKING:
    from crosswalk.systems.flex.client import FlexSettings
    from crosswalk.systems.flex.target import FlexTarget


class FlexHook(BaseHook):
    """One Flex site."""

    conn_name_attr = "conn_id"
    default_conn_name = "flex_default"
    conn_type = "flex"
    hook_name = "Flex"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def settings(self) -> FlexSettings:
        """Read and check the connection. Raises ConfigurationError with every problem found."""
        from crosswalk.systems.flex.client import DEFAULT_PATH, FlexSettings

        checked = checked_http(read_connection(self.conn_id), login=False, required=[])
        options = {name: checked.extra[name] for name in ("requests_per_second",) if name in checked.extra}
        return FlexSettings(
            url=checked.base_url + checked.extra.get("path", DEFAULT_PATH),
            user=checked.login,
            secret=checked.password,
            allow_private_network=checked.allow_private_network,
            allowed_hosts=checked.allowed_hosts,
            name=checked.name,
            **options,
        )

    def get_target(self) -> FlexTarget:
        """Open the site as a target. Raises ConfigurationError."""
        from crosswalk.systems.flex.client import FlexClient
        from crosswalk.systems.flex.target import FlexTarget

        return FlexTarget(FlexClient(self.settings()))

    def test_connection(self) -> tuple[bool, str]:
        """Sign in; tell what the site holds and which resource types an import may use."""
        try:
            target = self.get_target()
            counts = target.state().counts
            types = ", ".join(target.resource_types())
        except CrosswalkError as error:
            return False, str(error)
        return True, f"Reached. It holds {counts['company']:,} companies and {counts['contact']:,} contacts; resource types: {types}."
