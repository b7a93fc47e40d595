"""Agent CRM, after systems/agent_crm/README.md."""
