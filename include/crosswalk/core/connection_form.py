"""The one declaration of a system's connection: systems/<system>/connection.toml.

The form in Airflow (orchestration/provider.py), the checks and the client's settings (wire/connection.py) all come from it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from crosswalk.core.system_schema import systems_folder

_BLANK = {"string": "", "boolean": False}
_PATH = r"^(?!.*\.\.)(/[A-Za-z0-9._~-]+)*/?$"


@dataclass(frozen=True)
class FormField:
    """One field of the form.

    schema: JSON Schema of its value. default: what a blank field means. ascii_only: it is sent as a header. multiline: it may hold
    line breaks, as a key in PEM does. placeholder: shown in the empty field.
    """

    label: str
    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": ["string", "null"]})
    required: bool = False
    default: Any = ""
    ascii_only: bool = False
    multiline: bool = False
    placeholder: str = ""


@dataclass(frozen=True)
class ConnectionForm:
    """The form of one connection type.

    system: the connection type and the folder in systems/. title: its name in Airflow. host: placeholder of Host, "" for a system
    that is not reached over HTTP. login, password: None where the form hides the field. fields: those kept in Extra, by key.
    """

    system: str
    title: str
    host: str
    login: FormField | None
    password: FormField | None
    fields: Mapping[str, FormField]


def form_names() -> list[str]:
    """Name every system that declares a connection."""
    return sorted(path.parent.name for path in systems_folder().glob("*/connection.toml"))


@cache
def load_form(system: str) -> ConnectionForm:
    """Read a system's connection.toml."""
    declared = tomllib.loads((systems_folder() / system / "connection.toml").read_text(encoding="utf-8"))
    host, rate = declared.get("host", ""), declared.get("requests_per_second")
    own = {key: _field(**given) for key, given in declared.get("fields", {}).items()}
    login, password = (_field(**declared[one]) if one in declared else None for one in ("login", "password"))
    return ConnectionForm(system, declared["name"], host, login, password, {**own, **_shared(host, rate)})


def _shared(host: str, rate: float | None) -> dict[str, FormField]:
    """The fields of every system that is reached over HTTP."""
    shared = {}
    if rate is not None:
        about = f"Shared by all that use the connection in one process. Default {rate}."
        shared["requests_per_second"] = _field("Requests per second", about, "number", default=rate, minimum=0.1, maximum=100)
    if host:
        about = "Lets the host be a loopback or private address, and the schema http. For the sandbox."
        private = {"type": ["boolean", "null"], "default": False}
        shared["allow_private_network"] = FormField("Allow private network", about, private, default=False)
        about = "Host names, separated by commas: the only ones Host may be. Default: any public host."
        shared["allowed_hosts"] = _field("Allowed hosts", about, pattern=r"^$|[^\s,]")
    return shared


def _field(
    label: str,
    description: str = "",
    type: str = "string",
    *,
    format: str = "",
    default: Any = None,
    required: bool = False,
    ascii_only: bool = False,
    multiline: bool = False,
    placeholder: str = "",
    **rules: Any,
) -> FormField:
    """Build a field. format: "path" for what comes between host and interface, "password" for what Airflow hides.

    rules: JSON Schema of the value; the form may always leave a field blank, so null is valid too.
    """
    if format == "path":
        rules["pattern"] = _PATH
    elif format:
        rules["format"] = format
    if "enum" in rules:
        rules["enum"] = [*rules["enum"], None]
    blank = _BLANK.get(type) if default is None else default
    return FormField(label, description, {"type": [type, "null"], **rules}, required, blank, ascii_only, multiline, placeholder)
