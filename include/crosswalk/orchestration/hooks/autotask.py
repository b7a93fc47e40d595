"""Autotask behind an Airflow connection."""

from __future__ import annotations

from crosswalk.orchestration.hooks.base import SystemHook


class AutotaskHook(SystemHook):
    """One Autotask database."""

    conn_type = "autotask"
    hook_name = "Autotask"
    default_conn_name = "autotask_default"

    def check(self) -> str:
        """Look the zone up, count contacts and companies, list the types that can be chosen."""
        from crosswalk.orchestration.connection_check import labelled_verdict
        from crosswalk.systems.autotask.payloads import CONTACT_TYPE
        from crosswalk.systems.autotask.source import COMPANY_TYPE
        from crosswalk.systems.autotask.system import source

        settings = self.settings()
        fields = [COMPANY_TYPE, *([CONTACT_TYPE] if settings["contact_type_field"] else [])]
        return labelled_verdict(source(settings), fields)
