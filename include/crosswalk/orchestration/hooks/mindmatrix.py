"""Mindmatrix behind an Airflow connection."""

from __future__ import annotations

from crosswalk.orchestration.hooks.base import SystemHook


class MindmatrixHook(SystemHook):
    """One Mindmatrix organization."""

    conn_type = "mindmatrix"
    hook_name = "Mindmatrix"
    default_conn_name = "mindmatrix_default"

    def check(self) -> str:
        """Read the organization: what it holds, which CRM feeds it, whether the opt-in is acknowledged."""
        acknowledged = self.settings()["opt_in_acknowledged"]
        return super().check() + ("" if acknowledged else " Nothing will be sent: Opt-in acknowledged is off.")
