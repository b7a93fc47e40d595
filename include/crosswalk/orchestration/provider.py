"""What Airflow is told of Crosswalk: its connection types and their forms, as data. Reached through the provider entry point.

A system declares its own in connection.toml beside its client; the store and the landing zone are declared here.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

_PRIVATE_NETWORK = {
    "label": "Allow private network",
    "description": "Lets the host be a loopback or private address, and the schema http. For the sandbox.",
    "schema": {"type": ["boolean", "null"], "default": False},
}
_RATE = {
    "label": "Requests per second",
    "description": "Shared by all that use the connection in one process. Default 20.",
    "schema": {"type": ["number", "null"], "minimum": 0.1, "maximum": 100},
}


def _text(label: str, description: str, **schema: object) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"], **schema}}


_SHARED = {
    "requests_per_second": _RATE,
    "allow_private_network": _PRIVATE_NETWORK,
    "allowed_hosts": _text(
        "Allowed hosts", "Host names, separated by commas: the only ones Host may be. Default: any public host.", pattern=r"^$|[^\s,]"
    ),
}
"""Fields a system names under `shared`."""

_STORE = {
    "connection-type": "crosswalk_store",
    "hook-name": "Crosswalk store",
    "hook-class-name": "crosswalk.orchestration.resources.StoreHook",
    "ui-field-behaviour": {
        "hidden-fields": [],
        "relabeling": {"schema": "Database", "login": "User"},
        "placeholders": {"host": "postgres", "port": "5432", "schema": "crosswalk"},
    },
    "conn-fields": {
        "sqlite_path": _text("SQLite file", "In place of a PostgreSQL host: the path of a SQLite file. For one machine."),
    },
}

_LANDING = {
    "connection-type": "crosswalk_landing",
    "hook-name": "Crosswalk landing zone",
    "hook-class-name": "crosswalk.orchestration.resources.LandingHook",
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


def provider_info() -> dict[str, Any]:
    """Return Airflow's provider description. `package-name` has to be the distribution's name."""
    return {
        "package-name": "crosswalk",
        "name": "Crosswalk",
        "description": "Keeps CRM records in step with the systems advisors, agencies and channel marketers work in.",
        "connection-types": [*_systems(), _STORE, _LANDING],
    }


@cache
def _systems() -> tuple[dict[str, Any], ...]:
    """Read every system's connection.toml, by the name of its folder."""
    folders = sorted((one for one in resources.files("crosswalk.systems").iterdir() if one.is_dir()), key=lambda one: one.name)
    declared = {one.name: one.joinpath("connection.toml") for one in folders}
    return tuple(_system(name, tomllib.loads(file.read_text("utf-8"))) for name, file in declared.items() if file.is_file())


def _system(name: str, form: dict[str, Any]) -> dict[str, Any]:
    fields = {key: _field(**field) for key, field in form["fields"].items()}
    return {
        "connection-type": name,
        "hook-name": form["name"],
        "hook-class-name": f"crosswalk.orchestration.hooks.{name}.{form['hook']}",
        "ui-field-behaviour": {"hidden-fields": form["hidden"], "relabeling": form["relabel"], "placeholders": form["placeholders"]},
        "conn-fields": {**fields, **{shared: _SHARED[shared] for shared in form["shared"]}},
    }


def _field(label: str, description: str, type: str = "string", **rules: Any) -> dict[str, Any]:
    """Every field may be left out, so each also takes null."""
    if "enum" in rules:
        rules["enum"] = [*rules["enum"], None]
    return {"label": label, "description": description, "schema": {"type": [type, "null"], **rules}}
