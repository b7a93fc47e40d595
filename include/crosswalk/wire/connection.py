"""A vendor's connection as its client gets it: checked against the system's connection.toml, everything wrong reported at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jsonschema  # type: ignore[import-untyped]

from crosswalk.core.connection_form import ConnectionForm, FormField, load_form
from crosswalk.errors import ConfigurationError, Problem

_CONTROL = ("Cc", "Cf", "Cs", "Zl", "Zp")


@dataclass(frozen=True)
class ConnectionSettings:
    """Settings of one connection; `settings["office"]` is the field `office` of connection.toml, its default where it was left blank.

    name: the connection id; names the connection in messages and in the rate limit. base_url: scheme, host, port and path.
    fields: may hold secrets. first_wait: seconds before the first retry, None for the client's own; tests shorten it.
    """

    name: str
    base_url: str
    login: str = ""
    password: str = field(default="", repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    first_wait: float | None = None

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def changed(self, **fields: Any) -> ConnectionSettings:
        """Return the same connection with other values in some fields, unchecked."""
        return replace(self, fields={**self.fields, **fields})

    @property
    def requests_per_second(self) -> float:
        """How fast this process may ask; a system whose form lacks the field has another limit."""
        return float(self.fields.get("requests_per_second", 20))

    @property
    def allow_private_network(self) -> bool:
        return bool(self.fields.get("allow_private_network", False))

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """The only hosts the connection may name; none: any."""
        return tuple(filter(None, map(str.strip, str(self.fields.get("allowed_hosts", "")).split(","))))


def connection_settings(
    system: str,
    base_url: str = "",
    *,
    name: str = "",
    login: str = "",
    password: str = "",
    first_wait: float | None = None,
    requests_per_second: float | None = None,
    **fields: Any,
) -> ConnectionSettings:
    """Build the settings of a connection to a system, outside of Airflow.

    fields: as in its connection.toml; None and "" are blank. requests_per_second: taken as it is, even above what the form allows.

    Raises ConfigurationError with every problem found: CONN_LOGIN_MISSING, CONN_SECRET_MISSING, CONN_EXTRA, CONN_BAD_CHARACTER.
    """
    blank = ConnectionSettings(name or system, base_url, login, password, first_wait=first_wait)
    settings = checked(load_form(system), blank, fields)
    return settings if requests_per_second is None else settings.changed(requests_per_second=requests_per_second)


def checked(
    form: ConnectionForm, settings: ConnectionSettings, fields: Mapping[str, Any], found: Iterable[Problem] = ()
) -> ConnectionSettings:
    """Return the settings with these fields in them. found: problems known already, raised along.

    Raises ConfigurationError with every problem.
    """
    filled = filled_in(fields)
    problems = [*found, *_form_problems(form, settings, filled)]
    if problems:
        raise ConfigurationError.from_problems(f"checking connection {settings.name}", problems)
    return replace(settings, fields={**{key: one.default for key, one in form.fields.items()}, **filled})


def filled_in(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is blank."""
    return {key: value for key, value in fields.items() if value not in (None, "")}


def extra_problems(fields: Mapping[str, tuple[Mapping[str, Any], str]], name: str, filled: Mapping[str, Any]) -> Iterator[Problem]:
    """Check fields kept in Extra. fields: JSON Schema and description by key."""
    unknown = len(set(filled) - set(fields))
    if unknown:
        yield Problem("CONN_EXTRA", place(name, "Extra"), f"{unknown} key(s) are unknown", "use " + ", ".join(fields))
    for key, (schema, description) in fields.items():
        for error in jsonschema.Draft202012Validator(schema).iter_errors(filled.get(key)):
            yield Problem("CONN_EXTRA", place(name, key), f"it breaks the rule {error.validator!r}", description)


def place(name: str, label: str) -> str:
    """Name a field of a connection in a message."""
    return f"connection {name}, {label}"


def _form_problems(form: ConnectionForm, settings: ConnectionSettings, filled: Mapping[str, Any]) -> Iterator[Problem]:
    name = settings.name
    yield from extra_problems({key: (one.schema, one.description) for key, one in form.fields.items()}, name, filled)
    yield from _login_problems("CONN_LOGIN_MISSING", form.login, place(name, "Login"), settings.login)
    yield from _login_problems("CONN_SECRET_MISSING", form.password, place(name, "Password"), settings.password)
    for key, one in form.fields.items():
        if one.required and key not in filled:
            yield Problem("CONN_EXTRA", place(name, key), "it is blank", f"fill in {one.label}")
        yield from _character_problems(one, place(name, key), filled.get(key))


def _login_problems(code: str, declared: FormField | None, where: str, value: str) -> Iterator[Problem]:
    if declared is None:
        return
    if declared.required and not value.strip():
        yield Problem(code, where, "it is blank", f"fill in the {declared.label}")
    elif value and not jsonschema.Draft202012Validator(declared.schema).is_valid(value):
        yield Problem("CONN_EXTRA", where, f"it is not a valid {declared.label}", declared.description or "copy it from the vendor")
    yield from _character_problems(declared, where, value)


def _character_problems(declared: FormField, where: str, value: object) -> Iterator[Problem]:
    if not isinstance(value, str):
        return
    text = re.sub(r"[\r\n]", "", value) if declared.multiline else value
    if any(unicodedata.category(character) in _CONTROL for character in text):
        yield Problem("CONN_BAD_CHARACTER", where, "it holds a line break or a control character", "type it again")
    elif declared.ascii_only and not text.isascii():
        yield Problem("CONN_BAD_CHARACTER", where, "it holds a character that cannot be sent in a header", "type it again")
