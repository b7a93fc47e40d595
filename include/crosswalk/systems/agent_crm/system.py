"""Agent CRM: a business as source or target, and for the FMO's own business the others it made."""

from __future__ import annotations

from crosswalk.systems.agent_crm.client import AgentCrmClient
from crosswalk.systems.agent_crm.source import AgentCrmSource
from crosswalk.systems.agent_crm.target import AgentCrmTarget, entities_of
from crosswalk.wire.connection import ConnectionSettings


def source(settings: ConnectionSettings) -> AgentCrmSource:
    """Open the business as a source."""
    return AgentCrmSource(AgentCrmClient(settings))


def target(settings: ConnectionSettings) -> AgentCrmTarget:
    """Open the business as a target, with the entities its objects say it has. Raises what reading them raises."""
    client = AgentCrmClient(settings)
    return AgentCrmTarget(client, entities_of(client))
