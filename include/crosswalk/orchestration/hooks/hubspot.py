"""HubSpot behind an Airflow connection."""

from __future__ import annotations

from crosswalk.orchestration.hooks.base import SystemHook


class HubSpotHook(SystemHook):
    """One HubSpot account, read only."""

    conn_type = "hubspot"
    hook_name = "HubSpot"
    default_conn_name = "hubspot_default"

    def check(self) -> str:
        """Check the token's scopes, and rights and limits of every integration that reads from HubSpot."""
        self.get_source().require_right("reading the CRM")
        return super().check()
