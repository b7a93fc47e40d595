"""Carrier files behind an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk.orchestration.hooks.base import SystemHook

if TYPE_CHECKING:
    from crosswalk.systems.carriers.source import CarriersSource


class CarriersHook(SystemHook):
    """One place carriers drop their files in."""

    conn_type = "carriers"
    hook_name = "Carrier files"
    default_conn_name = "carriers_default"

    def get_source(self) -> CarriersSource:
        """Open the place as a source."""
        from crosswalk.orchestration.hooks.s3 import s3_client
        from crosswalk.systems.carriers.system import source

        settings = self.settings()
        return source(settings, s3_client(settings["url"], settings["aws_conn_id"]))

    def check(self) -> str:
        """List the place: which folders are carriers, and how many files lie in each. Nothing is opened."""
        from crosswalk.orchestration.connection_check import drop_verdict

        return drop_verdict(self.get_source().drop)
