"""eMoney as a target: clients and linked items read back, and deliveries that apply each record by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crosswalk.core.ports import BatchRefused, BatchResult, Operation, Page, Receipt, Refusal, TargetState
from crosswalk.systems.emoney.client import EmoneyClient, ListPage, part
from crosswalk.systems.emoney.connections import MAX_ITEMS, Change, Connections
from crosswalk.systems.emoney.payloads import (
    CLIENT,
    ITEM_KINDS,
    SHAPE,
    Conflict,
    LinkedItem,
    client_body,
    client_fields_seen,
    client_row,
    item_fields_seen,
    item_row,
    linked_item,
    spouse_body,
)
from crosswalk.wire.documents import JsonObject, idempotency_key
from crosswalk.wire.paging import prefetched

MAX_CLIENTS = 15
"""Of one batch: up to three requests each, at sixty a minute; a batch must end while the account's lease lasts."""
COUNTS = {CLIENT: "clients", "investment": "investments", "policy": "policies"}

Revisions = dict[str, int]
"""Of clients and linked items, by id, as they were last read: what guards against lost updates."""


class EmoneyTarget:
    """Implements core.ports.Target for the entities client, investment and policy.

    Each record is a delivery of its own: the server keeps neither generations nor snapshots, so `state` says 0 of both, and what
    guards a record is its revision as `pages` read it.
    """

    def __init__(self, client: EmoneyClient) -> None:
        self._client = client
        self._revisions: Revisions = {}
        self.connections = Connections(client)

    def identity(self) -> str:
        return f"emoney://{self._client.host}/{self._client.settings.firm.upper()}"

    def state(self) -> TargetState:
        doing = self._client.doing("reading the firm")
        firm = self._client.firm()
        counts = {entity: SHAPE.count(firm, name, doing) for entity, name in COUNTS.items()}
        return TargetState(managed_by=None, counts=counts, generation=0, last_snapshot=0, revision=SHAPE.count(firm, "revision", doing))

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
        return EmoneyDelivery(self._client, self.connections, snapshot, self._revisions)

    def estimate(self, requests: int) -> float:
        """Give the seconds so many requests will take at the least, under the shared budget."""
        return self._client.estimate(requests)

    def _clients(self, params: Mapping[str, str] | None = None) -> Iterator[Page]:
        doing = self._client.doing("reading clients")
        for page in self._client.pages("/clients", "clients", "clientId", params):
            rows = [client_row(record, doing) for record in page.records]
            self._remember("clientId", page, doing)
            seen, unknown = client_fields_seen(page.records)
            yield Page(rows, page.total, seen, unknown)

    def _items(self, kind: str) -> Iterator[Page]:
        """Give the items of one kind out of the list of both; the total is known once all were seen, so they come as one page."""
        doing = self._client.doing("reading linked accounts")
        pages = list(self._client.pages("/connections/accounts", "accounts", "linkId"))
        records = [record for page in pages for record in page.records]
        links: dict[str, list[LinkedItem]] = {}
        for link in (linked_item(record, doing) for record in records):
            self._revisions[link.link_id] = link.revision
            if link.kind == kind:
                links.setdefault(link.item_id, []).append(link)
        rows = [item_row(of_one) for of_one in links.values()]
        seen, unknown = item_fields_seen(kind, records)
        yield Page(rows, len(rows), seen, unknown)

    def _remember(self, id_field: str, page: ListPage, doing: str) -> None:
        self._revisions |= {record[id_field]: SHAPE.count(record, "revision", doing) for record in page.records}


class EmoneyDelivery:
    """Implements core.ports.Delivery. A record is visible as soon as it was sent; sent again, it is answered as the first time."""

    max_batch = MAX_ITEMS
    max_parallel = 1  # sixty requests a minute are no faster side by side

    def __init__(self, client: EmoneyClient, connections: Connections, snapshot: int, revisions: Revisions) -> None:
        self._client = client
        self._connections = connections
        self._snapshot = snapshot
        self._revisions = revisions

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        """Apply each operation by itself: clients one by one with their spouses, the values of linked items in one call.

        Refused without a request: a delete (NEVER_DELETED) and an item that is not linked (NOT_LINKED). Raises BatchRefused for more than
        MAX_CLIENTS clients, and what the wire raises; then the batch may be sent again, and what was done is not done twice.
        """
        if sum(operation.entity == CLIENT for operation in operations) > MAX_CLIENTS:
            raise BatchRefused(f"{self._client.doing(f'sending batch {number}')}: more clients than fit into a batch")
        unfit = [refusal for operation in operations if (refusal := _unfit(operation))]
        left = [operation for operation in operations if not _unfit(operation)]
        results = [self._client_result(operation) for operation in left if operation.entity == CLIENT]
        items = [operation for operation in left if operation.entity in ITEM_KINDS]
        refused = [*unfit, *(result for result in results if isinstance(result, Refusal))]
        accepted = {result for result in results if isinstance(result, str)}
        if items:
            of_items = self._values(number, items)
            accepted |= of_items.accepted
            refused += of_items.refused
        return BatchResult(frozenset(accepted), tuple(refused))

    def commit(self, batches: int, counts: Mapping[str, Mapping[str, int]]) -> Receipt:  # noqa: ARG002 - the port's
        """Nothing is left to do: say what the firm holds now."""
        doing = self._client.doing(f"reading the firm after snapshot {self._snapshot}")
        firm = self._client.firm()
        held = {entity: SHAPE.count(firm, name, doing) for entity, name in COUNTS.items()}
        return Receipt(0, SHAPE.count(firm, "revision", doing), held)

    def _client_result(self, operation: Operation) -> str | Refusal:
        try:
            record = self._update(operation) if operation.target_id else self._create(operation)
            self._spouse(operation, record)
        except Conflict as refused:
            return Refusal(operation.key, refused.code, refused.field)
        return operation.key

    def _create(self, operation: Operation) -> JsonObject:
        body = {"externalId": operation.source_id, **client_body(operation.values)}
        return self._client.write("POST", "/clients", body, self._key(operation, "create"), self._doing(operation))

    def _update(self, operation: Operation) -> JsonObject:
        path, doing = f"/clients/{part(operation.target_id)}", self._doing(operation)
        revision = self._revisions.get(operation.target_id)
        if revision is None:
            revision = SHAPE.count(self._client.read(path, doing), "revision", doing)
        return self._client.write("PUT", path, client_body(operation.values), self._key(operation, "update"), doing, revision)

    def _spouse(self, operation: Operation, record: JsonObject) -> None:
        """Bring the spouse in line, after the client with its marital status: none, as given, or left alone."""
        doing, wanted = self._doing(operation), spouse_body(operation.values)
        path, revision = f"/clients/{part(SHAPE.name(record, 'clientId', doing))}/spouse", SHAPE.count(record, "revision", doing)
        held = record.get("spouse")
        if wanted and wanted != held:
            record = self._client.write("PUT", path, wanted, self._key(operation, "spouse"), doing, revision)
        elif wanted == {} and held:
            record = self._client.write("DELETE", path, None, self._key(operation, "no spouse"), doing, revision)
        self._revisions[SHAPE.name(record, "clientId", doing)] = SHAPE.count(record, "revision", doing)

    def _values(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        """Refresh every link of each item; an item is accepted when all its links are."""
        of_item = {link: one for one in operations for link in one.target_id.split()}
        if not of_item.keys() <= self._revisions.keys():
            self._revisions |= {item.link_id: item.revision for item in self._connections.linked()}
        changes = [Change(link, self._revisions.get(link, 0), values=one.values) for link, one in of_item.items()]
        result = self._connections.refresh(changes, f"{self._snapshot} {number}")
        refused = {of_item[one.key].key: replace(one, key=of_item[one.key].key) for one in result.refused}
        answered = {link for link in of_item if link in result.accepted}
        whole = {one.key for one in operations if answered.issuperset(one.target_id.split())}
        return BatchResult(frozenset(whole - refused.keys()), tuple(refused.values()))

    def _key(self, operation: Operation, what: str) -> str:
        return idempotency_key(self._client.settings.firm, self._snapshot, what, operation.key, repr(sorted(operation.values.items())))

    def _doing(self, operation: Operation) -> str:
        return self._client.doing(f"sending {operation.entity} {operation.key} of snapshot {self._snapshot}")


def _unfit(operation: Operation) -> Refusal | None:
    if operation.op != "upsert":
        return Refusal(operation.key, "NEVER_DELETED", "")
    if operation.entity != CLIENT and not operation.target_id:
        return Refusal(operation.key, "NOT_LINKED", "")
    return None
