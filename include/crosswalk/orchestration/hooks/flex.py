"""Flex behind an Airflow connection."""

from __future__ import annotations

from crosswalk.orchestration.hooks.base import SystemHook


class FlexHook(SystemHook):
    """One Flex site."""

    conn_type = "flex"
    hook_name = "Flex"
    default_conn_name = "flex_default"

    def check(self) -> str:
        """Sign in; tell what the site holds and which resource types an import may use."""
        from crosswalk.orchestration.connection_check import flex_verdict
        from crosswalk.systems.flex.system import target

        return flex_verdict(target(self.settings()))
