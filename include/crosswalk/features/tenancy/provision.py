"""What administrators ask of businesses: make one, enable or disable its sync, add an agent. Each may be asked again without harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from crosswalk.errors import ConfigurationError
from crosswalk.features.tenancy.business_log import BusinessLog
from crosswalk.features.tenancy.businesses import AGENCY, Business, account_name, check_request
from crosswalk.features.tenancy.ports import Businesses, BusinessRequest, UserRequest
from crosswalk.store.store import Store


@dataclass(frozen=True)
class Desk:
    """Who asks, and where it is carried out. fmo: name of the FMO's table; by: the administrator."""

    integration: str
    fmo: str
    store: Store
    businesses: Businesses
    by: str

    @property
    def log(self) -> BusinessLog:
        return BusinessLog(self.store.engine)


def provision(desk: Desk, asked: BusinessRequest, users: Sequence[UserRequest], *, sync: bool, dry_run: bool = False) -> Business:
    """Make a business and its users, or find them, and keep it as an account. sync: enable Policy Sync.

    dry_run: nothing is made; the account is kept as one that is only meant, so that it can be shown what would go. Raises
    ConfigurationError with everything that is wrong with what was asked.
    """
    check_request(asked, users)
    account = account_name(desk.fmo, asked.npn)
    npns = tuple(dict.fromkeys([asked.npn, *(user.npn for user in users)]))
    known = desk.log.find(desk.integration, account)
    if dry_run and known is not None and known.business_id:
        return known
    meant = Business(desk.integration, account, desk.fmo, "", asked.kind, npns, False, desk.by, datetime.now(UTC))
    if dry_run:
        return desk.log.keep(meant)
    made = desk.businesses.make(asked)
    for user in users:
        desk.businesses.add_user(made.business_id, user)
    on = desk.businesses.switch_sync(made.business_id, on=True) if sync else made
    kept = desk.log.keep(replace(meant, business_id=made.business_id, policy_sync=on.policy_sync))
    _record(desk, "business_provisioned", kept)
    return kept


def enable(desk: Desk, account: str) -> Business:
    """Enable a business's Policy Sync. Raises ConfigurationError BUSINESS_UNKNOWN."""
    return _switch(desk, account, on=True)


def disable(desk: Desk, account: str) -> Business:
    """Disable a business's Policy Sync: it keeps what it has and gets nothing more. Raises ConfigurationError BUSINESS_UNKNOWN."""
    return _switch(desk, account, on=False)


def add_agent(desk: Desk, account: str, user: UserRequest) -> Business:
    """Add a user, whose NPN brings its policies with the next sync.

    Raises ConfigurationError BUSINESS_UNKNOWN, PROVISION_REQUIRED, NPN_INVALID, NPN_EMAIL_TAKEN.
    """
    business = made_business(desk.store, desk.integration, account)
    check_request(BusinessRequest(account, account, AGENCY, user.npn), [user])
    desk.businesses.add_user(business.business_id, user)
    kept = desk.log.keep(replace(business, npns=(*business.npns, user.npn)))
    _record(desk, "agent_added", kept)
    return kept


def made_business(store: Store, integration: str, account: str) -> Business:
    """Find a business that was made. Raises ConfigurationError BUSINESS_UNKNOWN."""
    business = BusinessLog(store.engine).find(integration, account)
    if business is None or not business.business_id:
        raise ConfigurationError(
            "BUSINESS_UNKNOWN",
            operation=f"looking for the business {account}",
            problem="it was not provisioned" if business is None else "only a dry run asked for it: it is not made",
        )
    return business


def _switch(desk: Desk, account: str, *, on: bool) -> Business:
    business = made_business(desk.store, desk.integration, account)
    facts = desk.businesses.switch_sync(business.business_id, on=on)
    kept = desk.log.keep(replace(business, policy_sync=facts.policy_sync))
    _record(desk, "sync_enabled" if on else "sync_disabled", kept)
    return kept


def _record(desk: Desk, event: str, business: Business) -> None:
    details = {"business": business.business_id, "npns": len(business.npns), "policy_sync": business.policy_sync}
    desk.store.audit.append(event, desk.integration, business.account, desk.by, details)
