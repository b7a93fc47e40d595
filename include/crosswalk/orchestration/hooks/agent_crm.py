"""From an Airflow connection of type agent_crm to a business as source or target. No work in the constructor, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from crosswalk.errors import CrosswalkError
from crosswalk.orchestration.connections import checked_http, read_connection

if TYPE_CHECKING:
    from crosswalk.features.tenancy.share import AgentShare
    from crosswalk.systems.agent_crm.client import AgentCrmClient, AgentCrmSettings
    from crosswalk.systems.agent_crm.provisioning import FmoBusinesses
    from crosswalk.systems.agent_crm.source import AgentCrmSource
    from crosswalk.systems.agent_crm.target import AgentCrmTarget, NotMadeYet


class AgentCrmHook(BaseHook):
    """One business of Agent CRM: the FMO's own, or one it made, reached with the same key.

    business: id of a business the FMO made, "" for one that is still to be made; None for the connection's own.
    """

    conn_name_attr = "conn_id"
    default_conn_name = "agent_crm_default"
    conn_type = "agent_crm"
    hook_name = "Agent CRM"

    def __init__(self, conn_id: str = default_conn_name, business: str | None = None) -> None:
        super().__init__()
        self.conn_id = conn_id
        self.business = business

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
        """Open the connection's own business. Raises ConfigurationError."""
        from crosswalk.systems.agent_crm.client import AgentCrmClient

        return AgentCrmClient(self.settings())

    def get_source(self) -> AgentCrmSource | AgentShare:
        """Open the FMO's business as a source, or what of it is for the business that is named. Raises ConfigurationError."""
        from crosswalk.features.tenancy.share import AgentShare
        from crosswalk.systems.agent_crm.provisioning import FmoBusinesses
        from crosswalk.systems.agent_crm.source import AgentCrmSource

        if self.business is None:
            return AgentCrmSource(self.get_client())
        client = self.get_client()
        return AgentShare(AgentCrmSource(client), FmoBusinesses(client), self.business, self.get_target())

    def get_target(self) -> AgentCrmTarget | NotMadeYet:
        """Open the business as a target, with the entities its objects say it has. Raises ConfigurationError, and what reading raises."""
        from crosswalk.systems.agent_crm.target import AgentCrmTarget, NotMadeYet, entities_of

        if self.business == "":
            return NotMadeYet()
        client = self.get_client() if self.business is None else self.get_client().of_business(self.business)
        return AgentCrmTarget(client, entities_of(client))

    def get_businesses(self) -> FmoBusinesses:
        """Open the FMO's businesses and their users. Raises ConfigurationError."""
        from crosswalk.systems.agent_crm.provisioning import FmoBusinesses

        return FmoBusinesses(self.get_client())

    def test_connection(self) -> tuple[bool, str]:
        """Read the objects of the business and count them."""
        from crosswalk.orchestration.connection_check import target_verdict

        try:
            return True, target_verdict(self.get_target())
        except CrosswalkError as error:
            return False, str(error)
