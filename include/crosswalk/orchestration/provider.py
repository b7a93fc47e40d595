"""What Airflow is told of Crosswalk: its connection types and their forms, as data. Reached through the provider entry point."""

from __future__ import annotations

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


_ALLOWED_HOSTS = _text(
    "Allowed hosts", "Host names, separated by commas: the only ones Host may be. Default: any public host.", pattern=r"^$|[^\s,]"
)

_SMARTOFFICE = {
    "connection-type": "smartoffice",
    "hook-name": "SmartOffice",
    "hook-class-name": "crosswalk.systems.smartoffice.hook.SmartOfficeHook",
    "ui-field-behaviour": {
        "hidden-fields": [],
        "relabeling": {"login": "User", "schema": "Schema"},
        "placeholders": {"host": "office.example.com", "schema": "https", "login": "the user that holds the integration right"},
    },
    "conn-fields": {
        "office": _text("Office", "The office name, sent with every request."),
        "path": _text("Path", "The servlet's path. Default /smartoffice/xmlengine."),
        "paging": _text("Paging", "search (default) or report: how lists are read.", enum=["search", "report", None]),
        "page_size": {
            "label": "Page size",
            "description": "Records a page, 1 to 2000. Default 1000.",
            "schema": {"type": ["integer", "null"], "minimum": 1, "maximum": 2000},
        },
        "requests_per_second": _RATE,
        "allow_private_network": _PRIVATE_NETWORK,
        "allowed_hosts": _ALLOWED_HOSTS,
    },
}

_FMG = {
    "connection-type": "fmg",
    "hook-name": "FMG",
    "hook-class-name": "crosswalk.systems.fmg.hook.FmgHook",
    "ui-field-behaviour": {
        "hidden-fields": ["login"],
        "relabeling": {"password": "API key"},
        "placeholders": {"host": "api.example.com", "schema": "https"},
    },
    "conn-fields": {
        "account": _text("Account", "The FMG account id, such as FMG-1001."),
        "path": _text("Path", "What comes before /v1. Default empty; the sandbox serves /fmg."),
        "requests_per_second": _RATE,
        "allow_private_network": _PRIVATE_NETWORK,
        "allowed_hosts": _ALLOWED_HOSTS,
    },
}

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
        "connection-types": [_SMARTOFFICE, _FMG, _STORE, _LANDING],
    }
