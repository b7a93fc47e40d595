"""eMoney as a target: clients and linked items read back, told of, and delivered to record by record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosswalk.core.ports import Page, TargetState
from crosswalk.features.announcements.ports import Waiting
from crosswalk.systems.emoney.client import EmoneyClient
from crosswalk.systems.emoney.client_connections import Change, Connections, Item, steady
from crosswalk.systems.emoney.delivery import COUNTS, EmoneyDelivery, Revisions, requests_for
from crosswalk.systems.emoney.payloads import (
    CLIENT,
    READER,
    LinkedItem,
    client_fields_seen,
    client_row,
    item_fields_seen,
    item_row,
    linked_item,
)
from crosswalk.wire.cursor_paging import ListPage
from crosswalk.wire.paging import prefetched

FEW = 3
"""So many clients are looked up one by one; more are found by reading the whole list, 500 a request."""

NAMED_BY = {"investment": ("assetName", ""), "policy": ("policyName", "policyNumber")}
"""The values an item is announced by: its name, and what tells it from others of that name."""


class EmoneyTarget:
    """Implements core.ports.Target for the entities client, investment and policy.

    Each record is a delivery of its own: the server keeps neither generations nor snapshots, so `state` says 0 of both, and what
    guards a record is its revision as `pages` read it.
    """

    def __init__(self, client: EmoneyClient) -> None:
        self._client = client
        self._revisions: Revisions = {}
        self._owners: dict[str, str] = {}
        self.connections = Connections(client)

    def identity(self) -> str:
        return f"emoney://{self._client.host}/{self._client.settings['firm'].upper()}"

    def state(self) -> TargetState:
        with self._client.operation("reading the firm"):
            firm = self._client.firm()
            counts = {entity: READER.count(firm, name) for entity, name in COUNTS.items()}
            return TargetState(managed_by=None, counts=counts, generation=0, last_snapshot=0, revision=READER.count(firm, "revision"))

    def pages(self, entity: str) -> Iterator[Page]:
        """Read one entity back, the next page while this one is worked on. Items are read over all clients, 500 a request."""
        yield from prefetched(self._clients() if entity == CLIENT else self._items(entity))

    def find(self, source_id: str) -> Page:
        """Look one client up by the source id it was created with: a page of one row or none."""
        pages = list(self._clients({"externalId": source_id}))
        return Page([row for page in pages for row in page.rows], pages[0].total, pages[0].fields_seen, pages[0].unknown_fields)

    def unwanted(self) -> frozenset[str]:
        """No address: eMoney sends no mail of ours."""
        return frozenset()

    def open(self, *, mode: str, snapshot: int, base_revision: int, source: Mapping[str, Any]) -> EmoneyDelivery:  # noqa: ARG002 - the port's
        """Begin a delivery, without a request. mode and base_revision mean nothing here: each record is compared with its own revision."""
        return EmoneyDelivery(self._client, self.connections, self.known, snapshot, self._revisions)

    def seconds_for(self, entity: str, records: int) -> float:
        """Give the seconds sending so many records takes at the least, under the shared budget: the requests of the client as declared."""
        return self._client.estimate(requests_for(entity, records))

    def known(self, owners: Sequence[str]) -> dict[str, str]:
        """Give the client id of each of these contacts eMoney has: asked one by one when they are few, else out of the whole list, once."""
        if new := [one for one in owners if one not in self._owners]:
            if len(new) <= FEW:
                pages = [self.find(one) for one in new]
            else:
                with self._client.operation("reading clients"):
                    pages = steady(lambda: list(self._clients()))
            self._owners |= dict.fromkeys(new, "")
            self._owners |= {row["source_id"]: row["target_id"] for page in pages for row in page.rows if row["source_id"]}
        return {owner: client for owner in owners if (client := self._owners[owner])}

    def announce(self, waiting: Sequence[Waiting]) -> frozenset[str]:
        """Announce items to the clients that have something linked already, a request a client; return those somebody was told of."""
        if not waiting:
            return frozenset()
        connections = {one.client_id: one.connection_id for one in self._linked()}
        clients = self.known(sorted({owner for one in waiting for owner in one.belongs_to}))
        told: dict[str, list[Item]] = {}
        for one in waiting:
            for owner in one.belongs_to:
                if (client := clients.get(owner)) in connections:
                    told.setdefault(connections[client], []).append(_item(one))
        accepted = [self.connections.announce(connection, items).accepted for connection, items in told.items()]
        return frozenset().union(*accepted)

    def looked_at(self, entity: str, there: Sequence[str], missing: Sequence[str], occasion: str) -> int:
        """Say of linked items that they are as they were, or that SmartOffice has them no more; 100 a request."""
        links = [(link, gone) for ids, gone in ((there, False), (missing, True)) for one in ids for link in one.split()]
        if not links:
            return 0
        if not all(link in self._revisions for link, _ in links):
            self._linked()
        changes = [Change(link, self._revisions.get(link, 0), missing=gone) for link, gone in links]
        return len(self.connections.refresh(changes, f"{occasion} looked at {entity}").refused)

    def _linked(self) -> list[LinkedItem]:
        found = self.connections.linked_steadily()
        self._revisions |= {one.link_id: one.revision for one in found}
        return found

    def _clients(self, params: Mapping[str, str] | None = None) -> Iterator[Page]:
        for page in self._client.pages("/clients", "clients", "clientId", params):
            with self._client.operation("reading clients"):
                rows = [client_row(record) for record in page.records]
                self._remember("clientId", page)
            seen, unknown = client_fields_seen(page.records)
            yield Page(rows, page.total, seen, unknown)

    def _items(self, kind: str) -> Iterator[Page]:
        """Give the items of one kind out of the list of both; the total is known once all were seen, so they come as one page."""
        pages = list(self._client.pages("/connections/accounts", "accounts", "linkId"))
        records = [record for page in pages for record in page.records]
        links: dict[str, list[LinkedItem]] = {}
        with self._client.operation("reading linked accounts"):
            items = [linked_item(record) for record in records]
        for link in items:
            self._revisions[link.link_id] = link.revision
            if link.kind == kind:
                links.setdefault(link.item_id, []).append(link)
        rows = [item_row(of_one) for of_one in links.values()]
        seen, unknown = item_fields_seen(kind, records)
        yield Page(rows, len(rows), seen, unknown)

    def _remember(self, id_field: str, page: ListPage) -> None:
        self._revisions |= {record[id_field]: READER.count(record, "revision") for record in page.records}


def _item(waiting: Waiting) -> Item:
    name, detail = NAMED_BY[waiting.entity]
    return Item(waiting.source_id, waiting.entity, waiting.values[name], waiting.values[detail] if detail else "")
