"""What there is to know before and after an agent's business is filled: the counts a principal may wonder about, and what may double."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from crosswalk.core.ports import Row
from crosswalk.features.tenancy.member_dedup import Contacts


@dataclass(frozen=True)
class ProvisioningFacts:
    """Counts of one provisioning or re-sync; nobody's data.

    by_npn: policies by the NPN that wrote them, also 0. members: rows of members. people_on_several: contacts on more than one policy.
    without_email: contacts that have none. shared_emails: of these, people whose e-mail another contact keeps.
    """

    by_npn: dict[str, int]
    policies: int
    members: int
    contacts: int
    people_on_several: int
    without_email: int
    shared_emails: int

    def notes(self, kind: str) -> Iterator[str]:
        """Say what a person should know, in plain sentences. kind: agent or agency."""
        for npn, count in self.by_npn.items():
            yield f"{count:,} policies are written under NPN {npn}."
        if kind == "agency":
            yield (
                "Only policies under these NPNs are here. A principal who also writes under another NPN sees fewer than expected: "
                "add that NPN as a further user of this business, with an e-mail of its own."
            )
        if self.contacts != self.members:
            yield f"{self.members:,} members are {self.contacts:,} contacts: {self.people_on_several:,} people are on more than one policy."
        if self.shared_emails:
            yield f"{self.shared_emails:,} people share an e-mail with another contact, which keeps it: an e-mail stands there once."
        if self.without_email:
            yield (
                f"{self.without_email:,} contacts have no e-mail. If the agent uploads contacts later, these may be there twice: "
                "speak with the agent before."
            )


def facts_of(npns: Sequence[str], policies: Iterable[Row], members: Sequence[Row], contacts: Contacts) -> ProvisioningFacts:
    """Count. npns: of the business; policies, members: those chosen for it; contacts: what the members came to."""
    counted = Counter(row["writing_agent_npn"] for row in policies)
    return ProvisioningFacts(
        by_npn={npn: counted[npn] for npn in npns},
        policies=counted.total(),
        members=len(members),
        contacts=len(contacts.rows),
        people_on_several=sum(" " in row["policies"] for row in contacts.rows),
        without_email=sum(not row["email"] for row in contacts.rows),
        shared_emails=contacts.shared_emails,
    )
