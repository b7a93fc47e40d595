"""Businesses and users of an FMO: made once, found again, never made twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from crosswalk.core.converters import email_key
from crosswalk.core.npn import provisioned_npn
from crosswalk.errors import ConfigurationError, Problem
from crosswalk.systems.agent_crm.client import AgentCrmClient
from crosswalk.systems.agent_crm.payloads import JsonObject, schema_error, text_of


@dataclass(frozen=True)
class BusinessRequest:
    """What the activity "Provision New Agent Business" asks for. key: names the business for good, such as the agent record's id."""

    key: str
    name: str
    kind: Literal["agent", "agency"]
    npn: str


@dataclass(frozen=True)
class UserRequest:
    """One user of a business; each has an e-mail of their own."""

    email: str
    first_name: str
    last_name: str
    npn: str


@dataclass(frozen=True)
class BusinessFacts:
    """A business as it stands. npns: whose policies may be in it."""

    business_id: str
    name: str
    kind: str
    npns: tuple[str, ...]
    policy_sync: bool


def check_request(business: BusinessRequest, users: Sequence[UserRequest]) -> None:
    """Check what was asked before anything is made. Raises ConfigurationError with every problem (PROVISION_REQUIRED, NPN_…)."""
    problems = [*_blank("the business", vars(business)), *(one for user in users for one in _blank("a user", vars(user)))]
    for place, npn in (("the business", business.npn), *(("a user", user.npn) for user in users)):
        try:
            provisioned_npn(npn, place)
        except ConfigurationError as error:
            problems.append(Problem(error.code, place, error.found, error.fix))
    if users and business.npn not in {user.npn for user in users}:
        problems.append(Problem("PROVISION_REQUIRED", "the users", "none has the NPN of the business", "name the business's own user"))
    keys = [email_key(user.email) for user in users]
    if len(set(keys)) != len(keys):
        problems.append(Problem("NPN_EMAIL_TAKEN", "the users", "two of them have one e-mail", "give each user an e-mail of their own"))
    if problems:
        raise ConfigurationError.from_problems("checking what is to be provisioned", problems)


def find_business(fmo: AgentCrmClient, key: str) -> BusinessFacts | None:
    """Find the business of a key; None before it was made."""
    doing = fmo.doing("looking for a business")
    found = fmo.listed("/businesses", {"external_key": key}, doing)
    return _facts(found[0], doing) if found else None


def make_business(fmo: AgentCrmClient, business: BusinessRequest) -> BusinessFacts:
    """Make a business, or find the one of its key.

    Raises ConfigurationError PROVISION_OTHER_NPN when the business of that key is somebody else's.
    """
    doing = fmo.doing("making a business")
    body = {"external_key": business.key, "name": business.name, "kind": business.kind, "npn": business.npn}
    facts = _facts(fmo.call("POST", "/businesses", doing, body), doing)
    if business.npn not in facts.npns:
        raise ConfigurationError(
            "PROVISION_OTHER_NPN",
            doing=doing,
            found="the business of this key has another NPN",
            fix="check the agent's record: a key is never used for two",
        )
    return facts


def add_user(fmo: AgentCrmClient, business_id: str, user: UserRequest) -> None:
    """Add a user, or find the same one. Raises ConfigurationError NPN_EMAIL_TAKEN when somebody else has the e-mail."""
    fmo.call("POST", f"/businesses/{quote(business_id, safe='')}/users", fmo.doing("adding a user"), vars(user))


def read_business(fmo: AgentCrmClient, business_id: str) -> BusinessFacts:
    """Read a business by its id."""
    doing = fmo.doing("reading a business")
    return _facts(fmo.call("GET", f"/businesses/{quote(business_id, safe='')}", doing), doing)


def switch_sync(fmo: AgentCrmClient, business_id: str, *, on: bool) -> BusinessFacts:
    """Enable or disable Policy Sync."""
    doing = fmo.doing("switching Policy Sync")
    return _facts(fmo.call("PATCH", f"/businesses/{quote(business_id, safe='')}", doing, {"policy_sync": on}), doing)


def _blank(place: str, values: dict[str, Any]) -> list[Problem]:
    blank = [name for name, value in values.items() if not value.strip()]
    return [Problem("PROVISION_REQUIRED", f"{place}, {name}", "it is blank", "fill it in") for name in blank]


def _facts(answer: JsonObject | Any, doing: str) -> BusinessFacts:
    if not isinstance(answer, dict):
        raise schema_error(doing, "a business")
    npns, sync = answer.get("npns"), answer.get("policy_sync")
    if not isinstance(npns, list) or not all(isinstance(npn, str) for npn in npns) or not isinstance(sync, bool):
        raise schema_error(doing, "npns or policy_sync")
    texts = {name: text_of(answer, name, doing) for name in ("id", "name", "kind")}
    return BusinessFacts(texts["id"], texts["name"], texts["kind"], tuple(npns), sync)
