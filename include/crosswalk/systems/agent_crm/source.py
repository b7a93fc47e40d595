"""An FMO's business as a source: policies, members and agents of exactly the NPNs asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from crosswalk.core.npn import provisioned_npn, same_npn
from crosswalk.core.ports import Page, Row
from crosswalk.systems.agent_crm.client import PAGE_SIZE, AgentCrmClient
from crosswalk.systems.agent_crm.payloads import NPN_FIELDS, fields_of, record_row

ENTITIES = ("policy", "member", "agent")


class AgentCrmSource:
    """Implements core.ports.Source. widened: records the server's text search brought that were of somebody else, and were dropped."""

    def __init__(self, client: AgentCrmClient) -> None:
        self._client = client
        self.widened = 0

    def identity(self) -> str:
        return f"agent_crm://{self._client.host}/{self._client.settings['business'].lower()}"

    def describe(self) -> dict[str, str]:
        return {"system": "agent_crm", "business": self._client.settings["business"].lower()}

    def require_right(self, right: str) -> None:  # noqa: ARG002 - the key's businesses are its rights
        """Read the objects of the business. Raises AuthRefused TGT_AUTH_FAILED when the key's user does not belong to it."""
        self._client.objects()

    def totals(self) -> dict[str, int]:
        return {entity: self._client.count(entity) for entity in ENTITIES}

    def pages(self, entity: str, scope: Sequence[str] | None) -> Iterator[Page]:
        """Read one entity: all of it, or what the NPNs in scope wrote, and not one record more.

        Each record is held against the NPN that was asked for, letter by letter: the server's search is a text search.
        Raises ConfigurationError NPN_INVALID for an NPN that is none; a scope of no NPN reads nothing.
        """
        if scope is None:
            for page in self._client.search(entity):
                with self._operation(entity):
                    read = [record_row(entity, record) for record in page.records]
                yield _page(entity, read, page.total)
            return
        found = [row for npn in _npns(scope) for row in self._written_by(entity, npn)]
        for start in range(0, len(found) or 1, PAGE_SIZE):
            yield _page(entity, found[start : start + PAGE_SIZE], len(found))

    def _written_by(self, entity: str, npn: str) -> Iterator[tuple[Row, frozenset[str], frozenset[str]]]:
        field = NPN_FIELDS[entity]
        for page in self._client.search(entity, npn, field):
            with self._operation(entity):
                read = [record_row(entity, record) for record in page.records]
            ours = [row for row in read if same_npn(row[0][field], npn)]
            self.widened += len(read) - len(ours)
            yield from ours

    def _operation(self, entity: str) -> AbstractContextManager[None]:
        return self._client.operation(f"reading each {entity}")


def _npns(scope: Sequence[str]) -> list[str]:
    return [provisioned_npn(npn, "the NPNs in scope") for npn in dict.fromkeys(scope)]


def _page(entity: str, read: list[tuple[Row, frozenset[str], frozenset[str]]], total: int) -> Page:
    """A source's row has its `sync_key` as `source_id`; what the record is called over there does not travel."""
    rows = [{name: value for name, value in row.items() if name != "target_id"} for row, _, _ in read]
    seen = frozenset().union(*(came for _, came, _ in read)) if read else frozenset(fields_of(entity))
    return Page(rows, total, seen, frozenset().union(*(unknown for _, _, unknown in read)))
