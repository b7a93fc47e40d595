"""A business as a target, written record by record: what it holds read back, changes sent one request a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from crosswalk.core.ports import BatchResult, Delivery, Operation, Page, Receipt, Refusal, TargetState
from crosswalk.errors import SafetyStop
from crosswalk.systems.agent_crm.client import MAX_PARALLEL, AgentCrmClient
from crosswalk.systems.agent_crm.payloads import OBJECTS, READER, fields_of, record_row
from crosswalk.wire.paging import prefetched

FMO_ENTITIES = ("policy", "member", "agent")
AGENT_ENTITIES = ("policy", "contact")
MAX_BATCH = 100


def entities_of(client: AgentCrmClient) -> tuple[str, ...]:
    """Tell an FMO's business from an agent's by its objects. Raises DataError TGT_SCHEMA when they are those of neither."""
    names = {one.get("name") for one in client.objects()}
    for entities in (AGENT_ENTITIES, FMO_ENTITIES):
        if {OBJECTS[entity] for entity in entities} <= names:
            return entities
    with client.operation("reading objects"):
        raise READER.wrong("the list of objects")


class AgentCrmTarget:
    """Implements core.ports.Target. entities: those of the business: FMO_ENTITIES or AGENT_ENTITIES."""

    def __init__(self, client: AgentCrmClient, entities: Sequence[str] = AGENT_ENTITIES) -> None:
        self._client = client
        self._entities = entities

    def identity(self) -> str:
        return f"agent_crm://{self._client.host}/{self._client.settings['business'].lower()}"

    def state(self) -> TargetState:
        return TargetState.of_records({entity: self._client.count(entity) for entity in self._entities})

    def pages(self, entity: str) -> Iterator[Page]:
        yield from prefetched(self._pages(entity))

    def unwanted(self) -> frozenset[str]:
        """Give nothing: Agent CRM keeps no list of addresses that want no mail."""
        return frozenset()

    def open(self, *, mode: str, snapshot: int, base_revision: int, source: Mapping[str, Any]) -> AgentCrmDelivery:  # noqa: ARG002 - the port's
        return AgentCrmDelivery(self._client, self._entities)

    def _pages(self, entity: str) -> Iterator[Page]:
        for page in self._client.search(entity):
            with self._client.operation(f"reading back each {entity}"):
                read = [record_row(entity, record) for record in page.records]
            seen = frozenset().union(*(came for _, came, _ in read)) if read else frozenset(fields_of(entity))
            yield Page([row for row, _, _ in read], page.total, seen, frozenset().union(*(unknown for _, _, unknown in read)))


class NotMadeYet:
    """Implements core.ports.Target for a business somebody means to make: it holds nothing, and takes nothing."""

    def identity(self) -> str:
        """Nothing: no account is bound to what is not there."""
        return ""

    def state(self) -> TargetState:
        return TargetState.of_records(dict.fromkeys(AGENT_ENTITIES, 0))

    def pages(self, entity: str) -> Iterator[Page]:
        yield Page([], 0, frozenset(fields_of(entity)))

    def unwanted(self) -> frozenset[str]:
        return frozenset()

    def open(self, *, mode: str, snapshot: int, base_revision: int, source: Mapping[str, Any]) -> Delivery:  # noqa: ARG002 - the port's
        """Raise SafetyStop ISOLATION_UNKNOWN."""
        raise SafetyStop(
            "ISOLATION_UNKNOWN",
            operation="opening a delivery",
            problem="the business is not made yet",
            next_step="provision the business without dry run",
        )


class AgentCrmDelivery:
    """Implements core.ports.Delivery. Each record is visible at once; a request that is repeated changes nothing more."""

    max_batch = MAX_BATCH
    max_parallel = 1
    """Batches at a time; within one, MAX_PARALLEL records are under way."""

    def __init__(self, client: AgentCrmClient, entities: Sequence[str]) -> None:
        self._client = client
        self._entities = entities

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        """Write each record. A delete is refused: nothing is ever taken away from an agent."""
        with self._client.operation(f"sending batch {number}"):
            with ThreadPoolExecutor(MAX_PARALLEL, thread_name_prefix="agent-crm") as pool:
                sent = [pool.submit(copy_context().run, self._write, one) for one in operations]
                responses = [one.result() for one in sent]
            no = tuple(response for response in responses if response is not None)
            return BatchResult(frozenset(one.key for one in operations) - {refusal.key for refusal in no}, no)

    def commit(self, batches: int, counts: Mapping[str, Mapping[str, int]]) -> Receipt:  # noqa: ARG002 - the port's
        """Count what the business holds: everything is visible already."""
        return Receipt(0, 0, {entity: self._client.count(entity) for entity in self._entities})

    def _write(self, operation: Operation) -> Refusal | None:
        return Refusal(operation.key, "DELETE_FORBIDDEN", "") if operation.op == "delete" else self._client.write(operation)
