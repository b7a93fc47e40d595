"""From an Airflow connection of type autotask to a source. No work in the constructor, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from crosswalk.errors import CrosswalkError
from crosswalk.orchestration.connections import checked_http, read_connection

if TYPE_CHECKING:
    from crosswalk.systems.autotask.client import AutotaskSettings
    from crosswalk.systems.autotask.source import AutotaskSource

OPTIONS = ("page_size", "requests_per_second", "contact_type_field")


class AutotaskHook(BaseHook):
    """One Autotask database."""

    conn_name_attr = "conn_id"
    default_conn_name = "autotask_default"
    conn_type = "autotask"
    hook_name = "Autotask"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def settings(self) -> AutotaskSettings:
        """Read and check the connection. Raises ConfigurationError with every problem found."""
        from crosswalk.systems.autotask.client import AutotaskSettings

        checked = checked_http(read_connection(self.conn_id), login=True, required=["integration_code"])
        return AutotaskSettings(
            base_url=checked.base_url + checked.extra.get("path", ""),
            user=checked.login,
            secret=checked.password,
            integration_code=checked.extra["integration_code"],
            allow_private_network=checked.allow_private_network,
            allowed_hosts=checked.allowed_hosts,
            name=checked.name,
            **{name: checked.extra[name] for name in OPTIONS if name in checked.extra},
        )

    def get_source(self) -> AutotaskSource:
        """Open the database as a source. Raises ConfigurationError."""
        from crosswalk.systems.autotask.client import AutotaskClient
        from crosswalk.systems.autotask.source import AutotaskSource

        return AutotaskSource(AutotaskClient(self.settings()))

    def test_connection(self) -> tuple[bool, str]:
        """Look the zone up, count contacts and companies, list the types that can be chosen."""
        from crosswalk.orchestration.connection_check import labelled_verdict
        from crosswalk.systems.autotask.payloads import CONTACT_TYPE
        from crosswalk.systems.autotask.source import COMPANY_TYPE

        try:
            fields = [COMPANY_TYPE, *([CONTACT_TYPE] if self.settings().contact_type_field else [])]
            return True, labelled_verdict(self.get_source(), fields)
        except CrosswalkError as error:
            return False, str(error)
