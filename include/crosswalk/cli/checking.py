"""`crosswalk accounts check`: everything that can be known before a run, each part on a line of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosswalk.core.account_settings import AccountSettings
from crosswalk.errors import ConfigurationError, CrosswalkError
from crosswalk.integrations.accounts import accounts_folder, spec_of
from crosswalk.integrations.specs import integration_names, load_spec, resolve_integration


def check_accounts(integration: str | None, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Check the named accounts, or all; returns {integration, account, part, ok, message} a part."""
    from crosswalk.orchestration.all_accounts import all_accounts

    names = [resolve_integration(integration)] if integration else _with_accounts()
    results: list[dict[str, Any]] = []
    for name in names:
        try:
            spec, accounts = load_spec(name), all_accounts(name)
        except ConfigurationError as error:
            problems = error.problems or (error,)
            results += [_line(name, "", "tables", ok=False, message=str(problem)) for problem in problems]
            continue
        results.append(_line(name, "", "tables", ok=True, message=f"{len(spec.entities)} entities, {len(accounts)} accounts"))
        for account in _chosen(accounts, wanted):
            results += _connections(account)
    return results


def _with_accounts() -> list[str]:
    """Name the integrations somebody runs: those with a file of accounts."""
    return [name for name in integration_names() if (accounts_folder() / f"{load_spec(name).accounts}.toml").is_file()]


def _chosen(accounts: dict[str, AccountSettings], wanted: Sequence[str]) -> list[AccountSettings]:
    unknown = sorted(set(wanted) - set(accounts))
    if unknown:
        raise ConfigurationError(
            "ACCOUNT_UNKNOWN",
            operation="checking accounts",
            problem=f"no account is named {', '.join(unknown)}",
            next_step=f"choose among {', '.join(accounts)}",
        )
    return [account for name, account in accounts.items() if not wanted or name in wanted]


def _connections(account: AccountSettings) -> list[dict[str, Any]]:
    from crosswalk.orchestration.resources import source_hook, target_hook

    spec, lines = spec_of(account), []
    source = (spec.source, account.source, source_hook(spec.source, account))
    target = (spec.target, account.target, target_hook(spec.target, account))
    for system, connection, hook in (source, target):
        try:
            ok, message = hook.test_connection()
        except CrosswalkError as error:
            ok, message = False, str(error)
        lines.append(_line(spec.name, account.name, f"{system} ({connection})", ok=ok, message=message))
    return lines


def _line(integration: str, account: str, part: str, *, ok: bool, message: str) -> dict[str, Any]:
    return {"integration": integration, "account": account, "part": part, "ok": ok, "message": message}
