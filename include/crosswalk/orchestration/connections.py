"""From an Airflow connection to checked settings: everything wrong is reported at once, by field, never by value.

What the form offers (provider.py) is also what is checked here, so the two cannot drift apart. Whether the host's addresses may
be called is checked by the wire, where it is resolved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from crosswalk.errors import ConfigurationError, Problem
from crosswalk.orchestration.provider import provider_info

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


@dataclass(frozen=True)
class Checked:
    """A connection whose fields are fit to use. base_url holds no path; extra holds only what was filled in."""

    name: str
    base_url: str
    login: str
    password: str
    extra: Mapping[str, Any]

    @property
    def allow_private_network(self) -> bool:
        return bool(self.extra.get("allow_private_network", False))

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        return tuple(filter(None, map(str.strip, str(self.extra.get("allowed_hosts", "")).split(","))))


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


def checked_http(connection: Connection, *, login: bool, required: Sequence[str], multiline_secret: bool = False) -> Checked:
    """Check a connection to a vendor.

    Args:
        connection: as Airflow gives it.
        login: whether the Login field has to be filled.
        required: extra fields that have to be filled.
        multiline_secret: whether the Password may have several lines, as a key in PEM has.

    Raises:
        ConfigurationError: with every problem found (CONN_HOST, CONN_SCHEME, CONN_PORT, CONN_SECRET_…, CONN_EXTRA, …).
    """
    extra, problems = read_extra(connection)
    problems += [*_host(connection), *_scheme(connection, extra), *_port(connection), *_secret(connection)]
    problems += list(_control(connection, extra, multiline_secret))
    if login and not (connection.login or "").strip():
        problems.append(Problem("CONN_LOGIN_MISSING", _place(connection, "Login"), "it is blank"))
    problems += [
        Problem("CONN_EXTRA", _place(connection, name), "it is blank", f"fill in {name}") for name in required if not extra.get(name)
    ]
    if problems:
        raise ConfigurationError.from_problems(f"checking connection {connection.conn_id}", problems)
    port = f":{connection.port}" if connection.port else ""
    host = str(connection.host).strip()
    if host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    base_url = f"{_scheme_of(connection)}://{host}{port}"
    return Checked(connection.conn_id, base_url, connection.login or "", connection.password or "", extra)


def read_extra(connection: Connection) -> tuple[dict[str, Any], list[Problem]]:
    """Read a connection's extra fields and check them against its form; what is null or "" counts as not filled in."""
    try:
        loaded = json.loads(connection.extra or "{}")
    except ValueError:
        loaded = None
    if not isinstance(loaded, dict):
        return {}, [Problem("CONN_EXTRA", _place(connection, "Extra"), "it is not a JSON object", "use the form's fields")]
    filled = {name: value for name, value in loaded.items() if value not in (None, "")}
    return filled, list(_wrong_extra(connection, filled))


def _wrong_extra(connection: Connection, filled: Mapping[str, Any]) -> Iterator[Problem]:
    types = provider_info()["connection-types"]
    fields = next(one["conn-fields"] for one in types if one["connection-type"] == connection.conn_type)
    unknown = len(set(filled) - set(fields))
    if unknown:
        found, fix = f"{unknown} key(s) are unknown", "use " + ", ".join(fields)
        yield Problem("CONN_EXTRA", _place(connection, "Extra"), found, fix)
    for name in filled.keys() & fields.keys():
        for error in jsonschema.Draft202012Validator(fields[name]["schema"]).iter_errors(filled[name]):
            yield Problem("CONN_EXTRA", _place(connection, name), f"it breaks the rule {error.validator!r}", fields[name]["description"])
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*/?", str(filled.get("path", ""))) or ".." in str(filled.get("path", "")):
        yield Problem("CONN_EXTRA", _place(connection, "path"), "it is not a plain path", "begin with / and leave out ? and #")


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


def _secret(connection: Connection) -> Iterator[Problem]:
    secret, place = connection.password or "", _place(connection, "Password")
    if not secret.strip():
        yield Problem("CONN_SECRET_MISSING", place, "it is blank")
    elif len(secret) < MIN_SECRET:
        yield Problem("CONN_SECRET_TOO_SHORT", place, f"it has fewer than {MIN_SECRET} characters")
    elif _COMMON.fullmatch(secret):
        yield Problem("CONN_SECRET_WEAK", place, "it is a common word or a number")


def _control(connection: Connection, extra: Mapping[str, Any], multiline_secret: bool) -> Iterator[Problem]:
    secret = re.sub(r"[\r\n]", "", connection.password or "") if multiline_secret else connection.password
    fields = {"Host": connection.host, "Schema": connection.schema, "Login": connection.login, "Password": secret, **extra}
    for name, value in fields.items():
        if isinstance(value, str) and _CONTROL.search(value):
            yield Problem("CONN_BAD_CHARACTER", _place(connection, name), "it holds a line break or a control character")


def _place(connection: Connection, field: str) -> str:
    return f"connection {connection.conn_id}, {field}"
