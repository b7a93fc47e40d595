"""The accounts of an integration, wherever they are kept: tables in include/accounts, or businesses in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk.core.account_settings import AccountSettings
from crosswalk.features.tenancy.businesses import accounts_of
from crosswalk.features.tenancy.feature import is_provisioned
from crosswalk.integrations.accounts import load_accounts
from crosswalk.integrations.specs import load_spec, resolve_integration

if TYPE_CHECKING:
    from crosswalk.store.store import Store


def all_accounts(integration: str, store: Store | None = None) -> dict[str, AccountSettings]:
    """Read all accounts of an integration (full or short name) by name.

    store: where businesses are kept, the one behind `crosswalk_store` when left out; it is opened only for an integration that has them.
    Raises ConfigurationError with every problem found.
    """
    spec, tables = load_spec(resolve_integration(integration)), load_accounts(integration)
    if not is_provisioned(spec):
        return tables
    from crosswalk.features.tenancy.business_log import BusinessLog
    from crosswalk.orchestration.resources import open_store

    return accounts_of(tables, BusinessLog((store or open_store()).engine).all(spec.name))
