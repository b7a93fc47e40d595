"""Which accounts a run is for, and whether what was asked of it may be asked. No Airflow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time
from typing import Any

import jsonschema  # type: ignore[import-untyped]

from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.schedule_windows import nights
from crosswalk.errors import ConfigurationError, Problem

MAX_ACCOUNTS = 1000
"""Airflow maps a task over at most 1,024 values ([core] max_map_length)."""

MAX_CONF_CHARACTERS = 65_536

Interval = tuple[datetime, datetime]
"""Start and end of a data interval, in UTC."""

_STALE = re.compile(r"(^|_)(snapshot|generation|as_of|fence|plan|plan_hash)(_|$)")
_GUARD = re.compile(
    r"^(max|min|skip|force|ignore|disable|bypass|no|without|allow|approve|approved|override|unsafe|safety|limits?|guards?|deletes?|"
    r"slice|floor)(_|$)"
)


def check_conf(conf: object, schemas: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a run configuration that is not exactly what the trigger form offers.

    Raises ConfigurationError with all problems: CONF_STALE (asks for a past snapshot), CONF_FORBIDDEN (would loosen a guard),
    CONF_INVALID (unknown key, wrong type, too large).
    """
    problems = list(_problems(conf, schemas))
    if problems:
        raise ConfigurationError.from_problems("reading the run's configuration", problems)


def choose(
    accounts: Mapping[str, AccountSettings],
    wanted: Sequence[str],
    *,
    on_demand: bool,
    interval: Interval | None = None,
    setting: str = "",
) -> list[str]:
    """Return the accounts to run, in the order of the file.

    Args:
        accounts: all that are configured.
        wanted: names asked for; empty means all.
        on_demand: False leaves out accounts whose frequency is "manual", unless they are asked for.
        interval: of a DAG that runs every hour for accounts in many zones: only those whose local night begins in it (setting `at`).
        setting: one of the spec's; accounts in which it is empty are left out, whoever asks, and all others are due at any time.

    Raises:
        ConfigurationError: ACCOUNT_UNKNOWN, ACCOUNT_TOO_MANY.
    """
    unknown = [name for name in wanted if name not in accounts]
    if unknown:
        raise ConfigurationError(
            "ACCOUNT_UNKNOWN",
            operation="choosing the accounts of the run",
            problem="no account is named " + ", ".join(map(_shown, unknown)),
            next_step="choose among " + ", ".join(accounts),
        )
    at_any_time = on_demand or bool(setting)
    due = [name for name, account in accounts.items() if name in wanted or (not wanted and _due(account, at_any_time, interval))]
    chosen = [name for name in due if not setting or accounts[name].options.get(setting)]
    if len(chosen) > MAX_ACCOUNTS:
        raise ConfigurationError(
            "ACCOUNT_TOO_MANY",
            operation="choosing the accounts of the run",
            problem=f"{len(chosen)} accounts, one run takes {MAX_ACCOUNTS}",
        )
    return chosen


def _shown(name: str) -> str:
    """A name as it may stand in a message: whatever is not a possible name stays unseen."""
    return name if re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", name) else "(not a possible name)"


def _due(account: AccountSettings, on_demand: bool, interval: Interval | None) -> bool:
    if on_demand or interval is None or account.frequency == "hourly":
        return on_demand or account.frequency != "manual"
    at = time.fromisoformat(account.options["at"])
    return any(nights(account.frequency, at, account.zone, *interval))


def _problems(conf: object, schemas: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    if not isinstance(conf, Mapping):
        yield Problem(
            "CONF_INVALID", "run configuration", "it is not an object", 'write it as a JSON object, such as {"accounts": ["summit"]}'
        )
        return
    if len(json.dumps(conf)) > MAX_CONF_CHARACTERS:
        yield Problem("CONF_INVALID", "run configuration", "it is larger than 64 kB", "name fewer accounts")
        return
    for number, (key, value) in enumerate(conf.items(), 1):
        if key in schemas:
            yield from _wrong_value(key, value, schemas[key])
        else:
            yield _unknown(number, str(key), schemas)


def _wrong_value(key: str, value: object, schema: Mapping[str, Any]) -> Iterator[Problem]:
    for error in jsonschema.Draft202012Validator(schema).iter_errors(value):
        yield Problem("CONF_INVALID", f"run configuration, {key}", f"it breaks the rule {error.validator!r}", f"see {key} in the form")


def _unknown(number: int, key: str, schemas: Mapping[str, object]) -> Problem:
    place, name = f"run configuration, key {number}", re.sub(r"\W+", "_", key).lower()
    if _STALE.search(name):
        found = "it asks for a past state; a sync delivers what the source holds now"
        return Problem("CONF_STALE", place, found)
    if _GUARD.search(name):
        found = "it would loosen a guard"
        return Problem("CONF_FORBIDDEN", place, found)
    return Problem("CONF_INVALID", place, "the key is unknown", "use " + ", ".join(schemas))
