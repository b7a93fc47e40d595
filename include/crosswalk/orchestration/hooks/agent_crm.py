"""Agent CRM behind an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk.orchestration.hooks.base import SystemHook

if TYPE_CHECKING:
    from crosswalk.core.ports import Source, Target
    from crosswalk.systems.agent_crm.client import AgentCrmClient
    from crosswalk.systems.agent_crm.provisioning import FmoBusinesses


class AgentCrmHook(SystemHook):
    """One business of Agent CRM: the FMO's own, or one it made, reached with the same key.

    business: id of a business the FMO made, "" for one that is still to be made; None for the connection's own.
    """

    conn_type = "agent_crm"
    hook_name = "Agent CRM"
    default_conn_name = "agent_crm_default"

    def get_client(self) -> AgentCrmClient:
        """Open the connection's own business."""
        from crosswalk.systems.agent_crm.client import AgentCrmClient

        return AgentCrmClient(self.settings())

    def get_source(self) -> Source:
        """Open the FMO's business as a source, or the share of the business that is named."""
        from crosswalk.features.tenancy.share import AgentShare
        from crosswalk.systems.agent_crm.provisioning import FmoBusinesses
        from crosswalk.systems.agent_crm.source import AgentCrmSource

        if self.business is None:
            return AgentCrmSource(self.get_client())
        client = self.get_client()
        return AgentShare(AgentCrmSource(client), FmoBusinesses(client), self.business, self.get_target())

    def get_target(self) -> Target:
        """Open the business as a target, with the entities its objects say it has. Raises what reading them raises."""
        from crosswalk.systems.agent_crm.target import AgentCrmTarget, NotMadeYet, entities_of

        if self.business == "":
            return NotMadeYet()
        client = self.get_client() if self.business is None else self.get_client().of_business(self.business)
        return AgentCrmTarget(client, entities_of(client))

    def get_businesses(self) -> FmoBusinesses:
        """Open the FMO's businesses and their users."""
        from crosswalk.systems.agent_crm.provisioning import FmoBusinesses

        return FmoBusinesses(self.get_client())

    def check(self) -> str:
        """Read the objects of the business and count them."""
        from crosswalk.orchestration.connection_check import target_verdict

        return target_verdict(self.get_target())
