"""Reads the accounts of an integration: what the user edits, checked as a whole against the spec."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import jsonschema  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict, StringConstraints

import crosswalk
from crosswalk.core.account_settings import ACCOUNT_NAME, DEFAULT_ZONE, AccountSettings
from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.core.toml_reader import scan_section, scan_toml
from crosswalk.errors import ConfigurationError, Problem
from crosswalk.integrations.specs import load_spec, resolve_integration

ConnectionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,200}$")]
GroupName = Annotated[str, StringConstraints(pattern=r"\S")]


class AccountSection(BaseModel):
    """What any account's table holds; the settings of the integration's spec stand beside it."""

    model_config = ConfigDict(strict=True)

    system: str = ""
    source: ConnectionId
    target: ConnectionId
    scope: Literal["all"] | list[GroupName] | None = None
    frequency: str
    zone: str = DEFAULT_ZONE
    safety: dict[str, Any] = {}


def accounts_folder() -> Path:
    """Return where accounts files are: CROSSWALK_ACCOUNTS, else `accounts` beside the package."""
    given = os.environ.get("CROSSWALK_ACCOUNTS")
    return Path(given) if given else Path(crosswalk.__file__).parents[1] / "accounts"


def spec_of(account: AccountSettings) -> IntegrationSpec:
    """Read the integration of an account as its source is read: with that system's mapping tables. Raises ConfigurationError."""
    return load_spec(account.integration, source=account.system)


def load_accounts(integration: str, folder: Path | None = None) -> dict[str, AccountSettings]:
    """Read all accounts of an integration (full or short name) by name. Raises ConfigurationError with every problem found."""
    spec = load_spec(resolve_integration(integration))
    place = f"{spec.accounts}.toml"
    document, problems = scan_toml((folder or accounts_folder()) / place, place, "ACCOUNT")
    accounts: dict[str, AccountSettings] = {}
    for name, raw in document.items():
        settings, found = _scan_account(name, raw, place, spec)
        problems += found
        if settings is not None:
            accounts[name] = settings
    problems += _binding_problems(accounts, place)
    if not problems and not accounts:
        problems.append(Problem("ACCOUNT_NONE", place, "no account is declared"))
    if problems:
        raise ConfigurationError.from_problems(f"reading the accounts of {spec.name}", problems)
    return accounts


def _scan_account(name: str, raw: Any, place: str, spec: IntegrationSpec) -> tuple[AccountSettings | None, list[Problem]]:
    where = f"{place} [{quoted(name)[1:-1]}]"
    own = {key: raw[key] for key in raw if key in spec.settings} if isinstance(raw, Mapping) else {}
    shared = {key: raw[key] for key in raw if key not in own} if isinstance(raw, Mapping) else raw
    section, problems = scan_section(AccountSection, shared, where, "ACCOUNT")
    if not ACCOUNT_NAME.fullmatch(name):
        problems.append(Problem("ACCOUNT_NAME", where, "not a name for an account"))
    problems += _option_problems(own, spec, where)
    if section is None:
        return None, problems
    problems += [*_scope_problems(section, spec, where), *_time_problems(section, spec, where), *_system_problems(section, spec, where)]
    problems += spec.safety.scan_overrides(section.safety, f"{where} safety", "ACCOUNT")[1]
    scope = tuple(section.scope) if isinstance(section.scope, list) else None
    options = {key: own.get(key, schema["default"]) for key, schema in spec.settings.items()}
    settings = AccountSettings(
        name=name,
        integration=spec.name,
        source=section.source,
        target=section.target,
        scope=scope,
        frequency=section.frequency,
        safety=section.safety,
        zone=section.zone,
        options=options,
        system=section.system or spec.source,
    )
    return settings, problems


def _option_problems(own: Mapping[str, Any], spec: IntegrationSpec, where: str) -> Iterator[Problem]:
    for key, value in own.items():
        for error in jsonschema.Draft202012Validator(spec.settings[key]).iter_errors(value):
            fix = str(spec.settings[key]["description"])
            yield Problem(
                "ACCOUNT_TYPE", f"{where} {key}", f"it breaks the rule {error.validator} {json.dumps(error.validator_value)}", fix
            )


def _time_problems(section: AccountSection, spec: IntegrationSpec, where: str) -> Iterator[Problem]:
    if section.frequency not in spec.frequencies:
        found = f"{quoted(section.frequency)} is none of its frequencies"
        yield Problem("ACCOUNT_TYPE", f"{where} frequency", found, f"choose {' or '.join(spec.frequencies)}")
    try:
        ZoneInfo(section.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        found = f"{quoted(section.zone)} is no time zone{did_you_mean(section.zone, available_timezones())}"
        yield Problem("ACCOUNT_ZONE", f"{where} zone", found)


def _system_problems(section: AccountSection, spec: IntegrationSpec, where: str) -> Iterator[Problem]:
    """Where an integration reads from several systems, the account says which its source is."""
    if not section.system and len(spec.sources) > 1:
        yield Problem("ACCOUNT_MISSING_KEY", f"{where} system", "the key is missing", f"choose {' or '.join(spec.sources)}")
    elif section.system and section.system not in spec.sources:
        found = f"{quoted(section.system)} is no source of {spec.name}{did_you_mean(section.system, spec.sources)}"
        yield Problem("ACCOUNT_SYSTEM", f"{where} system", found, f"choose {' or '.join(spec.sources)}")


def _scope_problems(section: AccountSection, spec: IntegrationSpec, where: str) -> Iterator[Problem]:
    """Where records can be chosen by group, the account has to say so: nothing travels because a line was forgotten."""
    if section.scope is None:
        if any(entity.scope_field for entity in spec.entities):
            yield Problem("ACCOUNT_MISSING_KEY", f"{where} scope", "the key is missing")
    elif section.scope == []:
        yield Problem("ACCOUNT_SCOPE", f"{where} scope", "no tag group is named")
    elif section.scope != "all" and len(set(section.scope)) != len(section.scope):
        yield Problem("ACCOUNT_SCOPE", f"{where} scope", "a tag group is named twice")


def _binding_problems(accounts: Mapping[str, AccountSettings], place: str) -> Iterator[Problem]:
    """One account, one source, one target: no connection serves two (FMG-02)."""
    holders: dict[tuple[str, str], str] = {}
    for name, settings in accounts.items():
        for side, connection in (("source", settings.source), ("target", settings.target)):
            holder = holders.setdefault((side, connection), name)
            if holder != name:
                found = f"connection {connection} is the {side} of account {holder} already"
                yield Problem("CONN_ALREADY_BOUND", f"{place} [{name}] {side}", found)
