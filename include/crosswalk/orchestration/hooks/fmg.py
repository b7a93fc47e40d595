"""FMG behind an Airflow connection."""

from __future__ import annotations

from crosswalk.orchestration.hooks.base import SystemHook


class FmgHook(SystemHook):
    """One FMG account."""

    conn_type = "fmg"
    hook_name = "FMG"
    default_conn_name = "fmg_default"
