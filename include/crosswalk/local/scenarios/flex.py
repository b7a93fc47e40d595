"""CRM → Flex: a HubSpot portal and a Flex site that know many of the same people, and somebody who decides, as a person would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.decisions import Kind, Wish
from crosswalk.local.control import Sandbox
from crosswalk.local.scenario import Connections, Job

if TYPE_CHECKING:
    from crosswalk.features.linking.review_files import Review
    from crosswalk.local.environment import Place
    from crosswalk.store.store import Store

INTEGRATION, DAG = "crm_to_flex", "flex_crm_sync"
REVIEWER = "reviewer"


@dataclass(frozen=True)
class Site:
    """One customer: its CRM's portal, and its site of Flex."""

    account: str
    portal: str
    companies: int = 80
    contacts: int = 400
    deals: int = 120


@dataclass(frozen=True)
class FlexScenario:
    """Sites: a first run finds who may be whom, the reviewer decides, a second run carries it out."""

    sites: tuple[Site, ...] = (Site("playhouse", "24100009"),)

    @property
    def announced(self) -> str:
        return f"{len(self.sites)} CRM for Flex"

    def open(self, sandbox: Sandbox) -> None:
        for one in self.sites:
            sizes = {"companies": one.companies, "contacts": one.contacts, "seed": 9}
            sandbox.open("hubspot", one.portal, sandbox.secret("hubspot"), deals=one.deals, **sizes)
            sandbox.open("flex", one.account, sandbox.secret("flex"), **sizes)

    def connections(self, sandbox: Sandbox) -> Connections:
        made: Connections = {}
        for one in self.sites:
            made[f"hubspot_{one.account}"] = sandbox.connection("hubspot", one.portal, sandbox.secret("hubspot"))
            made[f"flex_{one.account}"] = sandbox.connection("flex", one.account, sandbox.secret("flex"), requests_per_second=100)
        return made

    def jobs(self) -> Sequence[Job]:
        ends = {one.account: "delivered" for one in self.sites}
        return (Job(DAG, INTEGRATION, ends, title="found"), Job(DAG, INTEGRATION, ends, before=self.decide, title="decided"))

    def writes(self, sandbox: Sandbox) -> dict[str, int]:
        return {one.account: sandbox.writes("flex", one.account) for one in self.sites}

    def decide(self, place: Place, store: Store) -> None:
        """Decide about what the first run found, once: nobody is asked again by a second demo."""
        from crosswalk.features.linking.review_files import latest_review
        from crosswalk.landing.zone import LandingZone

        zone = LandingZone.open(place.landing.as_uri())
        for one in self.sites:
            if DecisionLog(store.engine).history(INTEGRATION, one.account):
                continue
            found = [latest_review(store, zone, INTEGRATION, one.account, entity) for entity in ("company", "contact")]
            wishes = [wish for review in found if review for wish in _wishes(review)]
            DecisionLog(store.engine).decide_each(INTEGRATION, one.account, wishes, REVIEWER)


def _wishes(review: Review) -> Iterator[Wish]:
    """Link what has a candidate with the likeliest, each of these once; have the rest imported but for the last, which is skipped."""
    found, taken = review.statuses, set[str]()
    for source_id, first in zip(found["source_id"].tolist(), found["first"].tolist(), strict=True):
        if first and first not in taken:
            taken.add(first)
            yield Wish(review.entity, source_id, Kind.LINK, first)
    new = found.loc[found["status"] == "New", "source_id"].tolist()
    yield from (Wish(review.entity, source_id, Kind.IMPORT) for source_id in new[:-1])
    yield from (Wish(review.entity, source_id, Kind.SKIP) for source_id in new[-1:])
