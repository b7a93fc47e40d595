"""Deliveries to eMoney: each record is visible as soon as it was sent. Contract: README.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from crosswalk.core.ports import BatchRefused, BatchResult, Operation, Receipt, Refusal
from crosswalk.systems.emoney.client import EmoneyClient, part
from crosswalk.systems.emoney.client_connections import MAX_ITEMS, Change, Connections, Link
from crosswalk.systems.emoney.payloads import CLIENT, ITEM_KINDS, READER, Conflict, client_body, spouse_body
from crosswalk.wire.json_reader import JsonObject, idempotency_key

COUNTS = {CLIENT: "clients", "investment": "investments", "policy": "policies"}
MAX_CLIENTS = 15
"""Of one batch, and of links: up to three requests each, at sixty a minute; a batch must end while the account's lease lasts."""

Revisions = dict[str, int]
"""Of clients and linked items, by id, as they were last read: what guards against lost updates."""

Known = Callable[[Sequence[str]], Mapping[str, str]]
"""Gives the client id of each contact that eMoney has."""


def requests_for(entity: str, records: int) -> int:
    """Count the requests sending so many records takes: two a client, for a spouse goes by itself; a hundred items a request."""
    return 2 * records if entity == CLIENT else -(-records // MAX_ITEMS)


class EmoneyDelivery:
    """Implements core.ports.Delivery. A record is visible as soon as it was sent; sent again, it is answered as the first time."""

    max_batch = MAX_ITEMS
    max_parallel = 1  # sixty requests a minute are no faster side by side

    def __init__(self, client: EmoneyClient, connections: Connections, known: Known, snapshot: int, revisions: Revisions) -> None:
        self._client = client
        self._connections = connections
        self._known = known
        self._snapshot = snapshot
        self._revisions = revisions

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        """Apply each operation by itself: clients one by one with their spouses, the values of linked items in one call.

        An item a person decided to link is linked by itself. Refused without a request: a delete (NEVER_DELETED) and an item that is
        neither linked nor to be (NOT_LINKED). Raises BatchRefused for more than MAX_CLIENTS clients, and what the HTTP client raises: the
        batch can then be sent again, nothing is done twice.
        """
        if sum(operation.entity == CLIENT or bool(operation.links) for operation in operations) > MAX_CLIENTS:
            raise BatchRefused(f"sending batch {number} of {self._client.settings.name}: more clients than fit into a batch")
        unfit = [refusal for operation in operations if (refusal := _unfit(operation))]
        left = [operation for operation in operations if not _unfit(operation)]
        results = [self._client_result(operation) for operation in left if operation.entity == CLIENT]
        results += [self._link_result(operation) for operation in left if operation.links]
        items = [operation for operation in left if operation.entity in ITEM_KINDS and not operation.links]
        refused = [*unfit, *(result for result in results if isinstance(result, Refusal))]
        accepted = {result for result in results if isinstance(result, str)}
        if items:
            of_items = self._values(number, items)
            accepted |= of_items.accepted
            refused += of_items.refused
        return BatchResult(frozenset(accepted), tuple(refused))

    def commit(self, batches: int, counts: Mapping[str, Mapping[str, int]]) -> Receipt:  # noqa: ARG002 - the port's
        """Nothing is left to do: say what the firm holds now."""
        with self._client.operation(f"reading the firm after snapshot {self._snapshot}"):
            firm = self._client.firm()
            held = {entity: READER.count(firm, name) for entity, name in COUNTS.items()}
            return Receipt(0, READER.count(firm, "revision"), held)

    def _client_result(self, operation: Operation) -> str | Refusal:
        what = f"sending {operation.entity} {operation.key} of snapshot {self._snapshot}"
        try:
            with self._client.operation(what):
                record = self._update(operation) if operation.target_id else self._create(operation)
                self._spouse(operation, record)
        except Conflict as refused:
            return Refusal(operation.key, refused.code, refused.field)
        return operation.key

    def batch_of(self, operations: Sequence[Operation]) -> int:
        """Give MAX_ITEMS where a batch is one request, MAX_CLIENTS where each record takes some of its own."""
        return MAX_CLIENTS if any(one.entity == CLIENT or one.links for one in operations) else MAX_ITEMS

    def seconds_for(self, entity: str, records: int) -> float:
        """Give the seconds sending so many records takes at the least, under the shared budget."""
        return self._client.estimate(requests_for(entity, records))

    def _link_result(self, operation: Operation) -> str | Refusal:
        """Connect each client a person chose and link the item as it was classified; links there are already get the same values."""
        clients = self._known(sorted({link["client"] for link in operation.links}))
        if any(link["client"] not in clients for link in operation.links):
            return Refusal(operation.key, "CLIENT_UNKNOWN", "")
        try:
            for link in operation.links:
                connection = self._connections.connect(clients[link["client"]])
                wish = Link(operation.source_id, operation.entity, link["assetType"], link["ownership"], operation.values)
                self._connections.link(connection, wish)
        except Conflict as refused:
            return Refusal(operation.key, refused.code, refused.field)
        if operation.target_id:
            refreshed = self._values(0, [operation])
            return next(iter(refreshed.refused), operation.key)
        return operation.key

    def _create(self, operation: Operation) -> JsonObject:
        body = {"externalId": operation.source_id, **client_body(operation.values)}
        return self._client.write("POST", "/clients", body, self._key(operation, "create"))

    def _update(self, operation: Operation) -> JsonObject:
        path = f"/clients/{part(operation.target_id)}"
        revision = self._revisions.get(operation.target_id)
        if revision is None:
            revision = READER.count(self._client.read(path), "revision")
        return self._client.write("PUT", path, client_body(operation.values), self._key(operation, "update"), revision)

    def _spouse(self, operation: Operation, record: JsonObject) -> None:
        """Bring the spouse in line, after the client with its marital status: none, as given, or left alone."""
        wanted = spouse_body(operation.values)
        path, revision = f"/clients/{part(READER.name(record, 'clientId'))}/spouse", READER.count(record, "revision")
        held = record.get("spouse")
        if wanted and wanted != held:
            record = self._client.write("PUT", path, wanted, self._key(operation, "spouse"), revision)
        elif wanted == {} and held:
            record = self._client.write("DELETE", path, None, self._key(operation, "no spouse"), revision)
        self._revisions[READER.name(record, "clientId")] = READER.count(record, "revision")

    def _values(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        """Refresh every link of each item; an item is accepted when all its links are."""
        of_item = {link: one for one in operations for link in one.target_id.split()}
        if not of_item.keys() <= self._revisions.keys():
            self._revisions |= {item.link_id: item.revision for item in self._connections.linked_steadily()}
        changes = [Change(link, self._revisions.get(link, 0), values=one.values) for link, one in of_item.items()]
        result = self._connections.refresh(changes, f"{self._snapshot} {number}")
        refused = {of_item[one.key].key: replace(one, key=of_item[one.key].key) for one in result.refused}
        answered = {link for link in of_item if link in result.accepted}
        whole = {one.key for one in operations if answered.issuperset(one.target_id.split())}
        return BatchResult(frozenset(whole - refused.keys()), tuple(refused.values()))

    def _key(self, operation: Operation, what: str) -> str:
        return idempotency_key(self._client.settings["firm"], self._snapshot, what, operation.key, repr(sorted(operation.values.items())))


def _unfit(operation: Operation) -> Refusal | None:
    if operation.op != "upsert":
        return Refusal(operation.key, "NEVER_DELETED", "")
    if operation.entity != CLIENT and not (operation.target_id or operation.links):
        return Refusal(operation.key, "NOT_LINKED", "")
    return None
