"""What the tables say, read again only when they change: specs and accounts, however many there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from crosswalk.console.open_resources import open_store
from crosswalk.core.account_settings import ACCOUNT_NAME, AccountSettings
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.errors import ConfigurationError
from crosswalk.features.tenancy import businesses
from crosswalk.features.tenancy.business_log import BusinessLog
from crosswalk.features.tenancy.feature import is_provisioned
from crosswalk.integrations.accounts import accounts_folder, load_accounts
from crosswalk.integrations.specs import load_spec


@dataclass(frozen=True)
class Configured:
    """The accounts of one integration; when their file cannot be used there are none, and `problem` says why."""

    accounts: Mapping[str, AccountSettings]
    problem: str = ""


@lru_cache(maxsize=64)
def spec_of(integration: str) -> IntegrationSpec:
    """Read a spec, once: it is part of the installed package."""
    return load_spec(integration)


def accounts_of(integration: str) -> Configured:
    """Read the accounts of an integration, again when their file has changed; none when it is not used and has no file.

    Businesses are read from the store each time: somebody may have one made at any moment.
    """
    path = accounts_folder() / f"{spec_of(integration).accounts}.toml"
    try:
        state = path.stat()
    except OSError:
        return Configured({})
    tables = _read(integration, path, state.st_mtime_ns, state.st_size)
    if not is_provisioned(spec_of(integration)):
        return tables
    return Configured(businesses.accounts_of(tables.accounts, BusinessLog(open_store().engine).all(integration)), tables.problem)


def known_account(integration: str, account: str) -> bool:
    """Tell whether there is or was an account of that name."""
    if not ACCOUNT_NAME.fullmatch(account):
        return False
    return account in accounts_of(integration).accounts or bool(open_store().runs.latest(integration, account, limit=1))


@lru_cache(maxsize=64)
def _read(integration: str, path: Path, _changed: int, _size: int) -> Configured:
    try:
        return Configured(load_accounts(integration, path.parent))
    except ConfigurationError as error:
        return Configured({}, str(error))
