"""What Airflow is told of Crosswalk: its connection types and their forms, as data. Reached through the provider entry point.

A system declares its own in connection.toml; the store and the landing zone are declared here. No heavy import: every process of
Airflow reads it.
"""

from __future__ import annotations

from typing import Any

from crosswalk.core.connection_form import ConnectionForm, FormField, form_names, load_form

_HOOKS = "crosswalk.orchestration.hooks"
_CLASSES = {
    "agent_crm": "AgentCrmHook",
    "autotask": "AutotaskHook",
    "carriers": "CarriersHook",
    "connectwise": "ConnectWiseHook",
    "emoney": "EmoneyHook",
    "flex": "FlexHook",
    "fmg": "FmgHook",
    "hubspot": "HubSpotHook",
    "mindmatrix": "MindmatrixHook",
    "smartoffice": "SmartOfficeHook",
}
"""Hook classes by system, as hooks/classes.py has them; importing that here would load Airflow's SDK into every process."""


def _text(label: str, description: str) -> dict[str, Any]:
    return _widget(FormField(label, description))


def _widget(field: FormField) -> dict[str, Any]:
    return {"label": field.label, "description": field.description, "schema": dict(field.schema)}


_STORE: dict[str, Any] = {
    "connection-type": "crosswalk_store",
    "hook-name": "Crosswalk store",
    "hook-class-name": "crosswalk.orchestration.hooks.store.StoreHook",
    "ui-field-behaviour": {
        "hidden-fields": [],
        "relabeling": {"schema": "Database", "login": "User"},
        "placeholders": {"host": "postgres", "port": "5432", "schema": "crosswalk"},
    },
    "conn-fields": {
        "sqlite_path": _text("SQLite file", "In place of a PostgreSQL host: the path of a SQLite file. For one machine."),
    },
}

_LANDING: dict[str, Any] = {
    "connection-type": "crosswalk_landing",
    "hook-name": "Crosswalk landing zone",
    "hook-class-name": "crosswalk.orchestration.hooks.landing.LandingHook",
    "ui-field-behaviour": {
        "hidden-fields": ["host", "port", "schema", "login", "password"],
        "relabeling": {},
        "placeholders": {},
    },
    "conn-fields": {
        "url": _text("Place", "file:///path of a folder, or s3://bucket/prefix. It holds personal data."),
        "aws_conn_id": _text("AWS connection", "Airflow connection used for s3://."),
    },
}


OWN_TYPES: dict[str, dict[str, Any]] = {one["connection-type"]: one for one in (_STORE, _LANDING)}
"""The connection types that are no system's."""


def provider_info() -> dict[str, Any]:
    """Return Airflow's provider description. `package-name` has to be the distribution's name."""
    return {
        "package-name": "crosswalk",
        "name": "Crosswalk",
        "description": "Keeps CRM records in step with the systems advisors, agencies and channel marketers work in.",
        "connection-types": [*map(_system, map(load_form, form_names())), *OWN_TYPES.values()],
    }


def _system(form: ConnectionForm) -> dict[str, Any]:
    shown = {"login": form.login, "password": form.password}
    usual = {"login": "Login", "password": "Password"}
    hidden = [*(() if form.host else ("host", "port", "schema")), *(name for name, one in shown.items() if one is None)]
    placeholders = {"host": form.host, "schema": "https"} if form.host else {}
    written = _CLASSES.get(form.system)
    return {
        "connection-type": form.system,
        "hook-name": form.title,
        "hook-class-name": f"{_HOOKS}.{form.system}.{written}" if written else f"{_HOOKS}.classes.{form.system}",
        "ui-field-behaviour": {
            "hidden-fields": hidden,
            "relabeling": {name: one.label for name, one in shown.items() if one and one.label != usual[name]},
            "placeholders": placeholders | {name: one.placeholder for name, one in shown.items() if one and one.placeholder},
        },
        "conn-fields": {key: _widget(one) for key, one in form.fields.items()},
    }
