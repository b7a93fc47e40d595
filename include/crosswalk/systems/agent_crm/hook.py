"""From an Airflow connection of type agent_crm to a business as source or target. No work in the constructor, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from crosswalk.errors import CrosswalkError
from crosswalk.orchestration.connections import checked_http, read_connection

if TYPE_CHECKING:
    from crosswalk.systems.agent_crm.client import AgentCrmClient, AgentCrmSettings
    from crosswalk.systems.agent_crm.source import AgentCrmSource
    from crosswalk.systems.agent_crm.target import AgentCrmTarget


class AgentCrmHook(BaseHook):
    """One business of Agent CRM: the FMO's, or one agent's."""

    conn_name_attr = "conn_id"
    default_conn_name = "agent_crm_default"
    conn_type = "agent_crm"
    hook_name = "Agent CRM"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def settings(self) -> AgentCrmSettings:
        """Read and check the connection. Raises ConfigurationError with every problem found."""
        from crosswalk.systems.agent_crm.client import AgentCrmSettings

        checked = checked_http(read_connection(self.conn_id), login=True, required=["business"])
        options = {name: checked.extra[name] for name in ("requests_per_second",) if name in checked.extra}
        return AgentCrmSettings(
            base_url=checked.base_url + checked.extra.get("path", "/api"),
            user=checked.login.strip(),
            business=checked.extra["business"],
            api_key=checked.password,
            allow_private_network=checked.allow_private_network,
            allowed_hosts=checked.allowed_hosts,
            name=checked.name,
            **options,
        )

    def get_client(self) -> AgentCrmClient:
        """Open the business. Raises ConfigurationError."""
        from crosswalk.systems.agent_crm.client import AgentCrmClient

        return AgentCrmClient(self.settings())

    def get_source(self) -> AgentCrmSource:
        """Open the FMO's business as a source. Raises ConfigurationError."""
        from crosswalk.systems.agent_crm.source import AgentCrmSource

        return AgentCrmSource(self.get_client())

    def get_target(self) -> AgentCrmTarget:
        """Open the business as a target, with the entities its objects say it has. Raises ConfigurationError, and what reading raises."""
        from crosswalk.systems.agent_crm.target import AgentCrmTarget, entities_of

        client = self.get_client()
        return AgentCrmTarget(client, entities_of(client))

    def test_connection(self) -> tuple[bool, str]:
        """Read the objects of the business and count them."""
        from crosswalk.orchestration.connection_check import target_verdict

        try:
            return True, target_verdict(self.get_target())
        except CrosswalkError as error:
            return False, str(error)
