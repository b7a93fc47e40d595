"""SmartOffice behind an Airflow connection."""

from __future__ import annotations

from crosswalk.orchestration.hooks.base import SystemHook


class SmartOfficeHook(SystemHook):
    """One SmartOffice office, through its XML Engine."""

    conn_type = "smartoffice"
    hook_name = "SmartOffice"
    default_conn_name = "smartoffice_default"

    def check(self) -> str:
        """Sign in; compare rights, limits and dictionary codes with every integration that reads from SmartOffice."""
        from crosswalk.orchestration.connection_check import source_verdict
        from crosswalk.systems.smartoffice.system import source

        office = source(self.settings())
        return source_verdict(self.conn_type, office, office.dictionary())
