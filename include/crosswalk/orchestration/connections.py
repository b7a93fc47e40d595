"""From an Airflow connection to checked settings: everything wrong is reported at once, by field, never by value.

What a system's connection.toml offers in the form is also what is checked (wire/connection.py); here is what Airflow adds: Host,
Schema, Port and how safe the secret is in its logs. Whether the host's addresses may be called is checked where it is resolved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from crosswalk.core.connection_form import load_form
from crosswalk.errors import ConfigurationError, Problem
from crosswalk.orchestration.provider import OWN_TYPES
from crosswalk.wire.connection import ConnectionSettings, checked, extra_problems, filled_in, place

if TYPE_CHECKING:
    from airflow.sdk import Connection

MIN_SECRET = 5
"""Airflow masks no shorter secret in its logs."""

_COMMON = re.compile(
    r"(password|passwort|secret|token|apikey|api.?key|login|admin(istrator)?|default|letmein|welcome|changeme|test|airflow|crosswalk|"
    r"contacts?|groups?|accounts?|smartoffice|office|sandbox|email|error|success|failed|true|false|none|null|https?|qwerty)?[\W\d_]*",
    re.IGNORECASE,
)
"""A common word, with or without digits and punctuation behind it: hiding it would make logs unreadable."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[^\s/?#\\]+")


def read_connection(conn_id: str) -> Connection:
    """Fetch a connection from Airflow. Raises ConfigurationError CONN_NOT_FOUND."""
    try:
        connection: Connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise ConfigurationError(
            "CONN_NOT_FOUND",
            operation=f"looking up connection {conn_id}",
            problem="Airflow has no connection with this id, or cannot read it",
            next_step="add it under Admin, Connections, or as AIRFLOW_CONN_" + conn_id.upper(),
        ) from None
    return connection


def read_settings(conn_id: str, system: str) -> ConnectionSettings:
    """Fetch a system's connection and check it against the form. Raises ConfigurationError with every problem found."""
    return checked_settings(read_connection(conn_id), system)


def checked_settings(connection: Connection, system: str) -> ConnectionSettings:
    """Check a connection to a system.

    Args:
        connection: as Airflow gives it.
        system: whose connection.toml it has to fit.

    Raises:
        ConfigurationError: with every problem found (CONN_HOST, CONN_SCHEME, CONN_PORT, CONN_SECRET_…, CONN_EXTRA, …).
    """
    form = load_form(system)
    extra, problems = _extra(connection)
    base_url = ""
    if form.host:
        problems += [*_host(connection), *_scheme(connection, extra), *_port(connection), *_control(connection)]
        base_url = _origin(connection) + str(extra.get("path") or (form.fields["path"].default if "path" in form.fields else ""))
    if form.password:
        problems += _weak_secret(connection)
    login, password = (connection.login or "").strip(" "), connection.password or ""
    return checked(form, ConnectionSettings(connection.conn_id, base_url, login, password), extra, problems)


def read_extra(connection: Connection) -> tuple[dict[str, Any], list[Problem]]:
    """Read the extra fields of the store's or landing zone's connection and check them against its form; "" counts as blank."""
    filled, problems = _extra(connection)
    fields = OWN_TYPES[str(connection.conn_type)]["conn-fields"]
    schemas = {key: (one["schema"], one["description"]) for key, one in fields.items()}
    return filled, [*problems, *extra_problems(schemas, connection.conn_id, filled)]


def _extra(connection: Connection) -> tuple[dict[str, Any], list[Problem]]:
    try:
        loaded = json.loads(connection.extra or "{}")
    except ValueError:
        loaded = None
    if not isinstance(loaded, dict):
        return {}, [Problem("CONN_EXTRA", _place(connection, "Extra"), "it is not a JSON object", "use the form's fields")]
    return filled_in(loaded), []


def _origin(connection: Connection) -> str:
    """Return scheme, host and port as the beginning of an address."""
    host = str(connection.host).strip()
    if host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    return f"{_scheme_of(connection)}://{host}" + (f":{connection.port}" if connection.port else "")


def _host(connection: Connection) -> Iterator[Problem]:
    host, place = (connection.host or "").strip(), _place(connection, "Host")
    if not host:
        yield Problem("CONN_HOST", place, "it is blank")
    elif "@" in host:
        yield Problem("CONN_USERINFO", place, "it holds a user or a password")
    elif "://" in host:
        yield Problem("CONN_SCHEME", place, "it holds a schema")
    elif not (_HOST.fullmatch(host) or _CONTROL.search(host)):
        yield Problem("CONN_HOST", place, "it is not a server's name")


def _scheme_of(connection: Connection) -> str:
    return (connection.schema or "https").strip().lower()


def _scheme(connection: Connection, extra: Mapping[str, Any]) -> Iterator[Problem]:
    allowed = ("https", "http") if extra.get("allow_private_network") is True else ("https",)
    if _scheme_of(connection) not in allowed:
        yield Problem("CONN_SCHEME", _place(connection, "Schema"), f"only {' or '.join(allowed)} may be used")


def _port(connection: Connection) -> Iterator[Problem]:
    port: object = connection.port
    fits = isinstance(port, int) and (port in (80, 443) or 1024 <= port <= 65535)
    if port is not None and not fits:
        yield Problem("CONN_PORT", _place(connection, "Port"), "it is no port of a web server")


def _weak_secret(connection: Connection) -> Iterator[Problem]:
    secret, where = connection.password or "", _place(connection, "Password")
    if not secret.strip():
        return  # blank: the form says whether that is a problem
    if len(secret) < MIN_SECRET:
        fix = "ask the vendor for a longer one: Airflow cannot keep a shorter one out of its logs"
        yield Problem("CONN_SECRET_TOO_SHORT", where, f"it has fewer than {MIN_SECRET} characters", fix)
    elif _COMMON.fullmatch(secret):
        fix = "choose another: hiding a common word would make logs unreadable, and it is easily guessed"
        yield Problem("CONN_SECRET_WEAK", where, "it is a common word or a number", fix)


def _control(connection: Connection) -> Iterator[Problem]:
    for label, value in (("Host", connection.host), ("Schema", connection.schema)):
        if value and _CONTROL.search(value):
            yield Problem("CONN_BAD_CHARACTER", _place(connection, label), "it holds a line break or a control character", "type it again")


def _place(connection: Connection, label: str) -> str:
    return place(connection.conn_id, label)
