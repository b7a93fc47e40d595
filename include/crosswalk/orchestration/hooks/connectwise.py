"""ConnectWise behind an Airflow connection."""

from __future__ import annotations

from crosswalk.orchestration.hooks.base import SystemHook


class ConnectWiseHook(SystemHook):
    """One ConnectWise company."""

    conn_type = "connectwise"
    hook_name = "ConnectWise"
    default_conn_name = "connectwise_default"

    def check(self) -> str:
        """Look the codebase up, count contacts and companies, list the types that can be chosen."""
        from crosswalk.orchestration.connection_check import labelled_verdict
        from crosswalk.systems.connectwise.source import TYPE_LISTS
        from crosswalk.systems.connectwise.system import source

        return labelled_verdict(source(self.settings()), list(TYPE_LISTS))
