"""Agent CRM in the sandbox."""

from __future__ import annotations

from crosswalk.sandbox.agent_crm.business import Business
from crosswalk.sandbox.agent_crm.control import add_routes, open_fmo, shown
from crosswalk.sandbox.agent_crm.system import AgentCrm
from crosswalk.sandbox.vendor import Vendor

VENDOR: Vendor[AgentCrm, Business] = Vendor(
    title="Agent CRM",
    system=AgentCrm,
    customers="businesses",
    open=open_fmo,
    show=shown,
    routes=add_routes,
    defaults=lambda _: [{}],
    columns=("name", "kind", "npns", "policy_sync", "counts"),
)
