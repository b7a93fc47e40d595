"""One agent's or agency's share of an FMO's business: the policies its NPNs wrote, and the people on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosswalk.core.ports import Page, Row, Source, Target
from crosswalk.errors import AuthRefused, ConfigurationError
from crosswalk.features.tenancy.businesses import AGENT, KIND
from crosswalk.features.tenancy.member_dedup import CONTACT_FIELDS, contacts_of, members_of, written_by
from crosswalk.features.tenancy.ports import Businesses
from crosswalk.features.tenancy.provisioning_facts import ProvisioningFacts, facts_of

POLICY, MEMBER, CONTACT = "policy", "member", "contact"
PAGE_SIZE = 500
"""Contacts on one page: as many as the vendor puts on a page of policies."""


class AgentShare:
    """Implements core.ports.Source and core.capabilities.RemarkingSource. It reads only within a scope of NPNs.

    fmo: the FMO's own business as a source. businesses: those the FMO made. business: id of the one that is filled, "" before it is
    made. there: that business as a target, so that people keep the contacts they have.
    """

    def __init__(self, fmo: Source, businesses: Businesses, business: str, there: Target) -> None:
        self._source = fmo
        self._businesses = businesses
        self._business = business.lower()
        self._there = there
        self._facts: ProvisioningFacts | None = None

    def identity(self) -> str:
        """Name the share: an FMO's business feeds many, each its own part."""
        return f"{self._source.identity()}/{self._business}"

    def describe(self) -> dict[str, str]:
        return self._source.describe()

    def require_right(self, right: str) -> None:
        """Ask the FMO whether the business may be filled. Raises AuthRefused SYNC_DISABLED; one that is not made has nothing to refuse."""
        if self._business and not self._businesses.read(self._business).policy_sync:
            raise AuthRefused(
                "SYNC_DISABLED",
                operation=f"checking {right} of the business",
                problem="Policy Sync is not enabled for it",
            )

    def totals(self) -> dict[str, int]:
        """Count nothing: what the FMO holds in all is none of the agent's business, and its cost would grow with it."""
        return {}

    def pages(self, entity: str, scope: Sequence[str] | None) -> Iterator[Page]:
        """Read policies, or the contacts their members come to. scope: the NPNs.

        Raises ConfigurationError SCOPE_EMPTY for the share of nobody, and what the FMO's source raises.
        """
        if not scope:
            raise ConfigurationError(
                "SCOPE_EMPTY",
                operation=f"reading each {entity} of {self._source.identity()}",
                problem="no NPN is named",
                next_step="name the NPNs of the business",
            )
        if entity == CONTACT:
            yield from self._contacts(scope)
        else:
            yield from self._source.pages(entity, scope)

    def remarks(self, options: Mapping[str, Any]) -> Sequence[str]:
        return [] if self._facts is None else list(self._facts.notes(options.get(KIND, AGENT)))

    def _contacts(self, scope: Sequence[str]) -> Iterator[Page]:
        policies = written_by(scope, _rows(self._source.pages(POLICY, scope)))
        members = members_of(policies, _rows(self._source.pages(MEMBER, scope)))
        contacts = contacts_of(members, _rows(self._there.pages(CONTACT)))
        self._facts = facts_of(scope, policies, members, contacts)
        for start in range(0, len(contacts.rows) or 1, PAGE_SIZE):
            yield Page(contacts.rows[start : start + PAGE_SIZE], len(contacts.rows), frozenset(CONTACT_FIELDS))


def _rows(pages: Iterator[Page]) -> list[Row]:
    return [row for page in pages for row in page.rows]
