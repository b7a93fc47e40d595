"""The accounts of an integration: which connections, which records, how often. What the user edits, checked as a whole."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

import crosswalk
from crosswalk.core.documents import scan_section, scan_toml
from crosswalk.core.safety_spec import SafetySpec
from crosswalk.core.spec import load_spec, resolve_integration
from crosswalk.core.suggestions import quoted
from crosswalk.errors import ConfigurationError, Problem

ACCOUNT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

ConnectionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,200}$")]
GroupName = Annotated[str, StringConstraints(pattern=r"\S")]
Frequency = Literal["daily", "manual"]


@dataclass(frozen=True)
class AccountSettings:
    """One account. source, target: Airflow connection ids. scope: tag group names or ids, None for all records.

    safety: numbers of the integration's spec that this account tightens.
    """

    name: str
    integration: str
    source: str
    target: str
    scope: tuple[str, ...] | None
    frequency: Frequency
    safety: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Names the settings: it changes when any of them does."""
        scope = None if self.scope is None else sorted(self.scope)
        content = [self.name, self.integration, self.source, self.target, scope, self.frequency, dict(self.safety)]
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class AccountSection(BaseModel):
    """One account's table in the accounts file."""

    model_config = ConfigDict(strict=True)

    source: ConnectionId
    target: ConnectionId
    scope: Literal["all"] | list[GroupName]
    frequency: Frequency
    safety: dict[str, Any] = {}


def accounts_folder() -> Path:
    """Return where accounts files are: CROSSWALK_ACCOUNTS, else `accounts` beside the package."""
    given = os.environ.get("CROSSWALK_ACCOUNTS")
    return Path(given) if given else Path(crosswalk.__file__).parents[1] / "accounts"


def load_accounts(integration: str, folder: Path | None = None) -> dict[str, AccountSettings]:
    """Read all accounts of an integration (full or short name) by name. Raises ConfigurationError with every problem found."""
    spec = load_spec(resolve_integration(integration))
    place = f"{spec.short}.toml"
    document, problems = scan_toml((folder or accounts_folder()) / place, place, "ACCOUNT")
    accounts: dict[str, AccountSettings] = {}
    for name, raw in document.items():
        settings, found = _scan_account(name, raw, place, spec.name, spec.safety)
        problems += found
        if settings is not None:
            accounts[name] = settings
    problems += _binding_problems(accounts, place)
    if not problems and not accounts:
        problems.append(Problem("ACCOUNT_NONE", place, "no account is declared", "write one table per account"))
    if problems:
        raise ConfigurationError.from_problems(f"reading the accounts of {spec.name}", problems)
    return accounts


def _scan_account(name: str, raw: Any, place: str, integration: str, safety: SafetySpec) -> tuple[AccountSettings | None, list[Problem]]:
    where = f"{place} [{quoted(name)[1:-1]}]"
    section, problems = scan_section(AccountSection, raw, where, "ACCOUNT")
    if not ACCOUNT_NAME.fullmatch(name):
        fix = "use up to 63 of a-z, 0-9, _ and -, beginning with a letter or digit"
        problems.append(Problem("ACCOUNT_NAME", where, "not a name for an account", fix))
    if section is None:
        return None, problems
    problems += _scope_problems(section, where)
    problems += safety.scan_overrides(section.safety, f"{where} safety", "ACCOUNT")[1]
    scope = None if section.scope == "all" else tuple(section.scope)
    return AccountSettings(name, integration, section.source, section.target, scope, section.frequency, section.safety), problems


def _scope_problems(section: AccountSection, where: str) -> Iterator[Problem]:
    if section.scope == []:
        yield Problem("ACCOUNT_SCOPE", f"{where} scope", "no tag group is named", 'name some, or write "all"')
    elif len(set(section.scope)) != len(section.scope) and section.scope != "all":
        yield Problem("ACCOUNT_SCOPE", f"{where} scope", "a tag group is named twice", "name each once")


def _binding_problems(accounts: Mapping[str, AccountSettings], place: str) -> Iterator[Problem]:
    """One account, one source, one target: no connection serves two (FMG-02)."""
    holders: dict[tuple[str, str], str] = {}
    for name, settings in accounts.items():
        for side, connection in (("source", settings.source), ("target", settings.target)):
            holder = holders.setdefault((side, connection), name)
            if holder != name:
                found = f"connection {connection} is the {side} of account {holder} already"
                yield Problem("CONN_ALREADY_BOUND", f"{place} [{name}] {side}", found, "give each account connections of its own")
