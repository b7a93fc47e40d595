"""Where an FMO's businesses and their users are made, and what is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class BusinessRequest:
    """What the activity "Provision New Agent Business" asks for.

    key: names the business for good, as the agent's record is named. kind: agent or agency.
    """

    key: str
    name: str
    kind: str
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
    """A business as it stands in the target. npns: whose policies may be in it."""

    business_id: str
    name: str
    kind: str
    npns: tuple[str, ...]
    policy_sync: bool


class Businesses(Protocol):
    """Where businesses are made. Each call may be repeated: what is there already is found again."""

    def make(self, business: BusinessRequest) -> BusinessFacts:
        """Make a business, or find the one of its key. Raises ConfigurationError PROVISION_OTHER_NPN when that is somebody else's."""

    def add_user(self, business_id: str, user: UserRequest) -> None:
        """Add a user, or find the same one. Raises ConfigurationError NPN_EMAIL_TAKEN when somebody else has the e-mail."""

    def read(self, business_id: str) -> BusinessFacts:
        """Read a business by its id."""

    def switch_sync(self, business_id: str, *, on: bool) -> BusinessFacts:
        """Enable or disable Policy Sync."""
