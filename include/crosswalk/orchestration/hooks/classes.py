"""Which hook class serves which system."""

from __future__ import annotations

from crosswalk.core.connection_form import load_form
from crosswalk.orchestration.hooks.agent_crm import AgentCrmHook
from crosswalk.orchestration.hooks.autotask import AutotaskHook
from crosswalk.orchestration.hooks.base import SystemHook
from crosswalk.orchestration.hooks.carriers import CarriersHook
from crosswalk.orchestration.hooks.connectwise import ConnectWiseHook
from crosswalk.orchestration.hooks.emoney import EmoneyHook
from crosswalk.orchestration.hooks.flex import FlexHook
from crosswalk.orchestration.hooks.fmg import FmgHook
from crosswalk.orchestration.hooks.hubspot import HubSpotHook
from crosswalk.orchestration.hooks.mindmatrix import MindmatrixHook
from crosswalk.orchestration.hooks.smartoffice import SmartOfficeHook

_WRITTEN: tuple[type[SystemHook], ...] = (
    AgentCrmHook,
    AutotaskHook,
    CarriersHook,
    ConnectWiseHook,
    EmoneyHook,
    FlexHook,
    FmgHook,
    HubSpotHook,
    MindmatrixHook,
    SmartOfficeHook,
)
_BY_SYSTEM = {one.conn_type: one for one in _WRITTEN}


def hook_class(system: str) -> type[SystemHook]:
    """Return the hook class of a system; for a folder without one the base class under the folder's name."""
    if system not in _BY_SYSTEM:
        about = {"conn_type": system, "hook_name": load_form(system).title, "default_conn_name": f"{system}_default"}
        _BY_SYSTEM[system] = type(system, (SystemHook,), about)
    return _BY_SYSTEM[system]


def __getattr__(name: str) -> type[SystemHook]:
    """Airflow imports the hook of a folder without a class as `crosswalk.orchestration.hooks.classes.<folder>` (provider.py)."""
    from crosswalk.core.connection_form import form_names

    if name not in form_names():
        raise AttributeError(name)
    return hook_class(name)
