"""Businesses an FMO provisions for its agents, as accounts: the checks of a request, what is kept, and the settings derived from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crosswalk.core.account_settings import ACCOUNT_NAME, AccountSettings
from crosswalk.core.converters import email_key
from crosswalk.core.npn import provisioned_npn
from crosswalk.core.spec.model import BUSINESS, NPNS
from crosswalk.errors import ConfigurationError, Problem
from crosswalk.features.tenancy.ports import BusinessRequest, UserRequest

AGENT, AGENCY = "agent", "agency"
KIND, ADMINISTRATORS = "kind", "administrators"
"""Settings beside `business` and `npns`: the business's kind, and who may ask for anything (of the FMO's table)."""


@dataclass(frozen=True)
class Business:
    """A provisioned business as we keep it: an account of its integration. Nobody's name and no e-mail.

    account: its name. fmo: name of the FMO's table. business_id: "" until it is made. npns: whose policies may be in it, its own first.
    policy_sync: whether it may be filled. made_by: the administrator who asked.
    """

    integration: str
    account: str
    fmo: str
    business_id: str
    kind: str
    npns: tuple[str, ...]
    policy_sync: bool
    made_by: str
    made_at: datetime


def check_request(business: BusinessRequest, users: Sequence[UserRequest]) -> None:
    """Check what was asked before anything is made. Raises ConfigurationError with every problem (PROVISION_REQUIRED, NPN_…)."""
    problems = [*_blank("the business", vars(business)), *(one for user in users for one in _blank("a user", vars(user)))]
    for place, npn in (("the business", business.npn), *(("a user", user.npn) for user in users)):
        try:
            provisioned_npn(npn, place)
        except ConfigurationError as error:
            problems.append(Problem(error.code, place, error.problem, error.next_step))
    if users and business.npn not in {user.npn for user in users}:
        problems.append(
            Problem(
                "PROVISION_REQUIRED",
                "the users",
                "none has the NPN of the business",
                "add the business's own user, with the NPN of the business",
            )
        )
    if business.kind not in (AGENT, AGENCY):
        problems.append(Problem("PROVISION_REQUIRED", "the business, kind", "it is neither agent nor agency", "choose agent or agency"))
    if business.kind == AGENT and len({user.npn for user in users}) > 1:
        problems.append(Problem("PROVISION_REQUIRED", "the users", "an agent has one NPN", "choose agency, or leave further users out"))
    keys = [email_key(user.email) for user in users]
    if len(set(keys)) != len(keys):
        problems.append(Problem("NPN_EMAIL_TAKEN", "the users", "two of them have one e-mail"))
    if problems:
        raise ConfigurationError.from_problems("checking what is to be provisioned", problems)


def account_name(fmo: str, npn: str) -> str:
    """Name the account of a business by its FMO and its own NPN. Raises ConfigurationError ACCOUNT_NAME."""
    name = f"{fmo}-{npn}"
    if ACCOUNT_NAME.fullmatch(name):
        return name
    raise ConfigurationError(
        "ACCOUNT_NAME", operation=f"naming a business of {fmo}", problem="the name is too long", next_step="shorten the FMO's name"
    )


def accounts_of(fmos: Mapping[str, AccountSettings], businesses: Iterable[Business]) -> dict[str, AccountSettings]:
    """Give the accounts that businesses are, by name. fmos: the tables of the accounts file; a business without one is no account."""
    return {one.account: settings_of(one, fmos[one.fmo]) for one in businesses if one.fmo in fmos}


def settings_of(business: Business, fmo: AccountSettings) -> AccountSettings:
    """Derive a business's settings: the FMO's connection reads and writes, the business and its NPNs say what and where."""
    options = {**fmo.options, BUSINESS: business.business_id, NPNS: list(business.npns), KIND: business.kind}
    return replace(
        fmo, name=business.account, source=fmo.target, target=fmo.target, scope=business.npns, frequency="manual", options=options
    )


def _blank(place: str, values: dict[str, str]) -> list[Problem]:
    blank = [name for name, value in values.items() if not value.strip()]
    return [Problem("PROVISION_REQUIRED", f"{place}, {name}", "it is blank") for name in blank]
